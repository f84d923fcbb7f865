"""
What clients expect of any FTP server, as far as one that only prints can give it: whole
conversations, told one after the other.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from typing import Any

import pytest
from twisted.cred.checkers import InMemoryUsernamePasswordDatabaseDontUse
from twisted.internet.address import IPv4Address
from twisted.internet.testing import MemoryReactorClock

from jetdirect.configuration import Configuration
from jetdirect.ftp.text import decoded, encoded
from jetdirect.gateway import Gateway
from jetdirect.record import JobState
from jetdirect.testing import FakePrinter, FakeSender, MemoryWire
from tests.support.memory import MemoryGateway, codes

PAGE = b"%!PS\r\n\x00\xff\n\x1b%-12345X showpage\r"

Connect = Callable[..., FakeSender]


def two(**settings: Any) -> MemoryGateway:
    """A gateway in memory with two printers."""
    return MemoryGateway(FakePrinter(), FakePrinter(), **settings)


@pytest.fixture
def gateway() -> MemoryGateway:
    """A fresh gateway."""
    return two()


@pytest.fixture
def stranger(gateway: MemoryGateway) -> FakeSender:
    """Somebody who has not logged in."""
    return gateway.stranger()


@pytest.fixture
def user(gateway: MemoryGateway) -> FakeSender:
    """Somebody who has."""
    return gateway.user()


def said(sender: FakeSender, *commands: str) -> list[int]:
    """The codes of the replies to some commands, said one after the other."""
    return [code for command in commands for code in codes(sender.say(command))]


def where(sender: FakeSender) -> str:
    """The current directory, as PWD quotes it."""
    found = re.match(r'257 "((?:[^"]|"")*)" ', sender.say("PWD"))
    assert found is not None
    return found[1]


def fetched(sender: FakeSender, command: str) -> list[str]:
    """The lines of a listing."""
    sender.passive()
    assert said(sender, command) == [150, 226]
    assert sender.data is not None and not sender.data.connected
    text = sender.data.said().decode()
    assert not text or text.endswith("\r\n")
    return text.split("\r\n")[:-1]


def stored(sender: FakeSender, name: str, data: bytes = PAGE, verb: str = "STOR") -> None:
    """A good upload."""
    assert codes(sender.upload(name, data, verb)) == [150, 226]


def pouring(sender: FakeSender, part: bytes = b"%!PS") -> MemoryWire:
    """An upload that goes on; its data connection."""
    assert codes(sender.begin("going.ps")) == [150]
    assert sender.data is not None
    sender.data.receive(part)
    return sender.data


def dialled(gateway: MemoryGateway) -> MemoryWire:
    """The last connection that was dialled, as its other end sees it."""
    host, port, factory, *_ = gateway.reactor.tcpClients[-1]
    there = IPv4Address("TCP", host, port)
    protocol: Any = factory.buildProtocol(there)
    return MemoryWire(protocol, peerAddress=there)


# Logins


def test_loginInOrder(stranger: FakeSender) -> None:
    """USER, then PASS, and the session is open."""
    assert codes(stranger.greeting) == [220]
    assert said(stranger, "USER anonymous", "PASS me@example.org", "PWD") == [331, 230, 257]


def test_passwordFirst(stranger: FakeSender) -> None:
    """PASS before USER is out of order, and spoils nothing."""
    assert said(stranger, "PASS x", "USER a", "PASS x") == [503, 331, 230]


def test_passwordAfterFailedOrder(stranger: FakeSender) -> None:
    """PASS after the login is out of order; the login stays."""
    assert said(stranger, "USER a", "PASS x", "PASS x", "PWD") == [331, 230, 503, 257]


def test_userTwice(stranger: FakeSender) -> None:
    """The last of two names counts."""
    assert said(stranger, "USER first", "USER second", "PASS x") == [331, 331, 230]
    assert "Logged in as second" in stranger.say("STAT")


def test_userAnew(user: FakeSender) -> None:
    """USER in a session ends the login until the next PASS."""
    assert said(user, "USER other", "PWD", "PASS x", "PWD") == [331, 530, 230, 257]
    assert "Logged in as other" in user.say("STAT")


def test_userAnewKeepsParameters(user: FakeSender) -> None:
    """USER leaves the transfer parameters as they are (RFC 959, section 4.1.1)."""
    assert said(user, "TYPE I", "USER other", "PASS x") == [200, 331, 230]
    assert "BINARY" in user.begin("a.ps")


def test_userAnewForgetsNames(user: FakeSender) -> None:
    """What one login stored is nothing to the next."""
    stored(user, "a.ps")
    assert said(user, "SIZE a.ps", "USER other", "PASS x", "SIZE a.ps") == [213, 331, 230, 550]


def test_userAnewIsSomewhere(user: FakeSender) -> None:
    """The current directory of a new login exists for it."""
    assert said(user, "MKD mine", "CWD mine", "USER other", "PASS x") == [257, 250, 331, 230]
    assert said(user, f"MLST {where(user)}") == [250]


def test_reinBeforeLogin(stranger: FakeSender) -> None:
    """REIN before a login, and between USER and PASS, begins again."""
    assert said(stranger, "REIN", "USER a", "REIN", "PASS x") == [220, 331, 220, 503]
    assert codes(stranger.login()) == [230]


def test_reinAfterLogin(user: FakeSender) -> None:
    """REIN ends the login, and the next begins at the root with TYPE A."""
    assert said(user, "TYPE I", "CWD PORT2", "REIN", "PWD") == [200, 250, 220, 530]
    assert codes(user.login("b")) == [230]
    assert where(user) == "/"
    assert "ASCII" in user.begin("a.ps")


def test_reinClosesThePort(gateway: MemoryGateway, user: FakeSender) -> None:
    """REIN takes back the data port."""
    said(user, "PASV", "REIN")
    assert user.connect() is None
    user.login()
    assert said(user, "STOR a.ps") == [425]


def test_reinBehindATransfer(gateway: MemoryGateway, user: FakeSender) -> None:
    """REIN waits for the end of a transfer, which is finished as if nothing had been said."""
    pouring(user)
    assert user.say("REIN") == ""
    assert codes(user.send(b" end")) == [226, 220]
    assert gateway.pages == [b"%!PS end"]
    assert said(user, "PWD") == [530]


@pytest.mark.parametrize(
    "command",
    [
        "CWD PORT1",
        "XCWD PORT1",
        "CDUP",
        "XCUP",
        "PWD",
        "XPWD",
        "MKD d",
        "XMKD d",
        "RMD d",
        "XRMD d",
        "DELE a",
        "RNFR a",
        "RNTO b",
        "SIZE a",
        "MDTM a",
        "MFMT 20260101000000 a",
        "LIST",
        "NLST",
        "MLSD",
        "MLST",
        "STOR a",
        "STOU",
        "APPE a",
        "RETR a",
        "REST 0",
        "ALLO 1",
        "TYPE I",
        "STRU F",
        "MODE S",
        "PASV",
        "EPSV",
        "EPSV ALL",
        "PORT 192,0,2,1,8,73",
        "EPRT /1/192.0.2.1/2121/",
        "SITE HELP",
        "SITE CHMOD 644 a",
    ],
)
def test_refusedBeforeLogin(gateway: MemoryGateway, stranger: FakeSender, command: str) -> None:
    """Before login, and with half of one, there is nothing to be had."""
    assert said(stranger, command, "USER a", command) == [530, 331, 530]
    assert not gateway.reactor.tcpServers
    assert not gateway.reactor.tcpClients


def test_quitBeforeLogin(stranger: FakeSender) -> None:
    """QUIT is for everybody, and the gateway closes."""
    assert said(stranger, "QUIT") == [221]
    assert stranger.wire.halfClosed


# Commands that change nothing


@pytest.mark.parametrize(
    ("command", "wanted"),
    [
        ("TYPE A", 200),
        ("type i", 200),
        ("TYPE A N", 200),
        ("TYPE L 8", 200),
        ("TYPE L8", 200),
        ("TYPE L 7", 504),
        ("TYPE L", 504),
        ("TYPE E", 504),
        ("TYPE ?!#", 504),
        ("TYPE", 501),
        ("STRU f", 200),
        ("STRU P", 504),
        ("STRU R", 504),
        ("STRU ?!#", 504),
        ("STRU", 501),
        ("MODE s", 200),
        ("MODE B", 504),
        ("MODE C", 504),
        ("MODE ?!#", 504),
        ("MODE", 501),
        ("ALLO 8192", 200),
        ("ALLO 8192 R 512", 200),
        ("ALLO x", 501),
        ("ALLO 1.5", 501),
        ("ALLO", 501),
        ("SYST", 215),
        ("SYST x", 215),
        ("NOOP", 200),
        ("NOOP x", 200),
        ("noop", 200),
        ("HELP", 214),
        ("HELP STOR", 214),
        ("HELP stor", 214),
        ("HELP ?!#", 214),
        ("SITE HELP", 214),
        ("site help", 214),
        ("SITE HELP CHMOD", 214),
        ("SITE", 501),
        ("SITE ?!#", 202),
        ("SITE IDLE 60", 200),
        ("SITE CHMOD 644 nothing", 550),
        ("SITE CHMOD", 550),
        ("SITE UMASK 022", 202),
        ("OPTS", 501),
        ("OPTS MLST", 200),
        ("OPTS MLST type;modify;", 200),
        ("OPTS mlst bogus;", 200),
        ("OPTS UTF8 ON", 200),
        ("OPTS utf8", 200),
        ("OPTS ?!#", 501),
        ("OPTS NOOP", 501),
        ("FEAT", 211),
        ("feat x", 211),
        ("ACCT x", 202),
        ("CLNT test", 200),
        ("AUTH TLS", 504),
        ("PBSZ 0", 503),
        ("PROT P", 503),
    ],
)
def test_dummies(user: FakeSender, command: str, wanted: int) -> None:
    """A command that has nothing to do says so in one reply, and the session prints on."""
    assert said(user, command) == [wanted]
    said(user, "ALLO 0")
    stored(user, "a.ps")


def test_featuresAreNoMore(user: FakeSender) -> None:
    """FEAT and HELP do not promise what a printer cannot do."""
    features = user.say("FEAT")
    for missing in ("REST", "STREAM", "AUTH", "PROT", "HOST", "COMB", "MODE Z"):
        assert missing not in features


# Paths


@pytest.mark.parametrize(
    ("commands", "path"),
    [
        ([], "/"),
        (["CWD .."], "/"),
        (["CDUP"], "/"),
        (["CDUP", "CDUP", "CDUP"], "/"),
        (["CWD ../../../.."], "/"),
        (["CWD /../PORT1/../../PORT2"], "/PORT2"),
        (["CWD PORT1", "CDUP"], "/"),
        (["CWD PORT1", "CWD ."], "/PORT1"),
        (["CWD PORT1", "CWD ../PORT2"], "/PORT2"),
        (["CWD PORT1", "CWD /"], "/"),
        (["CWD PORT1", "CWD"], "/PORT1"),
        (["CWD //port1//"], "/PORT1"),
        (["MKD d", "CWD d", "MKD e", "CWD e", "CDUP"], "/d"),
        (["MKD d", "CWD d", "CWD /d/../d/./"], "/d"),
        (["MKD my own", "CWD my own"], "/my own"),
        (["MKD PORT2/d", "CWD port2/d"], "/PORT2/d"),
        (["XMKD d", "XCWD d", "XCUP"], "/"),
    ],
)
def test_ways(user: FakeSender, commands: list[str], path: str) -> None:
    """One gets where one wants, and never beyond the root."""
    assert set(said(user, *commands)) <= {250, 257}
    assert where(user) == path


def test_missingDirectory(user: FakeSender) -> None:
    """Where there is nothing one cannot go, and stays."""
    said(user, "CWD PORT2")
    assert said(user, "CWD nothing", "CWD /nothing", "CWD ../nothing") == [550] * 3
    assert where(user) == "/PORT2"


def test_fileIsNoDirectory(user: FakeSender) -> None:
    """A stored name cannot be entered."""
    stored(user, "a.ps")
    assert said(user, "CWD a.ps") == [550]


def test_quotes(user: FakeSender) -> None:
    """Quotes in a path are doubled by MKD and PWD."""
    assert user.say('MKD a"b"').startswith('257 "/a""b""" ')
    assert said(user, 'CWD a"b"') == [250]
    assert where(user) == '/a""b""'


