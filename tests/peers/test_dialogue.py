"""
Whole sessions: what a user of an ordinary client sees, and who gets in.
"""

from __future__ import annotations

import ftplib
import re
import socket
import stat
from pathlib import Path

import pytest

from tests.support.clients import Address, curl, typed
from tests.support.gateway import Gateway
from tests.support.pages import page
from tests.support.peer import PATIENCE
from tests.support.rawprinter import RawPrinter
from tests.support.session import Session, delivered, isQuiet, lastLine

LASERJET = "description=HP+LaserJet+4000"
LABELS = "description=Labels%20on%20floor%202"


def assertInOrder(output: str, *patterns: str) -> None:
    """Each pattern is found after the one before it."""
    place = 0
    for pattern in patterns:
        found = re.compile(pattern, re.MULTILINE).search(output, place)
        assert found, f"{pattern!r} is not in the rest of\n{output}"
        place = found.end()


@pytest.mark.parametrize("name", ["tnftp", "inetutils-ftp"])
@pytest.mark.parametrize("passive", [True, False], ids=["passive", "active"])
def test_wholeSession(name: str, passive: bool, tmp_path: Path) -> None:
    """
    A user looks around, changes ports, prints in both modes and is told what happened.
    """
    (tmp_path / "page.pcl").write_bytes(page("traps.pcl"))
    (tmp_path / "note.txt").write_bytes(b"in one line, for clients convert line ends\r")
    with (
        RawPrinter() as first,
        RawPrinter() as second,
        Gateway(
            tmp_path, "--printer", first.uri(LASERJET), "--printer", second.uri(LABELS)
        ) as gateway,
    ):
        commands = ["pwd", "ls", "dir", "cd port2", "pwd", "bin", "put page.pcl"]
        commands += ["cd /", "ascii", "put note.txt", "put note.txt port2", "ls", "rhelp"]
        result = typed(name, Address(gateway.port, passive=passive), tmp_path, *commands)
        assert result.code == 0
        assertInOrder(
            result.output,
            r"^220 .*Ready",
            r"^331 ",
            r"^230-",
            r"Directory:\s+Description:",
            r"PORT1\s.*HP LaserJet 4000",
            r"PORT2\s.*Labels on floor 2",
            r"put ",
            r"Ready to print to PORT1",
            r"^230 ",
            r'257 "/" is current directory; default port is PORT1 \(HP LaserJet 4000\)|'
            r"Remote directory: /",
            r"^150 ",
            r"PORT1",
            r"PORT2",
            r"^226 ",
            r"^150 ",
            r"PORT1",
            r"PORT2",
            r"^226 ",
            r"^250 .*PORT2",
            r'257 "/PORT2"|Remote directory: /PORT2',
            r"^200 Type .*I",
            r"^150 .*PORT2",
            r"^226-.*",
            delivered("PORT2", len(page("traps.pcl"))),
            r"^250 .*",
            r"^200 Type .*A",
            r"^150 .*PORT1",
            delivered("PORT1", 43),
            r"^150 .*PORT2",
            delivered("PORT2", 43),
            r"^226 ",
            r"^214-",
            r"STOR",
            r"^214 ",
            r"^221 ",
        )
        note = (tmp_path / "note.txt").read_bytes()
        assert first.jobs == [note]
        assert second.jobs == [page("traps.pcl"), note]


def test_pwdNamesTheDefaultPortAtTheRoot(tmp_path: Path) -> None:
    """
    PWD has one quoted string, the directory, and at the root it says where files are printed.
    """
    with (
        RawPrinter() as printer,
        Gateway(tmp_path, "--printer", printer.uri(LASERJET)) as gateway,
        Session(gateway.port) as session,
    ):
        root = '257 "/" is current directory; default port is PORT1 (HP LaserJet 4000)'
        assert session.say("PWD") == root
        assert session.say("CWD PORT1").startswith("250")
        assert session.say("PWD").startswith('257 "/PORT1"')
        assert session.say("PWD").count('"') == 2


def test_jobNumbersGrow(tmp_path: Path) -> None:
    """
    Jobs are numbered through all ports and sessions of one gateway, and the 226 names job and file.
    """
    with (
        RawPrinter() as first,
        RawPrinter() as second,
        Gateway(tmp_path, "--printer", first.uri(), "--printer", second.uri()) as gateway,
    ):
        for number, port in enumerate(["PORT1", "PORT2", "PORT1"], start=1):
            with Session(gateway.port) as session:
                session.say(f"CWD {port}")
                reply = session.send(b"x", name=f"letter{number}.txt")
                assert f"({port}, job {number}, 1 bytes, delivered)" in lastLine(reply)
                assert f"letter{number}.txt" in reply


