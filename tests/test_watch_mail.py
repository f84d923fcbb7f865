"""
Alarms by mail: what a mail is like, a real mail server, and servers that are none.
"""

from __future__ import annotations

import email
from collections.abc import Callable, Iterator
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor as theReactor
from twisted.internet.defer import CancelledError
from twisted.internet.error import ConnectionDone
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure
from zope.interface.verify import verifyObject

from jetdirect.interfaces import IAlarmReceiver
from jetdirect.watch.alarms import MOST, Digest, Event
from jetdirect.watch.mail import LONGEST_REPLY, MailReceiver, message
from jetdirect.watch.settings import MailServer
from jetdirect.watch.wire import FAREWELL, NotTold
from tests.support.answers import hear
from tests.support.behaviours import NoPrinter
from tests.support.certificate import selfSigned
from tests.support.mailroom import LOGIN, Mailroom

reactor: Any = theReactor
FROM, TO = "jetdirect@gw1.example", "ops@example.com"
NOW = 1_700_000_000.0


def digest(*texts: str, port: str = "ward3", more: int = 0) -> Digest:
    """What is told."""
    events = [
        Event(str(n), "port.stopped", port, text, NOW)
        for n, text in enumerate(texts or ("ward3 (Ward 3) stopped: media-empty",))
    ]
    return Digest("0123abcd", tuple(events), more)


def parsed(told: Digest) -> Any:
    """A mail as a mail program reads it."""
    return email.message_from_bytes(message(told, "gw1", FROM, TO, NOW), policy=default)


def test_message() -> None:
    """It says who, what and when, and that a machine has written it."""
    mail = parsed(digest(more=3))
    assert mail["Subject"] == "jetdirect on gw1: ward3 is stopped, and more"
    assert (mail["From"], mail["To"]) == (FROM, TO)
    assert mail["Message-ID"] == "<0123abcd@gw1.example>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Date"].datetime.timestamp() == NOW
    text = mail.get_content().replace("\r\n", "\n")
    assert ": ward3 (Ward 3) stopped: media-empty\n... and 3 more\n" in text
    assert "jetdirect ports" in text


@pytest.mark.parametrize(
    "name",
    [
        "a\r\nBcc: thief@example.com\r\n\r\nhello",
        "a\nSubject: free",
        ".\r\nMAIL FROM:<x@example.com>",
        "Überweisung 日本語 \u202egnp.exe",
        "\x1b]0;title\x07\x00\udcff",
        "=?utf-8?q?x?=",
        "x" * 5000,
    ],
)
def test_hostileName(name: str) -> None:
    """Whatever a job is called, the mail has the same head, and the name in one line of text."""
    mail = parsed(digest(f"job 31 on ward3 is held: doubt ({name})"))
    assert mail.keys() == parsed(digest()).keys()
    assert mail["Subject"] == "jetdirect on gw1: ward3 is stopped"
    lines = mail.get_content().splitlines()
    assert lines[0].startswith("since 20") and lines[0].endswith(")")
    assert lines[1:] == parsed(digest()).get_content().splitlines()[1:]
    assert not set("\x1b\x00\x07\u202e") & {*mail.get_content()}
    raw = message(digest(f"({name})"), "gw1", FROM, TO, NOW)
    assert all(len(each) <= 998 for each in raw.split(b"\r\n"))
    assert b"\n." not in raw and raw.isascii() and raw.count(b"\n") == raw.count(b"\r\n")


def test_longMail() -> None:
    """A mail with all the lines that it may have arrives whole, whatever they begin with."""
    text = parsed(digest(*[f".{'y' * 300} {n}" for n in range(MOST)])).get_content()
    assert [line.rpartition(" ")[2] for line in text.splitlines()[:MOST]] == [
        str(n) for n in range(MOST)
    ]


# A real server.


@pytest.fixture
def mailroom() -> Iterator[Callable[..., Mailroom]]:
    """Starts mail servers."""
    started: list[Mailroom] = []

    def start(*arguments: Any, **more: Any) -> Mailroom:
        started.append(Mailroom(*arguments, **more))
        return started[-1]

    yield start
    for each in started:
        each.stop()