def test_pwdIsTheSame(user: FakeSender) -> None:
    """XPWD is PWD, and an argument is none of their business."""
    assert user.say("PWD") == user.say("XPWD") == user.say("PWD x")


@pytest.mark.parametrize("path", ["d", "/d", "./d/", "PORT1", "port1", "/", ".", "..", "a.ps"])
def test_makeWhatIsThere(user: FakeSender, path: str) -> None:
    """What exists cannot be made."""
    said(user, "MKD d")
    stored(user, "a.ps")
    assert said(user, f"MKD {path}") == [550]


def test_directoriesComeAndGo(user: FakeSender) -> None:
    """A directory can be made, entered, left, removed; and made again."""
    assert said(user, "MKD d", "CWD d", "CDUP", "RMD d", "CWD d") == [257, 250, 250, 250, 550]
    assert said(user, "RMD d", "XMKD d", "XRMD d") == [550, 257, 250]


@pytest.mark.parametrize("path", ["/", "PORT1", "nothing", "a.ps", "..", "."])
def test_noDirectoryToRemove(user: FakeSender, path: str) -> None:
    """RMD is for directories of one's own: not for files, nor for printing ports."""
    stored(user, "a.ps")
    assert said(user, f"RMD {path}") == [550]
    assert said(user, "SIZE a.ps", "CWD PORT1") == [213, 250]


