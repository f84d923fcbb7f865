"""
What the machine runs short of: descriptors, names, time. Nothing crashes, nothing spins, and the
next job prints when it is over.

That all passive ports are taken is in C{tests/clients/test_network.py}.
"""

from __future__ import annotations

import re
import resource
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from laboratory.attacks.theft import isClosed
from tests.support.behaviours import pausedAfter
from tests.support.debian import program
from tests.support.gateway import Gateway
from tests.support.pages import page
from tests.support.process import calm, fewDescriptors
from tests.support.rawprinter import RawPrinter
from tests.support.session import (
    MUCH,
    Session,
    delivered,
    isQuiet,
    lastLine,
    push,
    streamDigest,
)

#: Seconds within which the next job prints when a fault is over.
AGAIN_WITHIN = 5.0

#: What a printer's kernel may take before the printer reads.
SMALL_BUFFER = 16384

DAY = 86400


def assertNextPrints(gateway: Gateway, printer: RawPrinter, port: str = "PORT1") -> None:
    """A new session, a new job."""
    job = page("traps.ps")
    began = time.monotonic()
    with Session(gateway.port) as session:
        reply = session.send(job, port)
    assert re.search(delivered(port, len(job)), lastLine(reply)), reply
    assert time.monotonic() - began < AGAIN_WITHIN
    assert printer.jobs[-1] == job


# Descriptors


def greeting(port: int) -> bytes:
    """What somebody hears who connects."""
    with socket.create_connection(("127.0.0.1", port), 10) as wire:
        return wire.recv(1024)


def test_noDescriptorForASession(tmp_path: Path) -> None:
    """
    Who connects then is closed upon, again and again; open sessions go on, and the listener lives.
    """
    with RawPrinter() as printer, Gateway(tmp_path, "--printer", printer.uri()) as gateway:
        for _ in range(2):  # it must be as good as new after the first time
            with Session(gateway.port) as session:
                with fewDescriptors(gateway.pid), calm(gateway.pid):
                    assert [greeting(gateway.port) for _ in range(5)] == [b""] * 5
                    assert session.say("NOOP").startswith("200")
                assert re.search(delivered("PORT1", 4), lastLine(session.send(b"page")))
            assertNextPrints(gateway, printer)
        assert "Traceback" not in gateway.log