def receiver(server: MailServer) -> MailReceiver:
    """One on the real reactor."""
    return MailReceiver(reactor, server, FROM, TO, "gw1")


@pytest.mark.slow
@pytest_twisted.ensureDeferred
async def test_real(mailroom: Callable[..., Mailroom]) -> None:
    """A real mail server has the mail, long as it is."""
    room = mailroom()
    told = digest(*["é" * 300] * 200)
    await receiver(MailServer("127.0.0.1", room.port)).tell(told, NOW)
    [(sender, to, mail)] = room.mails
    assert (sender, to) == (FROM, [TO])
    assert mail.get_content().count("é") == 200 * 300


@pytest.mark.slow
@pytest.mark.parametrize(
    ("reply", "final"), [("550 5.1.1 no such user", True), ("451 4.7.1 greylisted", False)]
)
@pytest_twisted.ensureDeferred
async def test_refusedAddress(mailroom: Callable[..., Mailroom], reply: str, final: bool) -> None:
    """An address that is refused has failed; for now only, if the server says so."""
    room = mailroom()
    room.refused = {TO: reply}
    with pytest.raises(NotTold, match=reply) as error:
        await receiver(MailServer("127.0.0.1", room.port)).tell(digest(), NOW)
    assert error.value.final is final and room.mails == []


@pytest.mark.slow
@pytest.mark.parametrize("secure", [False, True])
@pytest_twisted.ensureDeferred
async def test_login(mailroom: Callable[..., Mailroom], tmp_path: Path, secure: bool) -> None:
    """With STARTTLS, and with TLS from the beginning, there is a login, and all is encrypted."""
    certificate = selfSigned(tmp_path)
    room = mailroom(certificate, secure)
    user, password = LOGIN
    server = MailServer("127.0.0.1", room.port, secure, user, password, str(certificate))
    await receiver(server).tell(digest(), NOW)
    assert room.logins == [LOGIN]
    assert room.encrypted == [True] or secure
    assert len(room.mails) == 1


@pytest.mark.slow
@pytest.mark.parametrize("secure", [False, True])
@pytest_twisted.ensureDeferred
async def test_stranger(mailroom: Callable[..., Mailroom], tmp_path: Path, secure: bool) -> None:
    """A server that nobody vouches for does not get the password."""
    room = mailroom(selfSigned(tmp_path), secure)
    server = MailServer("127.0.0.1", room.port, secure, *LOGIN)
    with pytest.raises(NotTold, match="certificate is not trusted"):
        await receiver(server).tell(digest(), NOW)
    assert room.logins == [] and room.mails == []


@pytest.mark.slow
@pytest_twisted.ensureDeferred
async def test_wrongPassword(mailroom: Callable[..., Mailroom], tmp_path: Path) -> None:
    """A login that is refused is told without the login."""
    certificate = selfSigned(tmp_path)
    room = mailroom(certificate)
    server = MailServer("127.0.0.1", room.port, False, "ops", "wr0ng", str(certificate))
    with pytest.raises(NotTold) as error:
        await receiver(server).tell(digest(), NOW)
    assert str(error.value) == "it refused the login"
    assert error.value.final and room.mails == []


@pytest.mark.slow
@pytest_twisted.ensureDeferred
async def test_opportunity(mailroom: Callable[..., Mailroom], tmp_path: Path) -> None:
    """Without a login TLS is taken where it is offered, whoever offers it."""
    room = mailroom(selfSigned(tmp_path))
    with pytest.raises(NotTold, match="it answered 530"):  # it wants a login, and had TLS
        await receiver(MailServer("127.0.0.1", room.port)).tell(digest(), NOW)


@pytest.mark.slow
@pytest_twisted.ensureDeferred
async def test_nobodyListens() -> None:
    """A server that is not there is no fault for good."""
    with NoPrinter() as nobody, pytest.raises(NotTold, match="refused the connection") as error:
        await receiver(MailServer("127.0.0.1", nobody.port)).tell(digest(), NOW)
    assert not error.value.final


# Servers that do what they want.