@pytest.mark.parametrize("path", ["/", "PORT1", "nothing", "d", "."])
def test_noFileToDelete(user: FakeSender, path: str) -> None:
    """DELE is for stored names: not for directories."""
    said(user, "MKD d")
    assert said(user, f"DELE {path}", "CWD d") == [550, 250]


def test_delete(user: FakeSender) -> None:
    """A deleted name is gone, and cannot be deleted twice."""
    stored(user, "a.ps")
    assert said(user, "DELE a.ps", "SIZE a.ps", "DELE a.ps") == [250, 550, 550]


def test_removeWithContents(user: FakeSender) -> None:
    """A directory that is not empty stays, or what is in it goes with it."""
    said(user, "MKD d")
    stored(user, "d/a.ps")
    assert said(user, "RMD d", "SIZE d/a.ps") in ([550, 213], [250, 550])


def test_rename(user: FakeSender) -> None:
    """RNFR and RNTO: the old name is gone, the new one is there with its size."""
    stored(user, "a.part")
    assert said(user, "RNFR a.part", "RNTO a.ps", "SIZE a.part") == [350, 250, 550]
    assert user.say("SIZE a.ps") == f"213 {len(PAGE)}"


def test_renameWithoutEnd(user: FakeSender) -> None:
    """RNFR alone changes nothing."""
    stored(user, "a.ps")
    assert said(user, "RNFR a.ps", "SIZE a.ps", "QUIT") == [350, 213, 221]


def test_renameWithoutBeginning(user: FakeSender) -> None:
    """RNTO alone is out of order, also behind a complete pair."""
    stored(user, "a.ps")
    assert said(user, "RNTO b.ps") == [503]
    assert said(user, "RNFR a.ps", "RNTO b.ps", "RNTO c.ps") == [350, 250, 503]
    assert said(user, "SIZE b.ps", "SIZE c.ps") == [213, 550]


@pytest.mark.parametrize("between", ["NOOP", "PWD", "STAT", "TYPE I", "XYZZY"])
def test_renameWithSomethingBetween(user: FakeSender, between: str) -> None:
    """A word between RNFR and RNTO, such as one that keeps the session alive, does no harm."""
    stored(user, "a.ps")
    said(user, "RNFR a.ps", between)
    assert said(user, "RNTO b.ps", "SIZE b.ps") == [250, 213]


@pytest.mark.parametrize("path", ["nothing", "PORT1/nothing", "/nothing"])
def test_renameNothing(user: FakeSender, path: str) -> None:
    """What is not there cannot be renamed, and no RNTO is expected."""
    assert said(user, f"RNFR {path}", "RNTO b.ps") == [550, 503]


@pytest.mark.parametrize("path", ["PORT1", "/"])
def test_renamePort(user: FakeSender, path: str) -> None:
    """A printing port and the root keep their names, whichever of the two commands says so."""
    assert said(user, f"RNFR {path}", "RNTO b")[-1] in (503, 550)
    stored(user, "a.ps")
    assert said(user, "RNFR a.ps", f"RNTO {path}", "SIZE a.ps") == [350, 550, 213]


def test_renameAfterRefusal(user: FakeSender) -> None:
    """The last RNFR counts: where it was refused there is nothing to rename."""
    stored(user, "a.ps")
    assert said(user, "RNFR a.ps", "RNFR nothing", "RNTO b.ps") == [350, 550, 503]


@pytest.mark.parametrize("begin", ["REIN", "NOOP"])
def test_renameAcrossLogins(user: FakeSender, begin: str) -> None:
    """The RNFR of one login is nothing to the next, which has to begin with its own."""
    stored(user, "a.ps")
    said(user, "RNFR a.ps", begin)
    user.login("other")
    assert said(user, "RNTO b.ps") == [503]


def test_times(user: FakeSender) -> None:
    """MFMT sets what MDTM tells; MDTM with a time does so too."""
    stored(user, "a.ps")
    assert re.fullmatch(r"213 \d{14}", user.say("MDTM a.ps"))
    assert said(user, "MFMT 20010203040506 a.ps") == [213]
    assert user.say("MDTM a.ps") == "213 20010203040506"
    assert said(user, "MDTM 20020203040506 a.ps") == [213]
    assert user.say("MDTM a.ps") == "213 20020203040506"
    assert "modify=20020203040506;" in user.say("MLST a.ps")


@pytest.mark.parametrize(
    "time",
    [
        "2001",
        "20010203",
        "200102030405",
        "2001020304050",
        "200102030405060",
        "20011303040506",
        "20010232040506",
        "20010229040506",
        "20010203250506",
        "20010203046006",
        "20010203040561",
        "00000101000000",
        "xxxxxxxxxxxxxx",
        "-0010203040506",
        "20010203040506.",
        "2001-02-03",
    ],
)
def test_malformedTimes(user: FakeSender, time: str) -> None:
    """What is no time is refused, and the name keeps the one it had."""
    stored(user, "a.ps")
    before = user.say("MDTM a.ps")
    assert said(user, f"MFMT {time} a.ps") == [501]
    assert said(user, f"MDTM {time} a.ps")[0] in (501, 550)
    assert user.say("MDTM a.ps") == before


@pytest.mark.parametrize("argument", ["", " a.ps", " 20010203040506"])
def test_incompleteTimes(user: FakeSender, argument: str) -> None:
    """MFMT needs a time and a name."""
    stored(user, "a.ps")
    assert said(user, f"MFMT{argument}") == [501]


def test_earlyTimes(user: FakeSender) -> None:
    """A time that was accepted comes back in fourteen digits, however long ago it is."""
    stored(user, "a.ps")
    assert said(user, "MFMT 09990101000000 a.ps") == [213]
    assert user.say("MDTM a.ps") == "213 09990101000000"