def test_noDescriptorInReserve(tmp_path: Path) -> None:
    """
    A listener that can accept nobody at all does not spin. (The reserve is lost when a thread, of
    a name lookup perhaps, is faster; here the limit is set below what is open.)
    """
    with RawPrinter() as printer, Gateway(tmp_path, "--printer", printer.uri()) as gateway:
        assert greeting(gateway.port).startswith(b"220")  # the work of the start is done
        _, hard = before = resource.prlimit(gateway.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(gateway.pid, resource.RLIMIT_NOFILE, (3, hard))
        lines = len(gateway.lines)
        try:
            with socket.create_connection(("127.0.0.1", gateway.port)), calm(gateway.pid):
                pass
        finally:
            resource.prlimit(gateway.pid, resource.RLIMIT_NOFILE, before)
        assert len(gateway.lines) - lines < 100
        assertNextPrints(gateway, printer)


def test_noDescriptorForAPassivePort(tmp_path: Path) -> None:
    """
    PASV and EPSV are answered with 425, and work when there are descriptors again.
    """
    with (
        RawPrinter() as printer,
        Gateway(tmp_path, "--printer", printer.uri()) as gateway,
        Session(gateway.port) as session,
    ):
        with fewDescriptors(gateway.pid), calm(gateway.pid):
            for command in ("PASV", "EPSV", "PASV"):
                assert session.say(command).startswith("425")
            assert session.say("STOR page.ps").startswith("425")
        assert re.search(delivered("PORT1", 4), lastLine(session.send(b"page")))
        assert printer.jobs == [b"page"]


def test_noDescriptorForADataConnection(tmp_path: Path) -> None:
    """
    A passive data connection is closed, an active one cannot be made: 425 at once, for a transfer
    that waits for it and for one that comes later.  Nothing is printed.
    """
    with (
        RawPrinter() as printer,
        Gateway(tmp_path, "--printer", printer.uri()) as gateway,
        Session(gateway.port) as session,
        socket.create_server(("127.0.0.1", 0)) as mine,
    ):
        assert session.send(b"before").startswith("226")
        assert session.say("NOOP").startswith("200")
        session.sendport("127.0.0.1", mine.getsockname()[1])
        with fewDescriptors(gateway.pid, spare=1):  # which the printer gets
            assert session.say("STOR page.ps").startswith("150")
            assert session.reply().startswith("425")
        place = session.makepasv()
        with fewDescriptors(gateway.pid), socket.create_connection(place, 10) as wire:
            assert wire.recv(1) == b""
            gateway.waitFor("no file descriptor is left")
        assert session.say("STOR page.ps").startswith("150")
        assert "has no file descriptor left" in session.reply()
        place = session.makepasv()
        assert session.say("STOR page.ps").startswith("150")
        with fewDescriptors(gateway.pid), socket.create_connection(place, 10) as wire:
            assert wire.recv(1) == b""
            assert session.reply().startswith("425")
        assert re.search(delivered("PORT1", 4), lastLine(session.send(b"page")))
        assert [job for job in printer.jobs if job] == [b"before", b"page"]


@contextmanager
def connectedOnly(gateway: Gateway, session: Session) -> Iterator[None]:
    """A passive data connection that the gateway has taken, before any STOR."""
    place = session.makepasv()
    with socket.create_connection(place):
        assert isClosed(place[1], source="127.0.0.9", host=place[0])  # it has been taken
        assert session.say("NOOP").startswith("200")  # by now its descriptor is free, too
        yield


@pytest.mark.parametrize(
    ("printer", "before"),
    [
        pytest.param("socket", 0, id="socket-first"),
        pytest.param("socket", 1, id="socket-later"),
        pytest.param("file", 0, id="file-first"),
        pytest.param("file", 1, id="file-later"),
    ],
)
def test_noDescriptorForThePrinter(printer: str, before: int, tmp_path: Path) -> None:
    """
    A printer that cannot be opened for want of a descriptor cannot be reached: 450. It is the first
    job, or there was one C{before}.
    """
    with RawPrinter() as raw:
        uri = raw.uri() if printer == "socket" else f"file:{tmp_path}/jobs"
        options = ["--printer", uri, "--connect-timeout", "0"]
        with Gateway(tmp_path, *options) as gateway, Session(gateway.port) as session:
            for _ in range(before):
                assert session.send(b"before").startswith("226")
            with connectedOnly(gateway, session), fewDescriptors(gateway.pid):
                session.putcmd("STOR page.ps")
                assert session.sock is not None
                answered = not isQuiet(session.sock, AGAIN_WITHIN)
                if not answered:
                    session.close()
                assert answered
                reply = session.reply()
                assert reply.startswith("450"), reply
            assert re.search(delivered("PORT1", 4), lastLine(session.send(b"page")))


def test_descriptorsComeBackInTime(tmp_path: Path) -> None:
    """
    Within the connect time-out it is tried again, calmly, and the job prints when there is one.
    """
    with (
        RawPrinter() as printer,
        Gateway(tmp_path, "--printer", printer.uri()) as gateway,
        Session(gateway.port) as session,
    ):
        assert session.send(b"before").startswith("226")
        with connectedOnly(gateway, session):
            with fewDescriptors(gateway.pid), calm(gateway.pid):
                session.putcmd("STOR page.ps")
                gateway.waitFor("job 2 on PORT1: 'page.ps'")
            began = time.monotonic()
            assert session.reply().startswith("150")
            assert time.monotonic() - began < AGAIN_WITHIN


def test_noDescriptorToLookAtThePrinter(tmp_path: Path) -> None:
    """
    A running job needs no more descriptors to be looked after.
    """
    with (
        RawPrinter() as printer,
        Gateway(tmp_path, "--printer", printer.uri()) as gateway,
        Session(gateway.port) as session,
    ):
        with session.upload() as wire:
            wire.sendall(b"page")
            printer.waitForBytes(1, 4)
            with fewDescriptors(gateway.pid), calm(gateway.pid):
                pass
        assert re.search(delivered("PORT1", 4), lastLine(session.reply()))
        assert "Traceback" not in gateway.log


# Names


@contextmanager
def ownNames(directory: Path) -> Iterator[tuple[Path, list[str]]]:
    """
    A hosts file of one's own, and no name server that answers.

    @return: the file, and what is to come before the command line of a process that uses it.
    """
    hosts, servers = directory / "hosts", directory / "resolv.conf"
    hosts.write_text("127.0.0.1 localhost\n")
    servers.write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
    mount = (
        f'mount --bind {hosts} /etc/hosts && mount --bind {servers} /etc/resolv.conf && exec "$@"'
    )
    for unshare in (["-m"], ["-rm"]):
        enter = [program("unshare"), *unshare, "sh", "-c", mount, "sh"]
        if subprocess.run([*enter, "true"], capture_output=True).returncode == 0:
            yield hosts, enter
            return
    pytest.skip("it needs a mount namespace, and unshare -m is refused here")


def test_names(tmp_path: Path) -> None:
    """
    A printer whose name is not known is 450; when it is, also at another address than before, the
    next job prints there, and never at an address that is not the printer's any more.
    """
    with (
        ownNames(tmp_path) as (hosts, enter),
        RawPrinter(host="127.0.0.2") as old,
        RawPrinter(host="127.0.0.3", port=old.port) as new,
    ):
        uri = f"socket://laser.invalid:{old.port}"
        options = ["--printer", uri, "--connect-timeout", "0"]
        with Gateway(tmp_path, *options, before=enter) as gateway:
            for line, printer in [
                ("", None),
                ("127.0.0.2 laser.invalid\n", old),
                ("", None),
                ("127.0.0.3 laser.invalid\n", new),
            ]:
                hosts.write_text(line)
                if printer is not None:
                    assertNextPrints(gateway, printer)
                    continue
                with Session(gateway.port) as session:
                    session.makepasv()
                    reply = session.say("STOR page.ps")
                    assert re.match("450 .*host name", reply), reply
            assert (len(old.jobs), len(new.jobs)) == (1, 1)


# Time


@contextmanager
def ownClock(directory: Path) -> Iterator[tuple[Path, list[str]]]:
    """
    A wall clock that can be set, beside the machine's own monotonic one.

    @return: a file for the offset in seconds, and what is to come before a command line.
    """
    libraries = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
    if not libraries:
        pytest.skip("libfaketime is missing: apt-get install faketime")
    offset = directory / "offset"
    offset.write_text("+0\n")
    settings = {
        "LD_PRELOAD": libraries[0],
        "FAKETIME_TIMESTAMP_FILE": offset,
        "FAKETIME_NO_CACHE": 1,
        "FAKETIME_DONT_FAKE_MONOTONIC": 1,
    }
    yield offset, ["env", *[f"{name}={value}" for name, value in settings.items()]]


@pytest.mark.parametrize("days", [1, -1])
def test_theWallClockIsSet(days: int, tmp_path: Path) -> None:
    """
    Set by a day in mid-job, the clock ends no session and no job, and stops no timer: a printer
    that does not close is still given up after its finish time-out.
    """
    gate = threading.Event()
    with (
        ownClock(tmp_path) as (offset, before),
        RawPrinter(pausedAfter(4, gate)) as printer,
        Gateway(tmp_path, "--printer", printer.uri("finish-timeout=1"), before=before) as gateway,
        Session(gateway.port) as session,
        Session(gateway.port) as idle,
    ):
        assert session.sock is not None
        try:
            with session.upload() as wire:
                wire.sendall(b"pa")
                printer.waitForBytes(1, 2)
                offset.write_text(f"{days * DAY:+d}\n")
                assert idle.say("NOOP").startswith("200")
                wire.sendall(b"ge")
            assert not isQuiet(session.sock, 8.0)
            reply = session.reply()
            assert re.search(delivered("PORT1", 4, "sent, unconfirmed"), lastLine(reply)), reply
            assert idle.say("NOOP").startswith("200")
            took = re.search(r" 4 bytes in (\S+) s", gateway.jobEnd(1))
            assert took is not None
            assert 0 <= float(took[1]) < 100
        finally:
            offset.write_text("+0\n")
            gate.set()


def test_theProcessIsStopped(tmp_path: Path) -> None:
    """
    Five seconds in which the gateway does nothing at all are nobody's silence: the job goes on, and
    is whole.
    """
    with (
        RawPrinter(receiveBuffer=SMALL_BUFFER, keep=False) as printer,
        Gateway(tmp_path, "--printer", printer.uri()) as gateway,
        Session(gateway.port) as session,
    ):
        with session.upload() as wire:
            assert push(wire, 1_000_000, patience=20) == 1_000_000
            printer.waitForBytes(1, 1_000_000)
            gateway.signal(signal.SIGSTOP)
            try:
                sent = push(wire, MUCH, 1_000_000, patience=5.0)
                assert sent < MUCH
            finally:
                gateway.signal(signal.SIGCONT)
            assert push(wire, MUCH, sent, patience=20) == MUCH
        reply = session.reply()
        assert re.search(delivered("PORT1", MUCH), lastLine(reply)), reply
        assert printer.callers[0].digest == streamDigest(MUCH)
