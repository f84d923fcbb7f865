"""
Print servers that misbehave over real connections, and temporary files that cannot be kept.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import threading
from pathlib import Path

import pytest

from tests.support.behaviours import neverReads, resetAfter
from tests.support.caller import Caller
from tests.support.gateway import Gateway
from tests.support.lpdserver import LPDPrinter, agree, good, leavesWithoutTheLast, takes
from tests.support.rawprinter import Behaviour
from tests.support.session import MUCH, Session, delivered, lastLine, push, streamDigest
from tests.support.started import borrowed

PAGE = bytes(range(256)) * 40

SMALL_BUFFER = 16384

#: What a gateway may grow by while one job goes through it.
GROWTH = 8 * 1024 * 1024


def announce(session: Session, size: int) -> None:
    """The next upload will have so many bytes."""
    session.say("TYPE I")
    assert session.say(f"ALLO {size}").startswith("200")


def test_missingLastAcknowledgement(tmp_path: Path) -> None:
    """CUPS's own LPD backend calls such a job printed; here it is lost."""
    with LPDPrinter(leavesWithoutTheLast) as printer:
        with (
            Gateway(tmp_path, "--printer", printer.uri()) as gateway,
            Session(gateway.port) as session,
        ):
            announce(session, len(PAGE))
            reply = session.send(PAGE)
            assert reply.startswith("551"), reply
            assert "without an answer to the end of the job" in reply
        file = tmp_path / "page"
        file.write_bytes(PAGE)
        backend = borrowed("lpd", "cups", "/usr/lib/cups/backend")
        told = subprocess.run(
            [backend, "1", "me", "title", "1", "", str(file)],
            env={"DEVICE_URI": f"{printer.uri()}?reserve=none&snmp=false"},
            capture_output=True,
            timeout=60,
        )
        assert told.returncode == 0, told.stderr
        assert PAGE in printer.waitForJob(2)


def test_refusedLast(tmp_path: Path) -> None:
    """A server whose disk is full may say so after the last octet."""
    with (
        LPDPrinter(takes(lambda _: None, b"\1")) as printer,
        Gateway(tmp_path, "--printer", printer.uri()) as gateway,
        Session(gateway.port) as session,
    ):
        for announced in (True, False):
            if announced:
                announce(session, len(PAGE))
            reply = session.send(PAGE)
            assert reply.startswith("551"), reply
            assert "refused the end of the job (code 1)" in reply


def test_leavesInMidJob(tmp_path: Path) -> None:
    """The sender hears it while it still sends; the next job prints."""

    def resets(caller: Caller) -> None:
        agree(caller)
        resetAfter(caller.received + 1000)(caller)

    with (
        LPDPrinter(resets, good) as printer,
        Gateway(tmp_path, "--printer", printer.uri()) as gateway,
        Session(gateway.port) as session,
    ):
        announce(session, MUCH)
        with session.upload() as wire:
            wire.sendall(bytes(2000))
            reply = session.reply()
            assert reply.startswith("551"), reply
        announce(session, len(PAGE))
        reply = session.send(PAGE)
        assert re.search(delivered("PORT1", len(PAGE)), lastLine(reply)), reply
        assert printer.jobs[1].endswith(PAGE + b"\0")


def test_stoppedServer(tmp_path: Path) -> None:
    """Until it goes on the sender is held back, is answered, and next to nothing is kept."""
    gate = threading.Event()

    def pauses(caller: Caller) -> None:
        caller.readUntil(caller.received + 100_000)
        caller.waitFor(gate)

    with (
        LPDPrinter(good, takes(pauses), receiveBuffer=SMALL_BUFFER) as printer,
        Gateway(tmp_path, "--printer", printer.uri("finish-timeout=1")) as gateway,
        Session(gateway.port) as session,
    ):
        announce(session, len(PAGE))
        session.send(PAGE)
        before = gateway.memory()
        announce(session, MUCH)
        with session.upload() as wire:
            sent = push(wire, MUCH)
            assert 100_000 < sent < MUCH
            assert session.say("NOOP").startswith("200")
            gate.set()
            assert push(wire, MUCH, sent, patience=20) == MUCH
        reply = session.reply()
        assert re.search(delivered("PORT1", MUCH), lastLine(reply)), reply
        assert gateway.memory("VmHWM") - before < GROWTH
        document = printer.jobs[1][-MUCH - 1 : -1]
        assert hashlib.sha256(document).hexdigest() == streamDigest(MUCH)


@pytest.mark.parametrize("behave", [neverReads, lambda caller: None], ids=["silent", "leaves"])
def test_noServer(behave: Behaviour, tmp_path: Path) -> None:
    """What only takes connections is not a print server, which is told before 150."""
    with (
        LPDPrinter(behave) as printer,
        Gateway(tmp_path, "--printer", printer.uri(), "--connect-timeout", "0.5") as gateway,
        Session(gateway.port) as session,
    ):
        session.say("PASV")
        reply = session.say("STOR page.ps")
        assert reply.startswith("450"), reply


def test_spoolLimit(tmp_path: Path) -> None:
    """A job that is too long for a temporary file is refused while it comes, unless announced."""
    with (
        LPDPrinter(good) as printer,
        Gateway(tmp_path, "--printer", printer.uri("spool-limit=10000")) as gateway,
        Session(gateway.port) as session,
    ):
        with session.upload() as wire:
            wire.sendall(PAGE)
            reply = session.reply()
        assert reply.startswith("552"), reply
        assert "nothing was printed" in reply
        assert "spool-limit" in reply
        announce(session, len(PAGE))
        reply = session.send(PAGE)
        assert re.search(delivered("PORT1", len(PAGE)), lastLine(reply)), reply
        assert printer.jobs[0] == b"\2raw\n"


def test_diskFull(tmp_path: Path) -> None:
    """A temporary file that may not grow: nothing is sent, and sending again is safe."""
    limit = [borrowed("prlimit", "util-linux"), "--fsize=100000"]
    with (
        LPDPrinter(good) as printer,
        Gateway(tmp_path, "--printer", printer.uri(), before=limit) as gateway,
        Session(gateway.port) as session,
    ):
        reply = session.send(PAGE * 20)
        assert reply.startswith("451"), reply
        assert "File too large" in reply
        reply = session.send(PAGE)
        assert re.search(delivered("PORT1", len(PAGE)), lastLine(reply)), reply
        assert [job for job in printer.jobs if job != b"\2raw\n"] == printer.jobs[-1:]