def test_timesWithoutAnotherModule(user: FakeSender, monkeypatch: pytest.MonkeyPatch) -> None:
    """A time is understood without another module: none can be read without a descriptor."""
    stored(user, "a.ps")
    monkeypatch.setitem(sys.modules, "_strptime", None)
    assert user.say("MFMT 20161231235960 a.ps") == "213 Modify=20161231235960; a.ps"
    assert user.say("MDTM a.ps") == "213 20170101000000"


@pytest.mark.parametrize("verb", ["SIZE", "MDTM", "MFMT 20010203040506"])
@pytest.mark.parametrize("path", ["/", "PORT1", "d", "nothing"])
def test_factsOfNoFile(user: FakeSender, verb: str, path: str) -> None:
    """A directory has no size and no time; what is not there neither."""
    said(user, "MKD d")
    assert said(user, f"{verb} {path}") == [550]


@pytest.mark.parametrize("kind", ["A", "I"])
def test_sizeInAnyType(user: FakeSender, kind: str) -> None:
    """The size is that of the bytes, in any type, because none changes them."""
    stored(user, "a.ps")
    said(user, f"TYPE {kind}")
    assert user.say("SIZE a.ps") == f"213 {len(PAGE)}"


# Uploads


@pytest.mark.parametrize("verb", ["STOR", "APPE", "STOU", "stor"])
@pytest.mark.parametrize("kind", ["A", "I"])
def test_upload(gateway: MemoryGateway, user: FakeSender, verb: str, kind: str) -> None:
    """Every byte arrives, in any type and by any verb."""
    said(user, f"TYPE {kind}")
    stored(user, "a.ps", PAGE * 5000, verb)
    assert gateway.pages == [PAGE * 5000]


def test_uploadActively(gateway: MemoryGateway, user: FakeSender) -> None:
    """A job over a connection that the gateway dials."""
    assert said(user, "PORT 192,0,2,1,8,73", "STOR a.ps") == [200, 150]
    data = dialled(gateway)
    data.receive(PAGE)
    data.fin()
    assert codes(user.hear()) == [226]
    assert gateway.pages == [PAGE]


def test_uniqueNames(gateway: MemoryGateway, user: FakeSender) -> None:
    """STOU names what it stored, under two names if none was given; and with one it is that."""
    names = []
    for _ in range(2):
        found = re.fullmatch(r"150 FILE: (\S+)", user.begin("", "STOU"))
        assert found is not None
        names.append(found[1])
        assert codes(user.send(PAGE)) == [226]
    assert len(set(names)) == 2
    assert user.begin("a.ps", "STOU") == "150 FILE: a.ps"
    assert codes(user.send(PAGE)) == [226]
    assert fetched(user, "NLST")[2:] == [*names, "a.ps"]
    assert said(user, *(f"SIZE {name}" for name in names)) == [213, 213]


def test_appendTwice(gateway: MemoryGateway, user: FakeSender) -> None:
    """What is appended is a job of its own, and the size is that of the last."""
    stored(user, "a.ps", b"one", "APPE")
    stored(user, "a.ps", b"second", "APPE")
    assert gateway.pages == [b"one", b"second"]
    assert user.say("SIZE a.ps") == "213 6"


def test_restartAtZero(gateway: MemoryGateway, user: FakeSender) -> None:
    """REST 0 is a whole upload."""
    user.say("EPSV")
    assert said(user, "REST 0") == [350]
    stored(user, "a.ps")
    assert gateway.pages == [PAGE]


@pytest.mark.parametrize("offset", ["3", "-1", "x", "", "10.1", "99999999999999999999"])
def test_restartInTheMiddle(gateway: MemoryGateway, user: FakeSender, offset: str) -> None:
    """REST to elsewhere is refused; an upload behind it begins at its beginning."""
    assert said(user, f"REST {offset}") == [501]
    stored(user, "a.ps")
    assert gateway.pages == [PAGE]


def test_emptyFile(gateway: MemoryGateway, user: FakeSender) -> None:
    """A file may be empty."""
    stored(user, "a.ps", b"")
    assert user.say("SIZE a.ps") == "213 0"
    assert gateway.server.jobs[0].bytes == 0


def test_quitInMidTransfer(gateway: MemoryGateway, user: FakeSender) -> None:
    """QUIT waits for the end of the transfer, which is told before the goodbye."""
    pouring(user)
    assert user.say("QUIT") == ""
    assert codes(user.send(b" end")) == [226, 221]
    assert gateway.pages == [b"%!PS end"]
    assert user.wire.halfClosed


def test_hangUpInMidTransfer(gateway: MemoryGateway, user: FakeSender) -> None:
    """A sender that hangs up without QUIT has not sent a whole job."""
    data = pouring(user)
    user.wire.fin()
    assert not data.connected
    assert gateway.pages == []
    assert gateway.server.jobs[0].state is JobState.ABORTED


def test_severalInOneSession(gateway: MemoryGateway, user: FakeSender) -> None:
    """Jobs come out in the order in which they were sent."""
    jobs = [b"job %d" % n for n in range(20)]
    for n, job in enumerate(jobs):
        stored(user, f"{n}.ps", job)
    assert gateway.pages == jobs


@pytest.mark.parametrize("command", ["STOR a.ps", "STOU", "APPE a.ps", "LIST", "NLST", "MLSD"])
def test_withoutDataPort(gateway: MemoryGateway, user: FakeSender, command: str) -> None:
    """Without a data port there is no transfer, and no job."""
    assert said(user, command) == [425]
    assert not gateway.server.jobs
    stored(user, "a.ps")


def test_dataConnectionNeverComes(gateway: MemoryGateway, user: FakeSender) -> None:
    """A passive port that nobody comes to: 425 after a while, and the next job prints."""
    assert said(user, "PASV", "STOR a.ps") == [227, 150]
    gateway.reactor.advance(30)
    assert codes(user.hear()) == [425]
    stored(user, "a.ps")


@pytest.mark.parametrize(("part", "wanted"), [(b"", 451), (b"%!PS", 551)])
def test_uploadAfterAFailedOne(
    gateway: MemoryGateway, user: FakeSender, part: bytes, wanted: int
) -> None:
    """After a job whose data connection was reset the next one is whole."""
    assert codes(user.begin("a.ps")) == [150]
    assert user.data is not None
    if part:
        user.data.receive(part)
    user.data.rst()
    assert codes(user.hear()) == [wanted]
    assert said(user, "SIZE a.ps") == [550]
    stored(user, "a.ps")
    assert gateway.pages == [PAGE]


