"""
SIGTERM ends the process less than five seconds after the drain time-out, whatever the printers, the
disks, the drivers and the senders do at that moment.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
import tty
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.peers.test_turns import beginWaiting
from tests.support.behaviours import neverCloses, neverReads, slow
from tests.support.gateway import Gateway
from tests.support.rawprinter import Behaviour, RawPrinter
from tests.support.session import MUCH, Session, push

DRAIN = 0.3
"""Seconds of C{--drain-timeout}."""

README_SAYS = 5.0
"""Seconds after that within which the process ends."""

PLUGIN = """
from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.plugin import IPlugin
from zope.interface import implementer

from jetdirect.interfaces import (
    Delivery, IPrinterConnection, IPrinterScheme, IPrinterTransport, PrinterStatus,
)


def never():
    async def wait():
        while True:
            try:
                await Deferred()
            except CancelledError:
                continue
    return Deferred.fromCoroutine(wait())


@implementer(IPrinterConnection)
class Connection:
    sent = 1
    def __init__(self, job):
        self.write = self.registerProducer = self.unregisterProducer = lambda *_: None
        self.finish = never
        self.abort = lambda tail: never()


@implementer(IPrinterTransport)
class Transport:
    uri = description = "stuck:"
    status = PrinterStatus()
    reaches = Delivery.SENT
    def __init__(self, opens):
        self.open = (lambda job: succeed(Connection(job))) if opens else (lambda job: never())
        self.ask = never


@implementer(IPlugin, IPrinterScheme)
class Scheme:
    scheme = "stuck"
    example = "stuck:"
    options = {}
    def transport(self, reactor, uri):
        return Transport(uri.path == "open")


