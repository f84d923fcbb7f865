"""
Peers that speak something else than FTP, or not fast enough to be anything.
"""

from __future__ import annotations

import pytest

from jetdirect.ftp.commands.table import COMMANDS
from jetdirect.ftp.interpreter import UNKNOWN_WORDS
from jetdirect.ftp.settings import LINE_TIMEOUT
from jetdirect.ftp.strangers import isForeign, startsStrangely
from jetdirect.testing import FakeSender
from tests.support.memory import MemoryGateway

CUT = "500 This is an FTP server"
SMUGGLED = b"USER x\r\nPASS y\r\nEPSV\r\nSTOR page\r\n"


@pytest.fixture
def sender() -> FakeSender:
    """Somebody who has just connected."""
    return MemoryGateway().stranger()


@pytest.mark.parametrize("first", [b"\x16\x03\x01\x02\x00", b"\x1b%-12345X@PJL", b"\x04%!PS"])
def test_strangeBeginning(first: bytes, sender: FakeSender) -> None:
    """A TLS handshake or a print job where FTP is spoken is cut at its first byte."""
    sender.wire.receive(first + b"\r\n" + SMUGGLED)
    assert sender.hear() == CUT
    assert sender.wire.halfClosed


@pytest.mark.parametrize(
    "first", [b"", b"\r", b"\n", b"\t", b"\0", b" ", b"USER", b"\xff", b"\xc3"]
)
def test_usualBeginning(first: bytes) -> None:
    """Empty lines, blanks, Telnet's IAC and odd letters are forgiven."""
    assert not startsStrangely(first)


def test_beginningOnly(sender: FakeSender) -> None:
    """Later on, a control character is just a bad command."""
    sender.say("NOOP")
    assert sender.say(b"\x16\x03\x01") == "500 Command not understood"
    assert sender.say("QUIT")[:3] == "221"


@pytest.mark.parametrize(
    "line",
    [
        b"GET / HTTP/1.1",
        b"POST /print HTTP/1.1",
        b"put / HTTP/1.1",
        b"OPTIONS * HTTP/1.1",
        b"CONNECT 192.0.2.1:25 HTTP/1.1",
        b"PRI * HTTP/2.0",
        b"EHLO example.com",
        b"HELO example.com",
        b"SSH-2.0-OpenSSH_9.2p1",
    ],
)
@pytest.mark.parametrize("login", [False, True])
def test_foreignWord(line: bytes, login: bool, sender: FakeSender) -> None:
    """The first line of a browser, a mail client or SSH ends the session, logged in or not."""
    if login:
        sender.login()
    sender.wire.receive(line + b"\r\n" + SMUGGLED)
    assert sender.hear() == CUT
    assert sender.wire.halfClosed


@pytest.mark.parametrize("word", ["USER", "STOR", "HELP", "SSH", "GETS", "", "OPTS", "HOST"])
def test_ownWord(word: str) -> None:
    """What FTP knows, or nobody, is no foreign word."""
    assert not isForeign(word)


def test_commandsAreNotForeign() -> None:
    """A word that is a command is not looked up among those of other protocols."""
    assert not [*filter(isForeign, COMMANDS)]


def test_foreignWordInMidJob(sender: FakeSender) -> None:
    """A job that is under way has its own reply first."""
    sender.login()
    sender.begin("page")
    assert sender.say("GET / HTTP/1.1") == ""
    assert sender.say("NOOP") == ""
    heard = sender.send(b"page").split("\n")
    assert [line[:4] for line in heard] == ["226-", "226-", "226 ", "500 "]


def test_unknownWords(sender: FakeSender) -> None:
    """The header of a request has more unknown words than any FTP client tries before login."""
    sender.wire.receive(b"Host: example\r\nAccept: */*\r\nCookie: a\r\n" + SMUGGLED)
    assert sender.hear().split("\n") == [*["500 Command not understood"] * 2, CUT]
    assert sender.wire.halfClosed


def test_ownWordsAreNotStrange(sender: FakeSender) -> None:
    """FTP's own words that are no command here make nobody a stranger."""
    words = ["HOST ftp.example", "LANG en", "CSID name=x", "ENC x", "XCRC a", "MAIL x", "LPSV"]
    for line in words:
        assert sender.say(line) == "500 Command not understood"
    assert sender.login().endswith("230 User logged in")


@pytest.mark.parametrize(
    "line",
    [
        b"USER a",
        b"user a\0",
        b"\0\0USER a",
        b"U\0SER a",
        b"USER a\r\0",
        b"USER a  \t",
        b"USER\ta",
        b"USER \t a",
        b"  USER a",
        b"\tUSER a",
        b"USER a\x1a",
        b"USER a\x04",
        b"USER a\r",
        b"\xef\xbb\xbfUSER a",
        b"\x1a",
        b"\r",
        b"\0",
        b" \t ",
    ],
)
def test_noise(line: bytes, sender: FakeSender) -> None:
    """What scripts leave around and between words means nothing; a line of it alone is none."""
    sender.say("NOOP")
    sender.say(line)
    if b"a" in line:
        assert sender.session.login.user == "a"  # type: ignore[attr-defined]
    else:
        for _ in range(UNKNOWN_WORDS):
            assert sender.say(line) == ""
    assert sender.login().endswith("230 User logged in")


def test_noiseInAName(sender: FakeSender) -> None:
    """A name keeps its inner blanks."""
    sender.login()
    assert '"/a b  c"' in sender.say(b"MKD  a b  c \0")


def test_unknownWordsAfterLogin(sender: FakeSender) -> None:
    """A sender that has logged in may try what he likes."""
    sender.say("XONE")
    sender.say("XTWO")
    sender.login()
    for _ in range(5):
        assert sender.say("XMORE") == "500 Command not understood"


def test_slowLine() -> None:
    """A byte now and then keeps no session: a line has an end in time, or it was the last."""
    gateway = MemoryGateway()
    sender = gateway.stranger()
    sender.login()
    for byte in b"STOR a":
        sender.wire.receive(bytes([byte]))
        gateway.reactor.advance(LINE_TIMEOUT / 6)
    assert sender.hear() == ("421 Service not available, no end of a command within 60 seconds")
    assert sender.wire.halfClosed


@pytest.mark.parametrize("end", [b"\n", b"P\r\n", b"\r\n\r\nNO"])
def test_lineInTime(end: bytes) -> None:
    """Each line has the whole time, and between lines there is no such limit."""
    gateway = MemoryGateway()
    sender = gateway.stranger()
    sender.login()
    for _ in range(4):
        sender.wire.receive(b"NOO")
        gateway.reactor.advance(LINE_TIMEOUT - 1)
        sender.wire.receive(end)
    assert not sender.wire.halfClosed
    sender.wire.receive(b"\n")
    gateway.reactor.advance(LINE_TIMEOUT + 1)
    assert not sender.wire.halfClosed


def test_slowLineInMidJob() -> None:
    """A job is not made to suffer for it."""
    gateway = MemoryGateway(lineTimeout=5)
    sender = gateway.stranger()
    sender.login()
    sender.begin("page")
    sender.wire.receive(b"STA")
    gateway.reactor.advance(5)
    heard = sender.send(b"page").split("\n")
    assert [line[:4] for line in heard] == ["226-", "226-", "226 ", "421 "]


def test_nothingLeftBehind() -> None:
    """A session that ends in mid-line leaves no timer."""
    gateway = MemoryGateway(idleTimeout=0)
    sender = gateway.stranger()
    sender.login()
    sender.wire.receive(b"NOO")
    sender.wire.rst()
    assert not gateway.reactor.getDelayedCalls()