def test_uploadAfterAMissingPort(gateway: MemoryGateway, user: FakeSender) -> None:
    """The same after one that never began."""
    assert said(user, "STOR a.ps") == [425]
    stored(user, "a.ps")
    assert gateway.pages == [PAGE]


# Nothing is read back


@pytest.mark.parametrize("path", ["a.ps", "/a.ps", "nothing", "PORT1", "/", "../../etc/passwd"])
def test_retrieve(gateway: MemoryGateway, user: FakeSender, path: str) -> None:
    """Nothing can be read, stored or not; no data connection is spent on it."""
    stored(user, "a.ps")
    user.passive()
    assert said(user, "REST 0", f"RETR {path}") == [350, 550]
    assert user.data is not None
    assert user.data.connected and not user.data.said()
    assert said(user, "STOR b.ps") == [150]
    assert codes(user.send(PAGE)) == [226]
    assert gateway.pages == [PAGE, PAGE]


def test_nothingLooksReadable(user: FakeSender) -> None:
    """No mode in LIST has an r, and no permission in MLSD is that of RETR."""
    said(user, "MKD d")
    stored(user, "a.ps")
    lines = fetched(user, "LIST")
    assert len(lines) == 4
    assert not any("r" in line.split()[0] for line in lines)
    for line in fetched(user, "MLSD"):
        found = re.search(r"perm=(\w+);", line)
        assert found is not None and "r" not in found[1]


# Listings


@pytest.mark.parametrize("command", ["LIST", "NLST"])
@pytest.mark.parametrize("flags", ["", " -a", " -al", " -la", " -l -a", " -aL", " -1"])
@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("", ["PORT1", "PORT2", "d", "a.ps"]),
        (" /", ["PORT1", "PORT2", "d", "a.ps"]),
        (" .", ["PORT1", "PORT2", "d", "a.ps"]),
        (" ..", ["PORT1", "PORT2", "d", "a.ps"]),
        (" a.ps", ["a.ps"]),
        (" /a.ps", ["a.ps"]),
        (" PORT2", ["b.ps"]),
        (" port2/", ["b.ps"]),
        (" PORT2/b.ps", ["b.ps"]),
        (" d", []),
        (" nothing", []),
        (" nothing/at/all", []),
    ],
)
def test_list(user: FakeSender, command: str, flags: str, path: str, names: list[str]) -> None:
    """LIST and NLST take any flags; what is not there has an empty listing."""
    said(user, "MKD d")
    stored(user, "a.ps")
    stored(user, "PORT2/b.ps")
    assert [line.split()[-1] for line in fetched(user, command + flags + path)] == names


def test_listOfAPort(user: FakeSender) -> None:
    """LIST of a printing port also shows the session's jobs that are named elsewhere; NLST not."""
    stored(user, "a.ps")
    assert [line.split()[-1] for line in fetched(user, "LIST -al PORT1")] == ["a.ps"]
    assert fetched(user, "NLST PORT1") == []


def test_listInASubdirectory(user: FakeSender) -> None:
    """Without a path it is the current directory."""
    said(user, "MKD d", "CWD d")
    stored(user, "a.ps")
    assert fetched(user, "NLST") == ["a.ps"]
    assert fetched(user, "MLSD")[0].endswith("; a.ps")
    assert fetched(user, "NLST ..") == ["PORT1", "PORT2", "d"]


def test_listActively(gateway: MemoryGateway, user: FakeSender) -> None:
    """A listing goes over a connection that the gateway dials as well."""
    assert said(user, "PORT 192,0,2,1,8,73", "NLST") == [200, 150]
    data = dialled(gateway)
    assert codes(user.hear()) == [226]
    assert data.said() == b"PORT1\r\nPORT2\r\n"


@pytest.mark.parametrize("path", ["", " /", " .", " ..", " PORT1/.."])
def test_machineList(user: FakeSender, path: str) -> None:
    """MLSD has facts, a space and a name in each line, and what LIST shows."""
    stored(user, "a.ps")
    lines = fetched(user, "MLSD" + path)
    pattern = r"type=(dir|file;size=\d+);modify=\d{14};perm=\w+; (\S+)"
    found = [re.fullmatch(pattern, line) for line in lines]
    assert [each and each[2] for each in found] == ["PORT1", "PORT2", "a.ps"]
    assert f"size={len(PAGE)};" in lines[2]


@pytest.mark.parametrize("path", ["nothing", "/nothing", "a.ps", "-a", "-al"])
def test_machineListOfNoDirectory(user: FakeSender, path: str) -> None:
    """MLSD is for directories, and has no flags; the refusal spends no data connection."""
    stored(user, "a.ps")
    user.passive()
    assert said(user, f"MLSD {path}", "NLST") == [550, 150, 226]


@pytest.mark.parametrize(
    ("path", "kind"), [("/", "dir"), ("", "dir"), ("PORT1", "dir"), ("d", "dir"), ("a.ps", "file")]
)
def test_machineFacts(user: FakeSender, path: str, kind: str) -> None:
    """MLST tells of one name over the control connection: three lines, the second indented."""
    said(user, "MKD d")
    stored(user, "a.ps")
    first, facts, last = user.say(f"MLST {path}").split("\n")
    assert (first[:4], last[:4]) == ("250-", "250 ")
    assert re.fullmatch(rf" type={kind};.*; {re.escape(path or '/')}", facts)


def test_machineFactsOfNothing(user: FakeSender) -> None:
    """MLST of what is not there is refused."""
    assert said(user, "MLST nothing", "MLST PORT1/nothing") == [550, 550]


def test_machineFactsOfHere(user: FakeSender) -> None:
    """MLST without a path names the directory whose facts it tells."""
    said(user, "CWD PORT2")
    assert not user.say("MLST").split("\n")[1].endswith("; /")


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("", 211),
        ("PORT1", 213),
        ("/port2/", 213),
        ("nothing", 550),
        ("PORT13", 550),
        ("a.ps", 213),
        ("-l a.ps", 213),
        ("-strange.ps", 213),
        ("-l", 212),
        ("-al /", 212),
        ("/", 212),
        ("d", 212),
        ("-l PORT1", 212),
    ],
)
def test_statusWithPath(user: FakeSender, path: str, wanted: int) -> None:
    """STAT tells of the session, of a printing port, or what LIST tells of a path."""
    stored(user, "a.ps")
    stored(user, "-strange.ps")
    said(user, "MKD d")
    assert said(user, f"STAT {path}") == [wanted]


