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
from tests.support.peer import PATIENCE
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


class Scene:
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


def idle(scene: Scene) -> None:
    """Nobody is there."""
    scene.start(scene.printer().uri())


def sessions(scene: Scene) -> None:
    """Nobody prints: one is logged in, one is not, and neither reads nor closes."""
    scene.start(scene.printer().uri())
    scene.session()
    scene.session(login=False)


def connecting(scene: Scene) -> None:
    """The printer does not answer."""
    scene.start(f"socket://{scene.listener()}")
    scene.asks()


def retrying(scene: Scene) -> None:
    """The printer is off."""
    scene.start(scene.printer(on=False).uri())
    scene.asks()


def inLine(scene: Scene) -> None:
    """One job prints, another waits for it."""
    scene.start(scene.printer(neverReads).uri())
    scene.sends()
    session = scene.session()
    scene._stack.enter_context(beginWaiting(session, "page.ps"))
    assert session.say("NOOP").startswith("200")


def withoutData(scene: Scene) -> None:
    """The data connection never comes."""
    scene.start(scene.printer().uri())
    session = scene.session()
    session.makepasv()
    session.putcmd("STOR page.ps")


def receiving(scene: Scene) -> None:
    """The sender does not go on."""
    scene.start(scene.printer().uri())
    scene.sends()


def stalled(scene: Scene) -> None:
    """The printer reads nothing of a job that is longer than all buffers."""
    scene.start(scene.printer(neverReads).uri())
    scene.sends(MUCH)


def slowly(scene: Scene) -> None:
    """The printer reads 20,000 bytes a second."""
    scene.start(scene.printer(slow(2000, 0.1)).uri())
    scene.sends(MUCH)


def slowlyCopied(scene: Scene) -> None:
    """The same, with the bytes in this process."""
    scene.start(f"{scene.printer(slow(2000, 0.1)).uri()}?splice=off")
    scene.sends(MUCH)


def aborted(scene: Scene) -> None:
    """The same, and the sender has asked for the end of the job before."""
    scene.start(scene.printer(slow(2000, 0.1)).uri())
    assert scene.sends(MUCH).say("ABOR").startswith("426")


def finishing(scene: Scene) -> None:
    """The printer has the whole job, and does not close."""
    scene.start(scene.printer(neverCloses).uri())
    scene.sends(whole=True)


def lineHeld(scene: Scene) -> None:
    """A serial line that takes nothing."""
    master, slave = os.openpty()
    tty.setraw(slave)
    scene._stack.callback(os.close, master)
    scene._stack.callback(os.close, slave)
    scene.start(f"serial:{os.ttyname(slave)}")
    scene.sends(MUCH)


def lineNeverDrained(scene: Scene) -> None:
    """A serial driver that waits for its line without an end."""
    scene.patches.append("termios.tcdrain = lambda _: never()")
    master, slave = os.openpty()
    tty.setraw(slave)
    scene._stack.callback(os.close, master)
    scene._stack.callback(os.close, slave)
    scene.start(f"serial:{os.ttyname(slave)}")
    scene.sends(whole=True)
    while not os.read(master, 1000):
        pass


def pipeHeld(scene: Scene) -> None:
    """A program that has a named pipe open, and does not read."""
    path = scene.directory / "fifo"
    os.mkfifo(path, 0o600)
    scene._stack.callback(os.close, os.open(path, os.O_RDONLY | os.O_NONBLOCK))
    scene.start(f"file:{path}")
    scene.sends(MUCH)


def deviceNeverOpened(scene: Scene) -> None:
    """A driver that does not come back from open()."""
    scene.patches.append("_open = os.open")
    scene.patches.append("os.open = lambda p, *a, **k: (never() if p == '/dev/lp0' else 0) or ")
    scene.patches[-1] += "_open(p, *a, **k)"
    scene.start("parallel:/dev/lp0")
    scene.asks()


def deviceNeverTakes(scene: Scene) -> None:
    """A driver that does not come back from write()."""
    path = scene.directory / "lp0"
    os.mkfifo(path)
    scene._stack.callback(os.close, os.open(path, os.O_RDONLY | os.O_NONBLOCK))
    scene.start(f"parallel:{path}")
    scene.sends(MUCH)


def diskHangs(scene: Scene) -> None:
    """A disk that does not come back from fsync()."""
    hangs = scene.directory / "hangs"
    scene.patches.append(f"os.fsync = lambda _: os.path.exists('{hangs}') and never()")
    (scene.directory / "jobs").mkdir()
    scene.start(f"file:{scene.directory}/jobs")  # which tries the disk
    hangs.touch()
    scene.sends(whole=True)


def serverSilent(scene: Scene) -> None:
    """A print server that says nothing."""
    scene.start(f"lpd://{scene.listener(b'')}/queue")
    scene.asks()


def ippSilent(scene: Scene) -> None:
    """An IPP printer that says nothing."""
    scene.start(f"ipp://{scene.listener(b'')}/ipp/print")
    scene.asks()


def pluginOpens(scene: Scene) -> None:
    """A third-party transport that never opens its printer, and cannot be told to give up."""
    _plugin(scene, "stuck:never")
    scene.asks()


def pluginPrints(scene: Scene) -> None:
    """A third-party transport that answers neither finish nor abort."""
    _plugin(scene, "stuck:open")
    scene.sends(whole=True)


def _plugin(scene: Scene, uri: str) -> None:
    plugins = scene.directory / "twisted" / "plugins"
    plugins.mkdir(parents=True)
    (plugins / "stuck.py").write_text(PLUGIN)
    scene.start(uri)


def nameServerSilent(scene: Scene) -> None:
    """A name that is never looked up to the end."""
    scene.patches.append("socket.getaddrinfo = lambda *_: never()")
    scene.start("socket://printer.example")
    scene.asks()


SCENES = [
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


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_theProcessEndsInTime(scene: Callable[[Scene], None], tmp_path: Path) -> None:
    """Whatever is going on: the process ends, and in time."""
    with ExitStack() as stack:
        stage = Scene(stack, tmp_path)
        scene(stage)
        time.sleep(0.3)  # no synchronisation: any moment is as good as another
        asked = time.monotonic()
        stage.gateway.signal(signal.SIGTERM)
        stage.gateway.waitForEnd(PATIENCE)
        took = time.monotonic() - asked
        print(f"{scene.__name__}: {took:.2f} s")
        assert took < DRAIN + README_SAYS
        assert "Traceback" not in stage.gateway.log
