"""
The print shell under the FTP server that Twisted has: it prints, and nothing can be read.
"""

from __future__ import annotations

import ftplib
import io
from typing import Any

import pytest
import pytest_twisted
from twisted.cred.portal import Portal
from twisted.internet.task import Clock
from twisted.internet.threads import deferToThread
from twisted.protocols import ftp
from zope.interface.verify import verifyObject

from jetdirect.errors import PrinterLost, PrinterUnreachable
from jetdirect.ftp.realm import AnyName, PrintRealm
from jetdirect.ftp.shell import UNKNOWN_NAME, PrintShell
from jetdirect.ftp.stock import StockShell
from jetdirect.job import Sender
from jetdirect.named import PortSettings
from jetdirect.record import JobState
from jetdirect.server import PrintServer
from jetdirect.testing import FakePrinter
from tests.support.answers import now

PAGE = b"%!PS\n\xff\xf4\r\n\n\r\x00\x1b%-12345X\x04showpage\n" * 1000
NOON = 1_750_000_000.0
KEYS = ("size", "directory", "permissions", "hardlinks", "modified", "owner", "group")


class StockUser:
    """A shell with two printers."""

    def __init__(self, clock: Any = None) -> None:
        self.printers = [FakePrinter("HP LaserJet 4000"), FakePrinter("second")]
        self.server = PrintServer(
            self.printers, clock or Clock(), PortSettings(connectTimeout=0), wallClock=lambda: NOON
        )
        sender = Sender("bob", "192.0.2.1", 40001)
        self.shell = StockShell(PrintShell(self.server, sender))


@pytest.fixture
def stockUser() -> StockUser:
    """A fresh one."""
    return StockUser()


def test_contract(stockUser: StockUser) -> None:
    """The shell provides IFTPShell, and what it opens provides IWriteFile."""
    assert verifyObject(ftp.IFTPShell, stockUser.shell)
    opened = now(stockUser.shell.openForWriting(["a.ps"]))
    assert verifyObject(ftp.IWriteFile, opened)
    now(opened.close())


@pytest.mark.parametrize("path", [[], ["PORT1"], ["port2"], ["Port2"]])
def test_access(stockUser: StockUser, path: list[str]) -> None:
    """The root and the printing ports can be entered, in any case."""
    assert now(stockUser.shell.access(path)) is None


@pytest.mark.parametrize(
    "path", [["PORT3"], ["PORT1", "x"], ["etc", "passwd"], ["a.ps"], ["x"] * 65, ["'PORT2'", "x"]]
)
def test_noAccess(stockUser: StockUser, path: list[str]) -> None:
    """Nothing else can."""
    with pytest.raises(ftp.FileNotFoundError):
        now(stockUser.shell.access(path))


def test_list(stockUser: StockUser) -> None:
    """The root has the printing ports, with every fact that a server may ask for."""
    listed = now(stockUser.shell.list([], KEYS))
    assert [name for name, _ in listed] == ["PORT1", "PORT2"]
    size, directory, permissions, links, modified, owner, group = listed[0][1]
    assert (size, directory, links, modified) == (0, True, 1, NOON)
    assert permissions.shorthand() == "-wx-wx-wx"
    assert owner == "HP_LaserJet_4000"
    assert isinstance(group, str)
    assert now(stockUser.shell.list([])) == [("PORT1", []), ("PORT2", [])]


def test_listOfAPort(stockUser: StockUser) -> None:
    """A printing port that nothing was stored in is empty."""
    assert now(stockUser.shell.list(["PORT1"], KEYS)) == []


def test_stat(stockUser: StockUser) -> None:
    """A directory has its facts, a file that is not there has none."""
    for path in ([], ["PORT2"]):
        assert now(stockUser.shell.stat(path, ("directory", "modified"))) == [True, NOON]
    with pytest.raises(ftp.FileNotFoundError):
        now(stockUser.shell.stat(["a.ps"], KEYS))


@pytest.mark.parametrize("path", [["a.ps"], ["PORT1"], ["PORT1", "a.ps"], []])
def test_nothingCanBeRead(stockUser: StockUser, path: list[str]) -> None:
    """Reading is denied, whatever the name."""
    with pytest.raises(ftp.PermissionDeniedError):
        now(stockUser.shell.openForReading(path))


@pytest.mark.parametrize("path", [["PORT1"], ["PORT1", "a.ps"], ["a.ps"]])
def test_nothingCanBeTakenAway(stockUser: StockUser, path: list[str]) -> None:
    """What the session neither stored nor made cannot be removed or renamed."""
    for denied in (
        stockUser.shell.removeFile(path),
        stockUser.shell.removeDirectory(path),
        stockUser.shell.rename(path, ["other"]),
    ):
        with pytest.raises(ftp.FTPCmdError):
            now(denied)
    with pytest.raises(ftp.FTPCmdError):
        now(stockUser.shell.makeDirectory(["PORT1"]))
    assert [name for name, _ in now(stockUser.shell.list([]))] == ["PORT1", "PORT2"]