@pytest.mark.parametrize("path", ["/", "a b.ps", "-l", "d", "-a PORT2"])
def test_statusIsTheListing(user: FakeSender, path: str) -> None:
    """The lines of LIST, each behind a blank (RFC 959, page 36), over the control connection."""
    stored(user, "a b.ps")
    stored(user, "PORT2/c.ps")
    said(user, "MKD d")
    user.passive()
    user.say(f"LIST {path}")
    assert user.data is not None
    lines = user.data.said().decode().splitlines()
    _, *found, _ = user.say(f"STAT {path}").split("\n")
    assert found == [f" {line}" for line in lines]
    assert lines or path == "d"


@pytest.mark.parametrize("checked", [False, True])
def test_strangersJobs(checked: bool) -> None:
    """
    STAT of a printing port tells the names of the session's own jobs; with checked logins those of
    the same user.  Others' jobs are a number, a state and bytes.
    """
    known = InMemoryUsernamePasswordDatabaseDontUse(ann=b"x", bob=b"x")
    gateway = Gateway(
        Configuration([FakePrinter()], [], checkers=[known] * checked), MemoryReactorClock()
    )
    first, same, other = (FakeSender(gateway.factory, f"192.0.2.{n}") for n in (1, 2, 3))
    for sender, name in ((first, "ann"), (same, "ann"), (other, "bob")):
        assert codes(sender.login(name, "x")) == [230]
    first.begin("Mrs Smith.pdf")
    assert first.data is not None
    first.data.receive(b"1234")

    def status(sender: FakeSender) -> str:
        return sender.say("STAT PORT1").split("\n")[1]

    line = " job 1: processing, 4 bytes"
    assert status(first) == f"{line}, Mrs Smith.pdf"
    assert status(other) == line
    assert status(same) == (f"{line}, Mrs Smith.pdf" if checked else line)
    assert "Smith" not in other.say("STAT") + other.say("STAT /") + other.say("STAT -l PORT1")
    for sender in (first, same, other):
        sender.wire.rst()


@pytest.mark.parametrize("verb", ["LIST", "NLST", "MLSD"])
def test_listingsArePrintable(user: FakeSender, verb: str) -> None:
    """Nothing in a listing controls a terminal, and each name that it shows is found by SIZE."""
    evil = ["a\x1b[31m", "b\x9bc", "d\u202ee", "f\rg", "h\x00i", "j\u2028k"]
    evil += ["\u0416\u65e5 \u3000", "caf\udce9\udc9b"]
    for name in evil:
        user.passive()
        user.say(b"STOR " + encoded(name))
        user.send(b"1234")
    user.passive()
    user.say(verb)
    assert user.data is not None
    before = {"LIST": rb".* \d\d:\d\d ", "NLST": b"", "MLSD": b"[^ ]*; "}[verb]
    lines = [re.sub(b"^" + before, b"", line) for line in user.data.said().split(b"\r\n")]
    names = [line for line in lines if line and b"PORT" not in line]
    assert len(names) == len(evil)
    shown = decoded(b"\n".join(names))
    assert re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u202e\udc80-\udc9f]", shown) is None
    assert "\u0416\u65e5 \u3000" in shown and "caf\udce9\\x9b" in shown
    if verb == "NLST":
        for line in names:
            assert user.say(b"SIZE " + line) == "213 4", line


# Aborts


def test_abortIdle(user: FakeSender) -> None:
    """ABOR with nothing to abort is fine."""
    assert said(user, "ABOR", "ABOR") == [226, 226]
    stored(user, "a.ps")


@pytest.mark.parametrize("command", ["PASV", "EPSV", "PORT 192,0,2,1,8,73"])
def test_abortBeforeTheTransfer(gateway: MemoryGateway, user: FakeSender, command: str) -> None:
    """ABOR takes a data port back that was not used yet."""
    user.say(command)
    assert said(user, "ABOR", "STOR a.ps") == [226, 425]
    if gateway.reactor.tcpServers:
        assert user.connect() is None
    assert not gateway.reactor.tcpClients
    stored(user, "a.ps")


def test_abortOpenDataConnection(user: FakeSender) -> None:
    """The same when the data connection is there already."""
    user.passive()
    assert said(user, "ABOR") == [226]
    assert user.data is not None and not user.data.connected


@pytest.mark.parametrize("abort", [b"ABOR", b"abor", b"\xff\xf4\xff\xf2ABOR", b"\xf2ABOR"])
def test_abortInMidTransfer(gateway: MemoryGateway, user: FakeSender, abort: bytes) -> None:
    """ABOR in a transfer: 426 for it, 226 for itself, also behind Telnet's signals."""
    data = pouring(user)
    assert codes(user.say(abort)) == [426, 226]
    assert not data.connected
    assert gateway.printers[0].jobs[0].ended == "aborted"
    assert said(user, "SIZE going.ps") == [550]
    stored(user, "a.ps")
    assert gateway.pages == [PAGE]


def test_abortActively(gateway: MemoryGateway, user: FakeSender) -> None:
    """The same over a connection that the gateway dialled."""
    said(user, "PORT 192,0,2,1,8,73", "STOR a.ps")
    data = dialled(gateway)
    data.receive(b"%!PS")
    assert said(user, "ABOR") == [426, 226]
    assert not data.connected


def test_abortTwice(gateway: MemoryGateway, user: FakeSender) -> None:
    """Each of two ABOR has its 226, and the transfer one 426."""
    pouring(user)
    assert said(user, "ABOR", "ABOR") == [426, 226, 226]
    gateway.printers[0].hesitant = True
    pouring(user)
    heard = user.say("ABOR") + "\n" + user.say("ABOR")
    gateway.printers[0].jobs[-1].answer()
    assert codes(f"{heard}\n{user.hear()}") == [426, 226, 226]


def test_abortAfterTheTransfer(gateway: MemoryGateway, user: FakeSender) -> None:
    """An ABOR that comes too late takes nothing back."""
    stored(user, "a.ps")
    assert said(user, "ABOR", "SIZE a.ps") == [226, 213]
    assert gateway.pages == [PAGE]


# Data ports


