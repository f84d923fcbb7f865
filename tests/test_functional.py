"""
What clients expect of any FTP server, as far as one that only prints can give it: whole
conversations, told one after the other.
"""

from __future__ import annotations

import pytest

from jetdirect.testing import FakeSender
from tests.support.dialogue import PAGE, pouring, said, stored, two, where
from tests.support.memory import MemoryGateway, codes

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