class Wire(StringTransport):
    """A connection in memory, of which TLS is only noted."""

    aborted = secured = False

    def abortConnection(self) -> None:
        self.aborted = True

    def setTcpNoDelay(self, enabled: bool) -> None:
        """Nothing."""

    def startTLS(self, context: object) -> None:
        self.secured = True


class Script:
    """A receiver in memory, and what a server says to it."""

    def __init__(self, server: MailServer) -> None:
        clock: Any = MemoryReactorClock()
        self.clock = clock
        self.telling = MailReceiver(self.clock, server, FROM, TO, "gw1").tell(digest(), NOW)
        self.told = hear(self.telling)
        factory: Any = self.clock.tcpClients[-1][2]
        self.protocol: Any = factory.buildProtocol(None)
        self.wire = Wire()
        self.protocol.makeConnection(self.wire)

    def say(self, *replies: str) -> list[str]:
        """The server says so much, a piece at a time; what it has heard then."""
        for each in replies:
            self.wire.clear()
            self.protocol.dataReceived(each.encode("latin-1"))
        return self.heard

    @property
    def heard(self) -> list[str]:
        """The lines that came last."""
        return str(self.wire.value(), "ascii").split("\r\n")[:-1]

    def lose(self) -> None:
        """The connection is gone."""
        self.protocol.connectionLost(Failure(ConnectionDone()))


PLAIN = MailServer("127.0.0.1", 25)
SECRET = MailServer("127.0.0.1", 25, False, "ops", "pass")


def test_dialogue() -> None:
    """Each command waits for its reply; the last word is QUIT, and then the server may close."""
    script = Script(PLAIN)
    assert script.say("220 mail.example ", "ESMTP\r\n") == ["EHLO gw1"]
    assert script.say("250-mail.example\r\n250-SIZE", " 1000\r\n250 HELP\r\n") == [
        "MAIL FROM:<jetdirect@gw1.example>"
    ]
    assert script.say("250 2.1.0 OK\n") == ["RCPT TO:<ops@example.com>"]
    assert script.say("251 will forward\r\n") == ["DATA"]
    *mail, dot = script.say("354 go on\r\n")
    assert dot == "." and "Auto-Submitted: auto-generated" in mail
    assert script.told == []
    assert script.say("250 queued as 4711\r\n") == ["QUIT"]
    assert script.told == [None]
    assert script.say("221 bye\r\n") == []
    assert not script.wire.aborted
    script.lose()
    assert script.clock.getDelayedCalls() == []


def test_lingering() -> None:
    """A server that does not close is cut."""
    script = Script(PLAIN)
    script.say("220 x\r\n", "250 x\r\n", "550 go away\r\n")
    assert [str(each) for each in script.told] == ["it answered 550 go away"]
    assert script.heard == ["QUIT"]
    script.clock.advance(FAREWELL)
    assert script.wire.aborted