@pytest.mark.parametrize(
    ("command", "wanted"),
    [
        ("PORT", 501),
        ("PORT x", 501),
        ("PORT 192,0,2,1,8", 501),
        ("PORT 192,0,2,1,8,73,1", 501),
        ("PORT 192,0,2,1,8,73,", 501),
        ("PORT ,192,0,2,1,8,73", 501),
        ("PORT 192,0,2,1,8,x", 501),
        ("PORT 192.0.2.1.8.73", 501),
        ("PORT 192, 0, 2, 1, 8, 73", 501),
        ("PORT 256,0,2,1,8,73", 501),
        ("PORT 192,0,2,1,256,1", 501),
        ("PORT -1,0,2,1,8,73", 501),
        ("PORT 192,0,2,2,8,73", 504),
        ("PORT 10,0,0,1,8,73", 504),
        ("PORT 192,0,2,1,0,20", 504),
        ("PORT 192,0,2,1,3,255", 504),
        ("EPRT", 501),
        ("EPRT x", 501),
        ("EPRT |||", 501),
        ("EPRT ||||", 501),
        ("EPRT |1|192.0.2.1|2121", 501),
        ("EPRT 1|192.0.2.1|2121|", 501),
        ("EPRT |1|192.0.2.1|2121||", 501),
        ("EPRT |1|192.0.2.1|x|", 501),
        ("EPRT |1|192.0.2.1|-1|", 501),
        ("EPRT |1|192.0.2.1|65536|", 501),
        ("EPRT |1|192.0.2.1||", 501),
        ("EPRT |1|192.0.2.256|2121|", 501),
        ("EPRT |1|2001:db8::1|2121|", 501),
        ("EPRT |2|192.0.2.1|2121|", 501),
        ("EPRT |x|192.0.2.1|2121|", 501),
        ("EPRT |3|192.0.2.1|2121|", 522),
        ("EPRT |0|192.0.2.1|2121|", 522),
        ("EPRT |1|192.0.2.2|2121|", 504),
        ("EPRT |2|2001:db8::1|2121|", 504),
        ("EPRT |1|192.0.2.1|22|", 504),
        ("EPSV 2", 522),
        ("EPSV 3", 522),
        ("EPSV x", 522),
    ],
)
def test_badDataPorts(gateway: MemoryGateway, user: FakeSender, command: str, wanted: int) -> None:
    """What is no address, or somebody else's, or privileged, is not dialled."""
    assert said(user, command, "STOR a.ps") == [wanted, 425]
    assert not gateway.reactor.tcpClients
    assert not gateway.reactor.tcpServers


@pytest.mark.parametrize("delimiter", list("|!/#:~1"))
def test_delimiters(user: FakeSender, delimiter: str) -> None:
    """EPRT may use any printable delimiter that is not in its fields."""
    wanted = 501 if delimiter == "1" else 200
    assert said(user, f"EPRT {delimiter}1{delimiter}192.0.2.1{delimiter}2121{delimiter}") == [
        wanted
    ]


@pytest.mark.parametrize("command", ["PASV", "PASV x", "EPSV", "EPSV 1", "pasv"])
def test_passivePorts(gateway: MemoryGateway, user: FakeSender, command: str) -> None:
    """A passive port is announced, and serves one transfer."""
    assert said(user, command)[0] in (227, 229)
    assert user.connect() is not None
    assert said(user, "STOR a.ps") == [150]
    assert codes(user.send(PAGE)) == [226]
    assert said(user, "STOR b.ps") == [425]
    assert gateway.pages == [PAGE]


def test_extendedOnly(user: FakeSender) -> None:
    """EPSV ALL rules out all other commands, until REIN."""
    assert said(user, "EPSV ALL", "EPSV") == [200, 229]
    assert said(user, "PASV", "PORT 192,0,2,1,8,73", "EPRT |1|192.0.2.1|2121|") == [503] * 3
    stored(user, "a.ps")
    said(user, "REIN")
    user.login()
    assert said(user, "PASV", "PORT 192,0,2,1,8,73") == [227, 200]


@pytest.mark.parametrize("command", ["PASV", "EPSV"])
def test_foreignDataConnection(gateway: MemoryGateway, user: FakeSender, command: str) -> None:
    """Somebody else at the passive port is sent away, and the sender is still expected."""
    said(user, command, "STOR a.ps")
    assert user.connect("192.0.2.77") is None
    assert user.connect() is not None
    assert codes(user.send(PAGE)) == [226]
    assert gateway.pages == [PAGE]


def test_passiveTwice(gateway: MemoryGateway, user: FakeSender) -> None:
    """The last of two passive ports counts; the first is closed."""
    said(user, "PASV", "PASV")
    first = gateway.reactor.tcpServers[0][1]
    assert first.buildProtocol(IPv4Address("TCP", "192.0.2.1", 40002)) is None
    assert user.connect() is not None
    assert said(user, "STOR a.ps") == [150]
    assert codes(user.send(PAGE)) == [226]


def test_passiveThenActive(gateway: MemoryGateway, user: FakeSender) -> None:
    """PORT takes the place of an earlier PASV."""
    said(user, "PASV", "PORT 192,0,2,1,8,73")
    assert user.connect() is None
    assert said(user, "STOR a.ps") == [150]
    data = dialled(gateway)
    data.receive(PAGE)
    data.fin()
    assert codes(user.hear()) == [226]


def test_activeThenPassive(gateway: MemoryGateway, user: FakeSender) -> None:
    """PASV takes the place of an earlier PORT."""
    said(user, "PORT 192,0,2,1,8,73", "PASV")
    assert user.connect() is not None
    assert said(user, "STOR a.ps") == [150]
    assert codes(user.send(PAGE)) == [226]
    assert not gateway.reactor.tcpClients


# Limits


def test_maxSessions() -> None:
    """One session too many is told so and closed; after a goodbye there is a place again."""
    gateway = two(maxSessions=2)
    first, _second = gateway.user(), gateway.stranger("192.0.2.2")
    third = gateway.stranger("192.0.2.3")
    assert codes(third.greeting) == [421]
    assert third.wire.halfClosed
    assert said(third, "USER a") == []
    assert said(first, "QUIT") == [221]
    gateway.user("192.0.2.3")


def test_idleTime() -> None:
    """
    A sender that says nothing for long enough is told goodbye, and each word begins the time anew.
    """
    gateway = two(idleTimeout=60)
    user = gateway.user()
    for _ in range(3):
        gateway.reactor.advance(59)
        assert said(user, "NOOP") == [200]
    gateway.reactor.advance(59)
    assert user.hear() == ""
    gateway.reactor.advance(1)
    assert codes(user.hear()) == [421]
    assert user.wire.halfClosed


def test_idleInATransfer() -> None:
    """Bytes that come keep the session, however long it takes."""
    gateway = two(idleTimeout=60)
    user = gateway.user()
    data = pouring(user)
    for _ in range(5):
        gateway.reactor.advance(59)
        data.receive(b".")
    assert codes(user.send(b"!")) == [226]
    assert gateway.pages == [b"%!PS.....!"]