def whoIsRefused(port: int) -> str:
    """What a new control connection hears until it is closed."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as wire:
        return b"".join(iter(lambda: wire.recv(4096), b"")).decode()


@pytest.mark.parametrize("politely", [True, False], ids=["quit", "close"])
def test_fourthSessionIsRefused(politely: bool, tmp_path: Path) -> None:
    """
    Three sessions, logged in or not; the fourth gets one 421, and the place of one who left.
    """
    with RawPrinter() as printer, Gateway(tmp_path, "--printer", printer.uri()) as gateway:
        sessions = [Session(gateway.port, login=n > 0) for n in range(3)]
        for _ in range(5):
            assert re.fullmatch(r"421 Service not available.*\r\n", whoIsRefused(gateway.port))
            leaver = sessions.pop(0)
            if politely:
                assert leaver.say("QUIT").startswith("221")
            leaver.close()
            sessions.append(Session(gateway.port))
        for session in sessions:
            assert re.search(delivered("PORT1", 5), lastLine(session.send(b"hello")))
            session.close()


def test_idleSessionIsToldGoodBye(tmp_path: Path) -> None:
    """
    A session that does nothing ends with a 421 and frees its place.
    """
    options = ["--idle-timeout", "0.5", "--max-sessions", "1"]
    with Gateway(tmp_path, *options) as gateway:
        with Session(gateway.port) as session:
            assert session.reply().startswith("421")
            with pytest.raises(EOFError):
                session.reply()
        with Session(gateway.port) as session:
            assert session.say("NOOP").startswith("200")


def test_quitWaitsForTheJob(tmp_path: Path) -> None:
    """
    QUIT in the middle of an upload ends the session when the job has ended, not before.
    """
    with (
        RawPrinter() as printer,
        Gateway(tmp_path, "--printer", printer.uri()) as gateway,
        Session(gateway.port) as session,
    ):
        with session.upload() as wire:
            wire.sendall(b"first ")
            session.putcmd("QUIT")
            assert session.sock is not None
            assert isQuiet(session.sock, 0.3)
            wire.sendall(b"last")
        assert re.search(delivered("PORT1", 10), lastLine(session.reply()))
        assert session.reply().startswith("221")
        assert printer.jobs == [b"first last"]


def test_greetingCanBeChosen(tmp_path: Path) -> None:
    """
    C{--greeting} is what the 220 says; without it, what the device says.
    """
    with Gateway(tmp_path) as gateway, Session(gateway.port) as session:
        assert session.greeting == "220 JD FTP Server Ready"
    with (
        Gateway(tmp_path, "--greeting", "Print here") as gateway,
        Session(gateway.port) as session,
    ):
        assert session.greeting == "220 Print here"


def test_defaultPrinterKeepsFiles(tmp_path: Path) -> None:
    """
    Without C{--printer}, each whole job becomes one file of our naming; a cut one leaves nothing.
    """
    file = tmp_path / "traps.ps"
    file.write_bytes(page("traps.ps"))
    with Gateway(tmp_path) as gateway:
        gateway.waitFor("print-jobs")
        result = curl(Address(gateway.port), [file, file])
        assert result.code == 0, result.output
        assert re.search(delivered("PORT1", len(page("traps.ps"))), result.output, re.MULTILINE)
        with Session(gateway.port) as session, session.upload("../../cut.ps") as wire:
            wire.sendall(b"%!PS")
            assert session.say("ABOR").startswith("426")
            assert session.reply().startswith("226")
    kept = sorted((tmp_path / "print-jobs").iterdir())
    assert [one.read_bytes() for one in kept] == [page("traps.ps")] * 2
    assert all(re.fullmatch(r"[0-9A-Za-z-]+\.prn", one.name) for one in kept)
    assert stat.S_IMODE((tmp_path / "print-jobs").stat().st_mode) == 0o700


def test_nothingCanBeReadBack(tmp_path: Path) -> None:
    """
    What was printed, and any other file, stays out of reach.
    """
    (tmp_path / "secret").write_bytes(b"secret")
    with Gateway(tmp_path) as gateway, Session(gateway.port) as session:
        session.send(b"job", name="job.txt")
        for name in ("job.txt", "/PORT1/job.txt", "secret", str(tmp_path / "secret")):
            with pytest.raises(ftplib.error_perm):
                session.retrbinary(f"RETR {name}", print)