@pytest.mark.parametrize(
    ("replies", "why", "final"),
    [
        (["554 no service here\r\n"], "it answered 554 no service here", True),
        (["421 come back later\r\n"], "it answered 421 come back later", False),
        (["220 x\r\n", "250 x\r\n", "451 greylisted\r\n"], "it answered 451 greylisted", False),
        (["SSH-2.0-OpenSSH_9.2\r\n"], "it does not speak SMTP", True),
        (["HTTP/1.1 400 Bad Request\r\n\r\n"], "it does not speak SMTP", True),
        (["\r\n"], "it does not speak SMTP", True),
        (["\x00\x01\x02"], "it does not speak SMTP", True),
        (["220 x\r\n250 x\r\n"], "it does not speak SMTP", True),
        (["220-" + "x" * LONGEST_REPLY], "it does not speak SMTP", True),
        (["220-x\r\n" * (LONGEST_REPLY // 7 + 1)], "it does not speak SMTP", True),
        (["220 x\r\n", "250-a\r\n22"], None, False),
        (["220 x\r\n", "500 \x1b[2J" + "x" * 999 + "\r\n", "500 x\r\n"], "it answered 500 x", True),
    ],
)
def test_strangers(replies: list[str], why: str | None, final: bool) -> None:
    """Whatever the other end is, it is given up with a line that can be shown."""
    script = Script(PLAIN)
    script.say(*replies)
    script.lose()
    [error] = script.told
    assert isinstance(error, NotTold)
    assert str(error) == (why or "it closed the connection") and error.final is final
    script.clock.advance(FAREWELL)
    assert script.clock.getDelayedCalls() == []


def test_oldServer() -> None:
    """One that knows no EHLO is greeted with HELO; but not where a password would go."""
    script = Script(PLAIN)
    assert script.say("220 x\r\n", "502 what?\r\n") == ["HELO gw1"]
    assert script.say("250 x\r\n") == ["MAIL FROM:<jetdirect@gw1.example>"]
    assert script.say("550 no\r\n") == ["QUIT"]
    script = Script(SECRET)
    assert script.say("220 x\r\n", "502 what?\r\n") == ["QUIT"]


def test_noTLS() -> None:
    """Without TLS no password is sent, also if somebody on the way hides that there is TLS."""
    script = Script(SECRET)
    assert script.say("220 x\r\n", "250-x\r\n250 AUTH PLAIN LOGIN\r\n") == ["QUIT"]
    assert [str(each) for each in script.told] == ["it has no TLS"]


def test_wordsBeforeTLS() -> None:
    """What somebody on the way puts behind the answer to STARTTLS is no answer to what follows."""
    script = Script(SECRET)
    assert script.say("220 x\r\n", "250-x\r\n250 STARTTLS\r\n") == ["STARTTLS"]
    assert script.say("220 go\r\n250-x\r\n250 AUTH PLAIN\r\n") == []
    assert script.wire.aborted and not script.wire.secured
    assert [str(each) for each in script.told] == ["it does not speak SMTP"]


@pytest.mark.parametrize("kinds", ["PLAIN", "LOGIN", "LOGIN PLAIN", "CRAM-MD5"])
def test_kindsOfLogin(kinds: str) -> None:
    """PLAIN is taken first, then LOGIN, and nothing else."""
    script = Script(SECRET)
    script.say("220 x\r\n", "250-x\r\n250 STARTTLS\r\n", "220 go\r\n")
    assert script.wire.secured
    heard = script.say(f"250-x\r\n250 AUTH {kinds}\r\n")
    if kinds == "CRAM-MD5":
        assert heard == ["QUIT"]
    elif "PLAIN" in kinds:
        assert heard == ["AUTH PLAIN AG9wcwBwYXNz"]
    else:
        assert heard == ["AUTH LOGIN"]
        assert script.say("334 VXNlcm5hbWU6\r\n") == ["b3Bz"]
        assert script.say("334 UGFzc3dvcmQ6\r\n") == ["cGFzcw=="]
        assert script.say("235 welcome\r\n") == ["MAIL FROM:<jetdirect@gw1.example>"]


@pytest.mark.parametrize("replies", [(), ("220 x\r\n",), ("220 x\r\n", "250 x\r\n")])
def test_canceled(replies: tuple[str, ...]) -> None:
    """A server that is silent is given up at once when its time is over."""
    script = Script(PLAIN)
    script.say(*replies)
    script.telling.cancel()
    assert [type(each) for each in script.told] == [CancelledError]
    assert script.wire.aborted
    script.lose()
    assert script.clock.getDelayedCalls() == []


def test_canceledWhileDialling() -> None:
    """So is one that does not even take the connection."""
    clock: Any = MemoryReactorClock()
    telling = MailReceiver(clock, PLAIN, FROM, TO, "gw1").tell(digest(), NOW)
    told = hear(telling)
    telling.cancel()
    assert [type(each) for each in told] == [CancelledError]
    clock.advance(0)
    assert clock.getDelayedCalls() == []


def test_interface() -> None:
    """It is a receiver, whose name says no secret."""
    reactor: Any = None
    found = MailReceiver(reactor, SECRET, FROM, TO, "gw1")
    assert verifyObject(IAlarmReceiver, found)
    assert found.name == "mail to ops@example.com by smtp://127.0.0.1:25"
    assert "pass" not in repr(SECRET)