@pytest.mark.parametrize(
    ("path", "port", "name"),
    [
        (["a.ps"], 1, "a.ps"),
        (["PORT2", "a.ps"], 2, "a.ps"),
        (["port2", "a.ps"], 2, "a.ps"),
        (["PORT1", "PORT2"], 2, UNKNOWN_NAME),
        (["b", "a.ps"], 1, "b/a.ps"),
        (["PORT2", "b", "a.ps"], 2, "b/a.ps"),
        (["PORT2"], 2, UNKNOWN_NAME),
        (["caf\xe9\n"], 1, r"caf\xe9\x0a"),
    ],
)
def test_openForWriting(stockUser: StockUser, path: list[str], port: int, name: str) -> None:
    """A job prints at the port that the path names, else at the first; the rest is its name."""
    opened = now(stockUser.shell.openForWriting(path))
    consumer = now(opened.receive())
    consumer.write(PAGE)
    now(opened.close())
    [job] = stockUser.server.jobs
    assert (job.port, job.name, job.user) == (f"PORT{port}", name, "bob")
    [printed] = stockUser.printers[port - 1].jobs
    assert (printed.data, printed.ended) == (PAGE, "finished")
    assert job.state is JobState.COMPLETED


def test_notOpened(stockUser: StockUser) -> None:
    """A printer that cannot be reached is an error that any FTP server can put into a reply."""
    stockUser.printers[0].refusals = [PrinterUnreachable("out of \ntoner")]
    with pytest.raises(ftp.FTPCmdError, match="toner") as caught:
        now(stockUser.shell.openForWriting(["a.ps"]))
    assert "\n" not in caught.value.response()


def test_printerLost(stockUser: StockUser) -> None:
    """The end of a file is an error when the printer was lost before it had the job."""
    opened = now(stockUser.shell.openForWriting(["a.ps"]))
    now(opened.receive()).write(PAGE)
    stockUser.printers[0].jobs[0].lose("reset")
    with pytest.raises(PrinterLost):
        now(opened.close())
    assert stockUser.server.jobs[0].state is JobState.ABORTED


def test_turns(stockUser: StockUser) -> None:
    """A second job is opened when the first is closed."""
    first = now(stockUser.shell.openForWriting(["a.ps"]))
    second = stockUser.shell.openForWriting(["b.ps"])
    assert not second.called
    now(first.close())
    now(now(second).close())


# Under the FTP server that Twisted has


def converse(port: int) -> dict[str, Any]:
    """An ordinary client's session with prints on both ports."""
    heard: dict[str, Any] = {}
    with ftplib.FTP(timeout=10) as client:
        client.connect("127.0.0.1", port)
        client.login("bob", "secret")
        lines: list[str] = []
        client.retrlines("LIST", lines.append)
        heard["list"] = lines
        heard["stored"] = client.storbinary("STOR a.ps", io.BytesIO(PAGE))
        client.cwd("PORT2")
        heard["second"] = client.storbinary("STOR b.ps", io.BytesIO(PAGE[::-1]))
        with pytest.raises(ftplib.error_perm, match="550"):
            client.retrbinary("RETR b.ps", lambda data: None)
    with ftplib.FTP(timeout=10) as other:
        other.connect("127.0.0.1", port)
        other.login("eve", "")
        foreign: list[str] = []
        for path in ("PORT1", "PORT2", "PORT2/b.ps"):
            other.retrlines(f"LIST {path}", foreign.append)
        for path in ("PORT2/b.ps", "PORT1/a.ps"):
            with pytest.raises(ftplib.error_perm, match="550"):
                other.retrlines(f"RETR {path}", foreign.append)
        heard["foreign"] = foreign
    return heard


@pytest_twisted.ensureDeferred
async def test_underTwistedsServer() -> None:
    """Twisted's own FTP server prints through the shell, byte for byte, and reads nothing back."""
    from twisted.internet import reactor

    stockUser = StockUser(reactor)
    factory = ftp.FTPFactory(Portal(PrintRealm(stockUser.server), [AnyName()]))
    port: Any = reactor.listenTCP(0, factory, interface="127.0.0.1")
    heard = await deferToThread(converse, port.getHost().port)
    await port.stopListening()
    assert ["PORT1" in heard["list"][0], "PORT2" in heard["list"][1]] == [True, True]
    assert heard["stored"][:3] == heard["second"][:3] == "226"
    assert heard["foreign"] == []
    assert [(job.data, job.ended) for printer in stockUser.printers for job in printer.jobs] == [
        (PAGE, "finished"),
        (PAGE[::-1], "finished"),
    ]
    assert {job.state for job in stockUser.server.jobs} == {JobState.COMPLETED}
    assert {job.user for job in stockUser.server.jobs} == {"bob"}
