"""
Printers on serial lines behind a real serial server, ser2net: as sites put them on the network, and
as the far end of a line of our own.
"""

from __future__ import annotations

import contextlib
import ftplib
import hashlib
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.gateway import Gateway
from tests.support.ser2net import XOFF, XON, Ser2net, SerialPrinter
from tests.support.session import MUCH, Session, delivered, isQuiet, lastLine, push, streamDigest

#: Everything that serial lines, Telnet and terminals treat specially, and all other bytes.
TRAPS = bytes(range(256)) + XON + XOFF + b"\r\n\n\r\xff\xff\xff\xf4\x03\x04\x1a\x00\x7f\x1c"


def job(size: int) -> bytes:
    """Bytes of all values; their count divides no power of two."""
    return (TRAPS * (size // len(TRAPS) + 1))[:size]


@contextlib.contextmanager
def serving(
    directory: Path, line: str = "", *options: str
) -> Iterator[tuple[Ser2net, SerialPrinter]]:
    """A printer on a line of ser2net's, which is on the network."""
    with SerialPrinter() as printer:
        connector = f"serialdev,{printer.path},9600n81,local{line}"
        with Ser2net(directory, connector, *options) as server:
            yield server, printer


def prints(session: Session, printer: SerialPrinter, data: bytes) -> str:
    """Upload a job whose sender ends when the printer has it; the last line of the reply."""
    before = len(printer.printed)
    with session.upload() as wire:
        wire.sendall(data)
        got = printer.waitFor(before + len(data))[before:]
    reply = lastLine(session.reply())
    assert got == data
    return reply


def test_whole(tmp_path: Path) -> None:
    """
    Every byte comes through ser2net as it is; it closes when we half-close, which is its word.
    """
    with (
        serving(tmp_path) as (server, printer),
        Gateway(tmp_path, "--printer", server.uri()) as gateway,
        Session(gateway.port) as session,
    ):
        for size in (0, 1, 8193, 65537):
            reply = prints(session, printer, job(size))
            assert re.search(delivered("PORT1", size), reply), reply
        assert len(printer.printed) == 8194 + 65537


@pytest.mark.parametrize("option", ["waiteof=off", "half-close=off"])
def test_notWaited(option: str, tmp_path: Path) -> None:
    """
    Who does not wait for ser2net's word gets all printed, too, and is told less.
    """
    with (
        serving(tmp_path) as (server, printer),
        Gateway(tmp_path, "--printer", server.uri(option)) as gateway,
        Session(gateway.port) as session,
    ):
        reply = prints(session, printer, job(8193))
        assert re.search(delivered("PORT1", 8193, "(sent|delivered)"), reply), reply


def test_inUse(tmp_path: Path) -> None:
    """
    While another has the line, ser2net says so in text and closes: no 226, and no byte is printed.
    The sender does not get to see the text, and the next job prints.
    """
    with (
        serving(tmp_path) as (server, printer),
        Gateway(tmp_path, "--printer", server.uri(), "--connect-timeout", "0") as gateway,
        Session(gateway.port) as session,
    ):
        with server.connect() as other:
            other.sendall(b"other")
            printer.waitFor(5)
            for size in (1, 65537):
                replies = upload(session, job(size))
                assert re.match("45[01] |551 ", lastLine(replies)), replies
                assert "already" not in replies
            # Only when ser2net has seen this end is the line free.
            other.shutdown(socket.SHUT_WR)
            assert other.recv(1) == b""
        assert printer.printed == b"other"
        reply = prints(session, printer, b"next")
        assert re.search(delivered("PORT1", 4), reply), reply


def upload(session: Session, data: bytes) -> str:
    """All that is said about an upload, with its 150 or without."""
    try:
        return session.send(data)
    except ftplib.Error as refused:
        return str(refused)


def test_stolen(tmp_path: Path) -> None:
    """
    With C{kickolduser} whoever comes gets the line in mid-job: 551, and the printer has the
    beginning.
    """
    with (
        serving(tmp_path, "", "kickolduser: true") as (server, printer),
        Gateway(tmp_path, "--printer", server.uri()) as gateway,
        Session(gateway.port) as session,
    ):
        with session.upload() as wire:
            wire.sendall(job(1000))
            printer.waitFor(1000)
            with server.connect() as thief:
                reply = session.reply()
                assert reply.startswith("551 "), reply
                thief.shutdown(socket.SHUT_WR)
                assert thief.recv(100) == b""
        assert printer.printed == job(1000)
        assert re.search(delivered("PORT1", 4), prints(session, printer, b"next"))


def test_held(tmp_path: Path) -> None:
    """
    XOFF from the printer holds back ser2net, the gateway and the sender; with XON all is printed.
    """
    with (
        serving(tmp_path, ",xonxoff") as (server, printer),
        Gateway(tmp_path, "--printer", server.uri()) as gateway,
        Session(gateway.port) as session,
    ):
        with session.upload() as wire:
            assert push(wire, 1000) == 1000
            printer.waitFor(1000)
            printer.say(XOFF)
            sent = push(wire, MUCH, 1000)
            assert sent < MUCH
            printer.say(XON)
            got = printer.waitFor(sent, 60)
        assert hashlib.sha256(got).hexdigest() == streamDigest(sent)
        reply = lastLine(session.reply())
        assert re.search(delivered("PORT1", sent), reply), reply


def test_hangsUp(tmp_path: Path) -> None:
    """
    A line that hangs up in mid-job ends ser2net's connection: 551.
    """
    with (
        serving(tmp_path) as (server, printer),
        Gateway(tmp_path, "--printer", server.uri()) as gateway,
        Session(gateway.port) as session,
        session.upload() as wire,
    ):
        wire.sendall(job(1000))
        printer.waitFor(1000)
        printer.stop()
        reply = session.reply()
        assert reply.startswith("551 "), reply


def test_ends(tmp_path: Path) -> None:
    """
    ser2net ends in mid-job: 551; without it: 450; when it runs again, the next job prints.
    """
    with (
        serving(tmp_path) as (server, printer),
        Gateway(tmp_path, "--printer", server.uri(), "--connect-timeout", "0") as gateway,
        Session(gateway.port) as session,
    ):
        with session.upload() as wire:
            wire.sendall(job(1000))
            printer.waitFor(1000)
            server.stop()
            reply = session.reply()
            assert reply.startswith("551 "), reply
        assert upload(session, b"x").startswith("450 ")
        server.start()
        assert re.search(delivered("PORT1", 4), prints(session, printer, b"next"))
        assert printer.printed == job(1000) + b"next"


def test_theWordOfTheServer(tmp_path: Path) -> None:
    """
    What nobody can know: ser2net closes when it has read all, and then throws away what its line
    does not take.  (At once on a pseudo terminal, which seems to be empty; docs/printers/serial.rst
    has the settings for a line.)
    """
    with (
        serving(tmp_path, "", "banner: free") as (server, printer),
        Gateway(tmp_path, "--printer", server.uri()) as gateway,
        Session(gateway.port) as session,
    ):
        printer.paperOut()
        reply = lastLine(session.send(job(8193)))
        assert re.search(delivered("PORT1", 8193), reply), reply
        with server.connect() as other:
            assert other.recv(100) == b"free"  # the line was closed meanwhile
            other.sendall(b"the end")
            printer.paperIn()
            got = printer.waitUntil(lambda printed: printed.endswith(b"the end"))
            other.shutdown(socket.SHUT_WR)
            assert other.recv(1) == b""
        lost = 8193 + 7 - len(got)
        assert lost > 0
        assert job(8193).startswith(got[:-7])


@pytest.mark.parametrize("size", [0, 1, 8193, 65537])
def test_farEnd(size: int, tmp_path: Path) -> None:
    """
    A job on C{serial:}, whose line is ser2net's, arrives as it is; nobody says so: C{sent}.
    """
    line = tmp_path / "line"
    with (
        Ser2net(tmp_path, f"pty(link={line})") as server,
        server.connect() as printer,
        Gateway(tmp_path, "--printer", f"serial:{line}") as gateway,
        Session(gateway.port) as session,
    ):
        server.waitForPath(line)
        reply = lastLine(session.send(job(size)))
        assert re.search(delivered("PORT1", size, "sent"), reply), reply
        with printer.makefile("rb") as paper:
            assert paper.read(size) == job(size)
        assert isQuiet(printer, 0.1) or not printer.recv(1)  # it may know that the line was closed


def begun(session: Session) -> socket.socket:
    """The data connection of a job; ser2net unlocks a line a moment after that has its name."""
    while True:
        try:
            return session.upload()
        except ftplib.error_temp as refused:
            assert "Input/output error" in str(refused)


def test_farEndLeaves(tmp_path: Path) -> None:
    """
    The far end of the line leaves in mid-job: 551; the next job prints when it is back.
    """
    line = tmp_path / "line"
    with (
        Ser2net(tmp_path, f"pty(link={line})") as server,
        Gateway(tmp_path, "--printer", f"serial:{line}", "--connect-timeout", "0") as gateway,
        Session(gateway.port) as session,
    ):
        with server.connect() as printer:
            server.waitForPath(line)
            with begun(session) as wire:
                wire.sendall(b"%!PS")
                assert printer.recv(100) == b"%!PS"
                printer.close()
                reply = session.reply()
                assert reply.startswith("551 "), reply
        assert upload(session, b"x").startswith("450 ")
        with server.connect() as printer:
            server.waitForPath(line)
            with begun(session) as wire:
                wire.sendall(b"next")
            reply = lastLine(session.reply())
            assert re.search(delivered("PORT1", 4, "sent"), reply), reply
            assert printer.recv(100) == b"next"