@pytest.mark.parametrize(("part", "wanted"), [(b"", 451), (b"%!PS", 551)])
def test_dataIdleTime(part: bytes, wanted: int) -> None:
    """A silent data connection ends its job, not the session."""
    gateway = two(dataIdleTimeout=10)
    user = gateway.user()
    assert codes(user.begin("a.ps")) == [150]
    assert user.data is not None
    if part:
        user.data.receive(part)
    gateway.reactor.advance(9)
    assert user.hear() == ""
    gateway.reactor.advance(1)
    assert codes(user.hear()) == [wanted]
    stored(user, "a.ps")


@pytest.mark.parametrize("commands", [[], ["USER a"], ["NOOP"], ["REIN"], ["XYZZY"]])
def test_loginDeadline(commands: list[str]) -> None:
    """A sender that does not log in in time is told so, whatever else was said."""
    gateway = two(loginTimeout=20)
    stranger = gateway.stranger()
    gateway.reactor.advance(19)
    said(stranger, *commands)
    assert not stranger.wire.halfClosed
    gateway.reactor.advance(1)
    assert codes(stranger.hear()) == [421]
    assert stranger.wire.halfClosed


def test_loginInTime() -> None:
    """A sender that logs in in time has no deadline, until the login is ended."""
    gateway = two(loginTimeout=20)
    user = gateway.user()
    gateway.reactor.advance(100)
    assert said(user, "PWD", "REIN") == [257, 220]
    gateway.reactor.advance(20)
    assert codes(user.hear()) == [421]


def test_greeting() -> None:
    """The greeting is the operator's, also after REIN."""
    stranger = two(greeting="Third floor, left").stranger()
    assert stranger.greeting == stranger.say("REIN") == "220 Third floor, left"


# Odd input


@pytest.mark.parametrize("line", ["", " ", "\t", "\r", "   \t "])
def test_emptyLines(user: FakeSender, line: str) -> None:
    """An empty line is nothing, and has no answer."""
    assert user.say(line) == ""
    assert said(user, "NOOP") == [200]


@pytest.mark.parametrize(
    "line",
    [
        b"XYZZY",
        b"XYZZY with arguments",
        b"?!#",
        b"STO",
        b"STORE a.ps",
        b"ftp_STOR a.ps",
        b"__CLASS__",
        b"\x80\x81\x82",
        b"no\xdf",
        b"123",
        b"%s%n{0}",
    ],
)
def test_unknownVerbs(gateway: MemoryGateway, line: bytes) -> None:
    """What is no command is 500 in one line, before login and after, and does no harm."""
    for sender in (gateway.stranger(), gateway.user()):
        assert sender.say(line).startswith("500 ")
        assert said(sender, "NOOP") == [200]


@pytest.mark.parametrize("line", [b"NOOP\x00", b"\x00NOOP", b"NO\x00OP", b"\x00\x00NOOP\x00"])
def test_nulls(gateway: MemoryGateway, line: bytes) -> None:
    """A NUL is nothing, wherever it stands."""
    for sender in (gateway.stranger(), gateway.user()):
        assert codes(sender.say(line)) == [200]
        assert sender.say(b"\x00\x00\x00") == ""


@pytest.mark.parametrize("verb", ["CWD", "MKD", "RNFR", "SIZE", "MDTM", "MLST", "STAT", "HELP"])
def test_nullsInArguments(user: FakeSender, verb: str) -> None:
    """In an argument it is nothing, too, and does not come back."""
    heard = user.say(f"{verb} a\0b")
    assert len(codes(heard)) == 1
    assert "\0" not in heard


@pytest.mark.parametrize("length", [4097, 5000, 60000])
def test_longLines(stranger: FakeSender, length: int) -> None:
    """A line that is too long is 500, and the next one is heard."""
    assert said(stranger, "x" * length, "NOOP") == [500, 200]
    assert said(stranger, "USER " + "x" * length, "PASS x") == [500, 503]


def test_longestLine(gateway: MemoryGateway, user: FakeSender) -> None:
    """A line that is just not too long is a command."""
    stored(user, "x" * (4096 - len("STOR ")))
    assert gateway.pages == [PAGE]


def test_endlessLine(user: FakeSender) -> None:
    """A sender that sends no line end at all is no FTP client."""
    user.wire.receive(b"x" * 70000)
    assert codes(user.hear()) == [500]
    assert user.wire.halfClosed


@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_pipelined(stranger: FakeSender, end: bytes) -> None:
    """Commands that come all at once are answered one after the other."""
    commands = [b"USER a", b"PASS b", b"", b"TYPE I", b"XYZZY", b"CWD PORT2", b"PWD", b"QUIT"]
    stranger.wire.receive(b"".join(command + end for command in commands))
    assert codes(stranger.hear()) == [331, 230, 200, 500, 250, 257, 221]


def test_byteByByte(stranger: FakeSender) -> None:
    """A command may come in as many pieces as it has bytes."""
    for byte in b"USER a\r\nPASS b\r\nPWD\r\n":
        stranger.wire.receive(bytes([byte]))
    assert codes(stranger.hear()) == [331, 230, 257]


def test_pipelinedBehindATransfer(gateway: MemoryGateway, user: FakeSender) -> None:
    """What is said in a transfer waits for its end; NOOP and STAT do not."""
    pouring(user)
    assert said(user, "PWD", "EPSV", "NOOP", "STAT", "STOR b.ps") == [200, 211]
    assert codes(user.send(b"")) == [226, 257, 229, 150]
    assert user.connect() is not None
    assert codes(user.send(PAGE)) == [226]
    assert gateway.pages == [b"%!PS", PAGE]


def test_tooManyWaiting(gateway: MemoryGateway, user: FakeSender) -> None:
    """
    A sender that says too much in a transfer is heard no more; the job itself is printed and told.
    """
    pouring(user)
    for _ in range(100):
        user.say("PWD")
    assert codes(user.send(b"")) == [226, 421]
    assert gateway.pages == [b"%!PS"]


def test_afterGoodbye(user: FakeSender) -> None:
    """Behind QUIT nothing is heard."""
    user.wire.receive(b"QUIT\r\nPWD\r\nNOOP\r\n")
    assert codes(user.hear()) == [221]
    assert user.say("NOOP") == ""


@pytest.mark.parametrize("verb", ["STOR", "APPE", "STOU"])
def test_refusedPathSpendsTheDataConnection(user: FakeSender, verb: str) -> None:
    """
    What came for a refused path is never a part of the next job; the refusal is told before the
    data connection goes.
    """
    user.passive()
    assert user.data is not None
    user.data.receive(b"for PORT13")
    assert said(user, f"{verb} PORT13") == [550]
    assert not user.data.connected
    assert said(user, "STOR a.ps") == [425]