stuck = Scheme()
"""


class Stopping:
    """
    A gateway, and what is going on there.

    @ivar patches: lines of Python that make calls of the system sleep for ever: C{never()}.
    """

    def __init__(self, stack: ExitStack, directory: Path) -> None:
        self.patches: list[str] = []
        self.directory = directory
        self._stack = stack

    def printer(self, *behaviours: Behaviour, on: bool = True) -> RawPrinter:
        return self._stack.enter_context(RawPrinter(*behaviours, keep=False, on=on))

    def start(self, uri: str, *options: str) -> Gateway:
        custom = "import os, socket, sys, termios, threading\nnever = threading.Event().wait\n"
        (self.directory / "sitecustomize.py").write_text(custom + "\n".join(self.patches))
        path = os.pathsep.join([str(self.directory), *filter(None, sys.path)])
        self.gateway = Gateway(
            self.directory,
            f"--drain-timeout={DRAIN}",
            "--printer",
            uri,
            *options,
            before=("env", f"PYTHONPATH={path}"),
        )
        self._stack.callback(self._end)
        return self.gateway

    def _end(self) -> None:
        self.gateway.signal(signal.SIGKILL)
        self.gateway.waitForEnd()

    def session(self, login: bool = True) -> Session:
        return self._stack.enter_context(Session(self.gateway.port, login=login))

    def sends(self, much: int = 1000, whole: bool = False) -> Session:
        """A sender whose job the printer has begun."""
        session = self.session()
        wire = self._stack.enter_context(session.upload())
        push(wire, much, patience=0.5)
        if whole:
            wire.shutdown(socket.SHUT_WR)
        return session

    def asks(self) -> Session:
        """A sender who has begun an upload, and has no answer yet."""
        session = self.session()
        self._stack.enter_context(beginWaiting(session, "page.ps"))
        self.gateway.waitFor("job 1 on PORT1: 'page.ps'")
        return session

    def listener(self, answer: bytes | None = None) -> str:
        """
        A server that takes connections and says nothing.

        @param answer: L{None}: it does not even take them.
        @return: its address and port.
        """
        server = self._stack.enter_context(socket.socket())
        server.bind(("127.0.0.1", 0))
        server.listen(0 if answer is None else 50)
        where = server.getsockname()
        for _ in range(3 if answer is None else 0):  # as many as fill its line
            filler = self._stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(where)
        return f"{where[0]}:{where[1]}"


def idle(stopping: Stopping) -> None:
    """Nobody is there."""
    stopping.start(stopping.printer().uri())


def sessions(stopping: Stopping) -> None:
    """Nobody prints: one is logged in, one is not, and neither reads nor closes."""
    stopping.start(stopping.printer().uri())
    stopping.session()
    stopping.session(login=False)


def connecting(stopping: Stopping) -> None:
    """The printer does not answer."""
    stopping.start(f"socket://{stopping.listener()}")
    stopping.asks()


def retrying(stopping: Stopping) -> None:
    """The printer is off."""
    stopping.start(stopping.printer(on=False).uri())
    stopping.asks()


def inLine(stopping: Stopping) -> None:
    """One job prints, another waits for it."""
    stopping.start(stopping.printer(neverReads).uri())
    stopping.sends()
    session = stopping.session()
    stopping._stack.enter_context(beginWaiting(session, "page.ps"))
    assert session.say("NOOP").startswith("200")


def withoutData(stopping: Stopping) -> None:
    """The data connection never comes."""
    stopping.start(stopping.printer().uri())
    session = stopping.session()
    session.makepasv()
    session.putcmd("STOR page.ps")


def receiving(stopping: Stopping) -> None:
    """The sender does not go on."""
    stopping.start(stopping.printer().uri())
    stopping.sends()


def stalled(stopping: Stopping) -> None:
    """The printer reads nothing of a job that is longer than all buffers."""
    stopping.start(stopping.printer(neverReads).uri())
    stopping.sends(MUCH)


def slowly(stopping: Stopping) -> None:
    """The printer reads 20,000 bytes a second."""
    stopping.start(stopping.printer(slow(2000, 0.1)).uri())
    stopping.sends(MUCH)


def slowlyCopied(stopping: Stopping) -> None:
    """The same, with the bytes in this process."""
    stopping.start(f"{stopping.printer(slow(2000, 0.1)).uri()}?splice=off")
    stopping.sends(MUCH)


def aborted(stopping: Stopping) -> None:
    """The same, and the sender has asked for the end of the job before."""
    stopping.start(stopping.printer(slow(2000, 0.1)).uri())
    assert stopping.sends(MUCH).say("ABOR").startswith("426")


def finishing(stopping: Stopping) -> None:
    """The printer has the whole job, and does not close."""
    stopping.start(stopping.printer(neverCloses).uri())
    stopping.sends(whole=True)


def lineHeld(stopping: Stopping) -> None:
    """A serial line that takes nothing."""
    master, slave = os.openpty()
    tty.setraw(slave)
    stopping._stack.callback(os.close, master)
    stopping._stack.callback(os.close, slave)
    stopping.start(f"serial:{os.ttyname(slave)}")
    stopping.sends(MUCH)


def lineNeverDrained(stopping: Stopping) -> None:
    """A serial driver that waits for its line without an end."""
    stopping.patches.append("termios.tcdrain = lambda _: never()")
    master, slave = os.openpty()
    tty.setraw(slave)
    stopping._stack.callback(os.close, master)
    stopping._stack.callback(os.close, slave)
    stopping.start(f"serial:{os.ttyname(slave)}")
    stopping.sends(whole=True)
    while not os.read(master, 1000):
        pass


def pipeHeld(stopping: Stopping) -> None:
    """A program that has a named pipe open, and does not read."""
    path = stopping.directory / "fifo"
    os.mkfifo(path, 0o600)
    stopping._stack.callback(os.close, os.open(path, os.O_RDONLY | os.O_NONBLOCK))
    stopping.start(f"file:{path}")
    stopping.sends(MUCH)


def deviceNeverOpened(stopping: Stopping) -> None:
    """A driver that does not come back from open()."""
    stopping.patches.append("_open = os.open")
    stopping.patches.append("os.open = lambda p, *a, **k: (never() if p == '/dev/lp0' else 0) or ")
    stopping.patches[-1] += "_open(p, *a, **k)"
    stopping.start("parallel:/dev/lp0")
    stopping.asks()


def deviceNeverTakes(stopping: Stopping) -> None:
    """A driver that does not come back from write()."""
    path = stopping.directory / "lp0"
    os.mkfifo(path)
    stopping._stack.callback(os.close, os.open(path, os.O_RDONLY | os.O_NONBLOCK))
    stopping.start(f"parallel:{path}")
    stopping.sends(MUCH)


def diskHangs(stopping: Stopping) -> None:
    """A disk that does not come back from fsync()."""
    hangs = stopping.directory / "hangs"
    stopping.patches.append(f"os.fsync = lambda _: os.path.exists('{hangs}') and never()")
    (stopping.directory / "jobs").mkdir()
    stopping.start(f"file:{stopping.directory}/jobs")  # which tries the disk
    hangs.touch()
    stopping.sends(whole=True)


def serverSilent(stopping: Stopping) -> None:
    """A print server that says nothing."""
    stopping.start(f"lpd://{stopping.listener(b'')}/queue")
    stopping.asks()


def ippSilent(stopping: Stopping) -> None:
    """An IPP printer that says nothing."""
    stopping.start(f"ipp://{stopping.listener(b'')}/ipp/print")
    stopping.asks()


def pluginOpens(stopping: Stopping) -> None:
    """A third-party transport that never opens its printer, and cannot be told to give up."""
    _plugin(stopping, "stuck:never")
    stopping.asks()


def pluginPrints(stopping: Stopping) -> None:
    """A third-party transport that answers neither finish nor abort."""
    _plugin(stopping, "stuck:open")
    stopping.sends(whole=True)


def _plugin(stopping: Stopping, uri: str) -> None:
    plugins = stopping.directory / "twisted" / "plugins"
    plugins.mkdir(parents=True)
    (plugins / "stuck.py").write_text(PLUGIN)
    stopping.start(uri)


def nameServerSilent(stopping: Stopping) -> None:
    """A name that is never looked up to the end."""
    stopping.patches.append("socket.getaddrinfo = lambda *_: never()")
    stopping.start("socket://printer.example")
    stopping.asks()


SITUATIONS = [
    idle,
    sessions,
    connecting,
    retrying,
    inLine,
    withoutData,
    receiving,
    stalled,
    slowly,
    slowlyCopied,
    aborted,
    finishing,
    lineHeld,
    lineNeverDrained,
    pipeHeld,
    deviceNeverOpened,
    deviceNeverTakes,
    diskHangs,
    serverSilent,
    ippSilent,
    pluginOpens,
    pluginPrints,
    nameServerSilent,
]


@pytest.mark.parametrize("stopping", SITUATIONS, ids=lambda stopping: stopping.__name__)
def test_theProcessEndsInTime(stopping: Callable[[Stopping], None], tmp_path: Path) -> None:
    """Whatever is going on: the process ends, and in time."""
    with ExitStack() as stack:
        running = Stopping(stack, tmp_path)
        stopping(running)
        time.sleep(0.3)  # no synchronisation: any moment is as good as another
        asked, late = time.monotonic(), running.gateway.late
        running.gateway.signal(signal.SIGTERM)
        running.gateway.waitForEnd()
        took = time.monotonic() - asked - (running.gateway.late - late)
        print(f"{stopping.__name__}: {took:.2f} s")
        assert took < DRAIN + README_SAYS
        assert "Traceback" not in running.gateway.log
