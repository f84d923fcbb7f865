"""
One job at a time at each printing port: the others wait, in order, before their 150.
"""

from __future__ import annotations

import re
import socket
import threading
import time
from pathlib import Path

from tests.support.behaviours import pausedAfter
from tests.support.gateway import Gateway
from tests.support.p910nd import P910nd
from tests.support.rawprinter import RawPrinter, good
from tests.support.session import Session, delivered, isQuiet, lastLine


def beginWaiting(session: Session, name: str) -> socket.socket:
    """Ask for an upload whose turn has not come."""
    wire = socket.create_connection(session.makepasv())
    session.putcmd(f"STOR {name}")
    return wire


def test_jobsWaitInOrder(tmp_path: Path) -> None:
    """
    The second and third job get their 150 when the one before has ended, the second first.
    """
    with P910nd() as printer:
        with (
            Gateway(tmp_path, "--printer", printer.uri()) as gateway,
            Session(gateway.port) as first,
            Session(gateway.port) as second,
            Session(gateway.port) as third,
        ):
            printing = first.upload()
            printing.sendall(b"first,")
            printer.waitFor(6)
            later = []
            for session, text in (second, b"second,"), (third, b"third"):
                wire = beginWaiting(session, "next.txt")
                wire.sendall(text)
                wire.close()
                # Answered though it waits, and by that known to be in line.
                assert session.say("NOOP").startswith("200")
                assert session.sock is not None
                later.append(session.sock)
            assert all(isQuiet(wire, 0.3) for wire in later)
            printing.close()
            for session, size in (first, 6), (second, 7), (third, 5):
                if session is not first:
                    assert session.reply().startswith("150")
                reply = session.reply()
                assert re.search(delivered("PORT1", size), lastLine(reply)), reply
        assert printer.stop() == b"first,second,third"


def test_waitingEndsWithTheBusyTimeout(tmp_path: Path) -> None:
    """
    A job whose turn does not come in time gets 450 instead of its 150; the other goes on printing.
    """
    gate = threading.Event()
    with (
        RawPrinter(pausedAfter(5, gate), good) as printer,
        Gateway(tmp_path, "--printer", printer.uri(), "--busy-timeout", "0.5") as gateway,
        Session(gateway.port) as first,
        Session(gateway.port) as second,
    ):
        printing = first.upload()
        printing.sendall(b"first")
        printer.waitForBytes(1, 5)
        asked = time.monotonic()
        with beginWaiting(second, "second.txt"):
            assert second.reply().startswith("450")
        assert 0.4 < time.monotonic() - asked < 5
        assert gateway.jobEnd(2).startswith("aborted: 0 bytes")
        gate.set()
        printing.close()
        assert re.search(delivered("PORT1", 5), lastLine(first.reply()))
        assert re.search(delivered("PORT1", 4), lastLine(second.send(b"next")))
        assert printer.jobs == [b"first", b"next"]


def test_otherPortsDoNotWait(tmp_path: Path) -> None:
    """
    While one printer is busy the other prints, and the ports can be listed.
    """
    with (
        RawPrinter() as busy,
        RawPrinter() as free,
        Gateway(tmp_path, "--printer", busy.uri(), "--printer", free.uri()) as gateway,
        Session(gateway.port) as first,
        Session(gateway.port) as second,
    ):
        printing = first.upload()
        printing.sendall(b"first")
        busy.waitForBytes(1, 5)
        listing: list[str] = []
        second.retrlines("LIST", listing.append)
        assert [port for port in ("PORT1", "PORT2") if port in "\n".join(listing)] == [
            "PORT1",
            "PORT2",
        ]
        assert re.search(delivered("PORT2", 6), lastLine(second.send(b"second", "PORT2")))
        printing.close()
        assert re.search(delivered("PORT1", 5), lastLine(first.reply()))


def test_senderThatStopsWaitingIsForgotten(tmp_path: Path) -> None:
    """
    A sender that leaves while its job waits does not keep the printer from the next one.
    """
    with (
        RawPrinter() as printer,
        Gateway(tmp_path, "--printer", printer.uri()) as gateway,
        Session(gateway.port) as first,
    ):
        printing = first.upload()
        printing.sendall(b"first")
        printer.waitForBytes(1, 5)
        leaver = Session(gateway.port)
        with beginWaiting(leaver, "never.txt"):
            assert leaver.say("NOOP").startswith("200")
            leaver.close()
            assert gateway.jobEnd(2).startswith("aborted: 0 bytes")
        printing.close()
        assert re.search(delivered("PORT1", 5), lastLine(first.reply()))
        assert re.search(delivered("PORT1", 4), lastLine(first.send(b"next")))
        assert printer.jobs == [b"first", b"next"]
