"""
The control connection: what waits and what does not, when it ends, and what it never tells.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.credentials import IUsernamePassword
from twisted.cred.error import UnauthorizedLogin
from twisted.cred.portal import IRealm, Portal
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, fail
from twisted.internet.error import ConnectionDone
from twisted.internet.testing import StringTransport
from twisted.logger import capturedLogs, formatEvent
from twisted.python.failure import Failure
from zope.interface import Interface, implementer

from jetdirect.ftp.commands.table import COMMANDS
from jetdirect.ftp.control import LINGER
from jetdirect.ftp.lines import LONGEST_FLOOD, LONGEST_LINE
from jetdirect.ftp.pipeline import WAITING_COMMANDS
from jetdirect.ftp.realm import AnyName, PrintRealm
from jetdirect.ftp.turns import LINES_A_SLICE
from jetdirect.server import PrintServer
from jetdirect.testing import FakeSender, MemoryWire
from tests.support import memory
from tests.support.memory import codes
from tests.support.turn import turn

SECRET = "open sesame"


@implementer(IRealm)
class CountingRealm(PrintRealm):
    """Counts who comes and who goes."""

    def __init__(self, server: PrintServer) -> None:
        super().__init__(server)
        self.logins = self.logouts = 0

    def requestAvatar(
        self, avatarId: Any, mind: object, *interfaces: type[Interface]
    ) -> Deferred[tuple[type[Interface], object, Callable[[], None]]]:
        def counted(
            avatar: tuple[type[Interface], object, Callable[[], None]],
        ) -> tuple[type[Interface], object, Callable[[], None]]:
            self.logins += 1
            return (avatar[0], avatar[1], self.logout)

        return super().requestAvatar(avatarId, mind, *interfaces).addCallback(counted)

    def logout(self) -> None:
        self.logouts += 1


@implementer(ICredentialsChecker)
class SlowChecker:
    """Answers when the test does."""

    credentialInterfaces = (IUsernamePassword,)

    def __init__(self) -> None:
        self.answer: Deferred[Any] = Deferred()

    def requestAvatarId(self, login: Any) -> Deferred[Any]:
        return self.answer


@implementer(ICredentialsChecker)
class NoName:
    """Lets nobody in."""

    credentialInterfaces = (IUsernamePassword,)

    def requestAvatarId(self, login: Any) -> Deferred[Any]:
        return fail(UnauthorizedLogin("no"))


class MemoryGateway(memory.MemoryGateway):
    """
    It counts logins.

    @ivar checker: who may log in.
    """

    def __init__(self, checker: Any = None, **settings: Any) -> None:
        usual = {"busyTimeout": 600.0, "connectTimeout": 600.0}
        super().__init__(**{**usual, **settings})
        self.realm = CountingRealm(self.server)
        self.checker = checker or AnyName()
        self.factory.portal = Portal(self.realm, [self.checker])


# Commands while another one runs


@pytest.mark.parametrize(
    ("command", "code"), [("NOOP", 200), ("STAT", 211), ("STAT PORT1", 213), ("noop", 200)]
)
def test_answeredAtOnce(command: str, code: int) -> None:
    """NOOP and STAT are answered while a job comes in."""
    sender = MemoryGateway().user()
    sender.begin("a.ps")
    assert codes(sender.say(command)) == [code]
    assert codes(sender.send(b"page")) == [226]


def test_abortAtOnce() -> None:
    """ABOR does not wait for the job that it is to end."""
    sender = MemoryGateway().user()
    sender.begin("a.ps")
    assert codes(sender.say("ABOR")) == [426, 226]


def test_quitWaits() -> None:
    """QUIT in mid-job: the job finishes and is answered, then the session ends."""
    gateway = MemoryGateway()
    sender = gateway.user()
    sender.begin("a.ps")
    assert sender.say("QUIT") == ""
    assert codes(sender.send(b"page")) == [226, 221]
    assert gateway.printer.jobs[0].ended == "finished"
    assert sender.wire.halfClosed


def test_othersWaitInOrder() -> None:
    """Other commands, unknown ones included, are answered in their order after the job."""
    sender = MemoryGateway().user()
    sender.begin("a.ps")
    assert [sender.say(line) for line in ("TYPE I", "XYZZY", "PWD", "STOR b.ps")] == [""] * 4
    assert codes(sender.send(b"page")) == [226, 200, 500, 257, 425]


def test_nextJobFromTheQueue() -> None:
    """A waiting upload begins when the one before it has ended, and those behind wait again."""
    gateway = MemoryGateway()
    sender = gateway.user()
    sender.begin("a.ps")
    for line in ("EPSV", "STOR b.ps", "PWD"):
        assert sender.say(line) == ""
    assert codes(sender.send(b"one")) == [226, 229, 150]
    sender.connect()
    assert codes(sender.send(b"two")) == [226, 257]
    assert [job.data for job in gateway.printer.jobs] == [b"one", b"two"]


def test_manyMayWait() -> None:
    """As many commands as clients pipeline may wait."""
    sender = MemoryGateway().user()
    sender.begin("a.ps")
    for _ in range(WAITING_COMMANDS):
        assert sender.say("PWD") == ""
    assert codes(sender.send(b"page")) == [226] + [257] * LINES_A_SLICE
    sender.reactor.advance(0)
    assert codes(sender.hear()) == [257] * (WAITING_COMMANDS - LINES_A_SLICE)


def test_tooManyWait() -> None:
    """One command more ends the session, after the job had its own reply."""
    sender = MemoryGateway().user()
    sender.begin("a.ps")
    for _ in range(WAITING_COMMANDS + 1):
        assert sender.say("PWD") == ""
    assert codes(sender.send(b"page")) == [226, 421]
    assert sender.wire.halfClosed


def test_pipelined() -> None:
    """Several commands in one segment are all answered, in their order."""
    sender = MemoryGateway().stranger()
    assert codes(sender.say("USER a\r\nPASS b\r\nTYPE I\r\nPWD")) == [331, 230, 200, 257]


def test_longLineWaits() -> None:
    """Also a line that is too long is answered after the commands before it."""
    sender = MemoryGateway().user()
    sender.begin("a.ps")
    sender.say("PWD")
    sender.say(b"x" * (LONGEST_LINE + 1))
    assert codes(sender.send(b"page")) == [226, 257, 500]


# What is no command


@pytest.mark.parametrize(
    "line",
    [
        b"XYZZY",
        b"AAAAAAAAAAA",
        b"NOOP\rQUIT",
        b"\x16\x03\x01\x02\x00",
        b"caf\xc3\xa9",
        b"\xb5",
        b"_perform",
        b"__CLASS__",
        b"ftp_NOOP",
        b"12345",
    ],
)
def test_garbage(line: bytes) -> None:
    """What is no command gets one 500 that repeats none of it, and the session goes on."""
    sender = MemoryGateway().user()
    assert sender.say(line) == "500 Command not understood"
    assert codes(sender.say("NOOP")) == [200]


@pytest.mark.parametrize("line", [b"", b" ", b"\t", b" \t "])
def test_emptyLine(line: bytes) -> None:
    """An empty line is nothing."""
    assert MemoryGateway().user().say(line) == ""


@pytest.mark.parametrize("line", [b"noop", b"  NOOP", b"\tNoOp  ", b"NOOP\t", b"NOOP x"])
def test_lenient(line: bytes) -> None:
    """Case, and blanks around, do not matter."""
    assert codes(MemoryGateway().user().say(line)) == [200]


@pytest.mark.parametrize("line", [b"STOR a\x00\r\x1b[31m\xe9.ps", b"STOR \xff\xff\xc3\xa9 "])
def test_strangeNames(line: bytes) -> None:
    """Bytes of any kind in a name come back as printable ASCII."""
    sender = MemoryGateway().user()
    sender.passive()
    heard = sender.say(line) + sender.send(b"page")
    assert codes(heard) == [150, 226]
    assert re.fullmatch(r"[\x20-\x7e\n]*", heard)


def test_tooLong() -> None:
    """A line that is too long gets 500, and the next one is answered."""
    sender = MemoryGateway().user()
    assert codes(sender.say(b"STOR " + b"x" * LONGEST_LINE)) == [500]
    assert codes(sender.say("NOOP")) == [200]


def test_flood() -> None:
    """What goes on and on without a line end is told what this is, and closed."""
    sender = MemoryGateway().user()
    assert codes(sender.say(b"x" * (LONGEST_FLOOD + 1))) == [500]
    assert sender.wire.halfClosed
    assert sender.say("NOOP") == ""


def test_floodInMidJob() -> None:
    """A flood in mid-job ends the session only after the job had its own reply."""
    sender = MemoryGateway().user()
    sender.begin("a.ps")
    sender.wire.receive(b"x" * (LONGEST_FLOOD + 1))
    assert not sender.wire.halfClosed
    assert codes(sender.send(b"page")) == [226, 500]


def test_nothingAfterQuit() -> None:
    """What follows QUIT is neither done nor answered."""
    gateway = MemoryGateway()
    sender = gateway.user()
    sender.passive()
    assert codes(sender.say("QUIT\r\nNOOP\r\nSTOR a.ps")) == [221]
    assert sender.say("NOOP") == ""
    assert not gateway.printer.jobs


def test_nothingAfterQuitForALongLine() -> None:
    """The 221 is the last word, also when a line that is too long follows."""
    assert codes(MemoryGateway().user().say(b"QUIT\r\n" + b"x" * (LONGEST_LINE + 1))) == [221]


@pytest.mark.parametrize(
    "line",
    [
        b"ABOR",
        b"abor",
        b"\xff\xf4\xff\xf2ABOR",
        b"\xff\xf4\xffABOR",
        b"\xff\xf4\xf2ABOR",
        b"\xffABOR",
        b"\xf2ABOR",
    ],
)
def test_abortVariants(line: bytes) -> None:
    """ABOR is heard however a client wraps it into Telnet, and whatever of that gets lost."""
    gateway = MemoryGateway()
    sender = gateway.user()
    sender.begin("a.ps")
    assert codes(sender.say(line)) == [426, 226]
    assert gateway.printer.jobs[0].ended == "aborted"


# Login


@pytest.mark.parametrize("lines", [[], ["USER a"], ["NOOP", "SYST"], ["PASS a"], [b"USE"]])
def test_loginDeadline(lines: list[str | bytes]) -> None:
    """
    A sender that does not log in within the time is told so and closed; nothing else extends it.
    """
    gateway = MemoryGateway()
    sender = gateway.stranger()
    for line in lines:
        gateway.reactor.advance(10)
        sender.say(line)
    gateway.reactor.advance(120 - 10 * len(lines) - 0.1)
    assert sender.hear() == ""
    gateway.reactor.advance(0.1)
    assert codes(sender.hear()) == [421]
    sender.wire.fin()
    assert not gateway.factory.sessions
    assert not gateway.reactor.getDelayedCalls()


def test_noDeadlineAfterLogin() -> None:
    """After the login its deadline is no more."""
    gateway = MemoryGateway(idleTimeout=0)
    sender = gateway.user()
    gateway.reactor.advance(10_000)
    assert codes(sender.say("NOOP")) == [200]


@pytest.mark.parametrize(
    ("idleTimeout", "wait"),
    [(0, 30), (0, 500), (150, 30), (150, 140), (900, 30), (900, 130), (900, 500)],
)
@pytest.mark.parametrize("line", ["REIN", "USER b"])
def test_deadlineAgain(line: str, idleTimeout: float, wait: float) -> None:
    """
    Who logs out without going has the same time to log in again, whatever was awaited before.
    """
    gateway = MemoryGateway(idleTimeout=idleTimeout)
    sender = gateway.user()
    gateway.reactor.advance(wait)
    sender.say(line)
    gateway.reactor.advance(119)
    assert sender.hear() == ""
    gateway.reactor.advance(1)
    assert codes(sender.hear()) == [421]


def test_deadlineIsASetting() -> None:
    """An embedder may choose another deadline."""
    gateway = MemoryGateway(loginTimeout=2.5)
    sender = gateway.stranger()
    gateway.reactor.advance(2.5)
    assert sender.hear() == "421 Service not available, no login within 2.5 seconds"


def test_idleBeforeTheDeadline() -> None:
    """The silence that ends a session ends it before the login, too."""
    gateway = MemoryGateway(loginTimeout=120, idleTimeout=20)
    sender = gateway.stranger()
    sender.say("USER ann")
    gateway.reactor.advance(19)
    assert sender.hear() == ""
    gateway.reactor.advance(1)
    assert sender.hear().startswith("421 Service not available, idle for 20 seconds")


def test_noTimerIsLeft() -> None:
    """A session that is over waits for nothing."""
    gateway = MemoryGateway()
    sender = gateway.user()
    gateway.reactor.advance(130)
    sender.say("QUIT")
    sender.wire.fin()
    gateway.reactor.advance(LINGER)
    assert not gateway.reactor.getDelayedCalls()


def test_deadlineWhileTheCheckerHangs() -> None:
    """A checker that never answers does not keep the place taken."""
    gateway = MemoryGateway(SlowChecker())
    sender = gateway.stranger()
    sender.login()
    gateway.reactor.advance(120)
    assert codes(sender.hear()) == [421]


def test_failedLogin() -> None:
    """A checker's no is 530, a moment later, and another try is possible."""
    gateway = MemoryGateway(NoName())
    sender = gateway.stranger()
    for line in ("PASS wrong", "PASS again"):
        sender.say("USER a")
        sender.say(line)
        gateway.reactor.advance(5)
        assert sender.hear() == "530 Login incorrect"
        assert codes(sender.say("PWD")) == [530]


def test_lostWhileBeingRefused() -> None:
    """
    A sender that goes away before hearing the 530 has its place until then, and leaves nothing
    behind.
    """
    gateway = MemoryGateway(NoName())
    sender = gateway.stranger()
    sender.login()
    sender.wire.rst()
    assert len(gateway.factory.sessions) == 1
    gateway.reactor.advance(1)
    assert not gateway.factory.sessions
    assert not gateway.reactor.getDelayedCalls()


def test_brokenChecker(flushErrors: Callable[..., list[Any]]) -> None:
    """A checker that fails otherwise is logged, told as 451, and the session goes on."""
    checker = SlowChecker()
    sender = MemoryGateway(checker).stranger()
    assert sender.login() == ""
    checker.answer.errback(ZeroDivisionError())
    assert codes(sender.hear()) == [451]
    assert len(flushErrors(ZeroDivisionError)) == 1
    assert codes(sender.say("NOOP")) == [200]


def test_lateLogin() -> None:
    """A checker may take its time; what comes meanwhile waits."""
    checker = SlowChecker()
    sender = MemoryGateway(checker).stranger()
    assert sender.login() == ""
    assert sender.say("PWD") == ""
    checker.answer.callback(b"a")
    assert codes(sender.hear()) == [230, 257]


@pytest.mark.parametrize(
    "command",
    ["PASS ", "pass ", " PASS  ", "PASS\t", "PASS", "ACCT ", "\xffPASS ", "\xf2PASS ", ""],
)
@pytest.mark.parametrize("checker", [AnyName, NoName])
def test_secretsAreNotLogged(command: str, checker: type[AnyName] | type[NoName]) -> None:
    """A password is in no log event, however the line is written and whether it is good or not."""
    sender = MemoryGateway(checker()).stranger()
    with capturedLogs() as events:
        sender.say("USER a")
        sender.say(command.encode("latin-1") + SECRET.encode())
        sender.say("PASS " + SECRET)
        sender.say(b"PASS " + b"x" * LONGEST_LINE + SECRET.encode())
        sender.reactor.pump([1] * 10)
    assert bool(events) is (checker is NoName)
    told = "\n".join(f"{formatEvent(event)} {event!r}" for event in events)
    assert "sesame" not in told.lower()


# Logging out


@pytest.mark.parametrize(
    "ending",
    [
        lambda sender: sender.wire.fin(),
        lambda sender: sender.wire.rst(),
        lambda sender: (sender.say("QUIT"), sender.wire.fin()),
        lambda sender: (sender.say("REIN"), sender.wire.fin()),
        lambda sender: (sender.say("REIN"), sender.say("REIN"), sender.wire.rst()),
        lambda sender: (sender.say("USER b"), sender.say("USER c"), sender.wire.fin()),
        lambda sender: (sender.begin("a.ps"), sender.wire.fin()),
    ],
    ids=["FIN", "RST", "QUIT", "REIN", "REIN REIN", "USER USER", "in mid-job"],
)
def test_logsOutOnce(ending: Callable[[FakeSender], object]) -> None:
    """However a session ends, its login is ended once."""
    gateway = MemoryGateway()
    ending(gateway.user())
    assert (gateway.realm.logins, gateway.realm.logouts) == (1, 1)


def test_everyLoginIsEnded() -> None:
    """Each login of a session with several is ended once."""
    gateway = MemoryGateway()
    sender = gateway.user()
    for _ in range(3):
        sender.login("b")
    assert (gateway.realm.logins, gateway.realm.logouts) == (4, 3)
    sender.wire.fin()
    assert gateway.realm.logouts == 4


def test_noLoginNoLogout() -> None:
    """A sender that never logged in is not logged out."""
    gateway = MemoryGateway()
    sender = gateway.stranger()
    sender.say("REIN")
    sender.say("QUIT")
    sender.wire.fin()
    assert gateway.realm.logouts == 0


def test_loginOfALostSender(flushErrors: Callable[..., list[Any]]) -> None:
    """A login that succeeds when its sender is gone is ended at once, and nothing is logged."""
    checker = SlowChecker()
    gateway = MemoryGateway(checker)
    sender = gateway.stranger()
    sender.login()
    sender.wire.rst()
    checker.answer.callback(b"a")
    errors = flushErrors()
    assert (gateway.realm.logins, gateway.realm.logouts) == (1, 1)
    assert not errors


def test_logoutFails(
    flushErrors: Callable[..., list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A realm's logout that fails is logged, and the place is free all the same."""
    gateway = MemoryGateway()
    monkeypatch.setattr(gateway.realm, "logout", lambda: 1 / 0)
    sender = gateway.user()
    with suppress(ZeroDivisionError):
        sender.wire.rst()
    flushErrors()
    assert not gateway.factory.sessions


def test_reinForgets() -> None:
    """After REIN all is as just connected: greeting, no login, no directory, no data port."""
    sender = MemoryGateway(greeting="Hello").user()
    for line in ("TYPE I", "CWD PORT1", "EPSV ALL", "EPSV"):
        sender.say(line)
    assert sender.say("REIN") == "220 Hello"
    assert codes(sender.say("PWD")) == [530]
    sender.login()
    assert sender.say("PWD").startswith('257 "/" ')
    assert "TYPE A" in sender.say("STAT")
    assert codes(sender.say("STOR a.ps")) == [425]
    assert codes(sender.say("PASV")) == [227]


def test_userAgain() -> None:
    """Naming oneself anew ends the login, and the next one counts."""
    gateway = MemoryGateway()
    sender = gateway.user()
    assert codes(sender.say("USER bob")) == [331]
    assert codes(sender.say("PWD")) == [530]
    sender.say("PASS x")
    sender.upload("a.ps", b"page")
    assert gateway.server.jobs[0].user == "bob"


# Idleness


def test_idle() -> None:
    """A silent session ends with a word, counted from the last one of its own."""
    gateway = MemoryGateway(idleTimeout=60)
    sender = gateway.user()
    gateway.reactor.advance(59)
    sender.say("NOOP")
    gateway.reactor.advance(59)
    assert sender.hear() == ""
    gateway.reactor.advance(1)
    assert sender.hear().startswith("421 Service not available, idle for 60 seconds")
    assert sender.wire.halfClosed


def test_neverIdle() -> None:
    """0 means never, for the control and by default for the data connection too."""
    gateway = MemoryGateway(idleTimeout=0)
    sender = gateway.user()
    sender.begin("a.ps")
    gateway.reactor.advance(1_000_000)
    assert codes(sender.send(b"page")) == [226]


def test_dataIsActivity() -> None:
    """As long as bytes come over the data connection the session is not idle."""
    gateway = MemoryGateway(idleTimeout=60)
    sender = gateway.user()
    sender.begin("a.ps")
    assert sender.data is not None
    for _ in range(10):
        gateway.reactor.advance(50)
        sender.data.receive(b"x")
    gateway.reactor.advance(50)
    assert codes(sender.send(b"")) == [226]
    gateway.reactor.advance(59)
    assert sender.hear() == ""
    gateway.reactor.advance(1)
    assert codes(sender.hear()) == [421]


@pytest.mark.parametrize(("sent", "code"), [(b"", 451), (b"half a page", 551)])
def test_bothIdle(sent: bytes, code: int) -> None:
    """When both connections are silent the job gets its reply, and then the session ends."""
    gateway = MemoryGateway(idleTimeout=60)
    sender = gateway.user()
    sender.begin("a.ps")
    assert sender.data is not None
    sender.data.receive(sent)
    gateway.reactor.advance(60)
    assert codes(sender.hear()) == [code, 421]
    assert gateway.printer.jobs[0].ended == "aborted"


@pytest.mark.parametrize(("sent", "code"), [(b"", 451), (b"half a page", 551)])
def test_dataIdle(sent: bytes, code: int) -> None:
    """The limit of a silent data connection ends the job; the session has its own."""
    gateway = MemoryGateway(idleTimeout=60, dataIdleTimeout=20)
    sender = gateway.user()
    sender.begin("a.ps")
    assert sender.data is not None
    sender.data.receive(sent)
    gateway.reactor.pump([1] * 20)
    assert codes(sender.hear()) == [code]
    assert not sender.data.connected
    gateway.reactor.advance(39)
    assert sender.hear() == ""
    gateway.reactor.advance(1)
    assert codes(sender.hear()) == [421]


def test_dataIdleWithoutControlLimit() -> None:
    """A silent data connection is ended also where sessions never are."""
    gateway = MemoryGateway(idleTimeout=0, dataIdleTimeout=20)
    sender = gateway.user()
    sender.begin("a.ps")
    gateway.reactor.pump([1] * 20)
    assert codes(sender.hear()) == [451]
    gateway.reactor.advance(10_000)
    assert codes(sender.say("NOOP")) == [200]


def test_controlIdleWithoutDataLimit() -> None:
    """Where data connections have no limit of their own, both are silent for the session's."""
    gateway = MemoryGateway(idleTimeout=60, dataIdleTimeout=0)
    sender = gateway.user()
    sender.begin("a.ps")
    gateway.reactor.advance(60)
    assert codes(sender.hear()) == [451, 421]


def test_listingIdle() -> None:
    """A listing that nobody takes is no activity."""
    gateway = MemoryGateway(idleTimeout=20)
    sender = gateway.user()
    sender.say("EPSV")
    assert codes(sender.say("LIST")) == [150]
    gateway.reactor.advance(20)
    assert codes(sender.hear()) == [425, 421]


def test_waitingForTheTurn() -> None:
    """A job that waits for its printing port is not its sender being idle."""
    gateway = MemoryGateway(idleTimeout=60, dataIdleTimeout=0)
    first, second = gateway.user(), gateway.user()
    first.begin("a.ps")
    second.begin("b.ps")
    for _ in range(8):
        gateway.reactor.advance(50)
        first.say("NOOP")
    assert second.hear() == ""
    first.send(b"one")
    assert codes(second.hear()) == [150]
    assert codes(second.send(b"two")) == [226]


def test_waitingForTheTurnThenConnecting() -> None:
    """The wait for the turn does not count either while the data connection is then made."""
    gateway = MemoryGateway(idleTimeout=60, dataIdleTimeout=0)
    first, second = gateway.user(), gateway.user()
    first.begin("a.ps")
    second.say("EPSV")
    assert second.say("STOR b.ps") == ""
    for _ in range(11):
        gateway.reactor.advance(10)
        first.say("NOOP")
    first.send(b"one")
    assert codes(second.hear()) == [150]
    gateway.reactor.advance(10)
    assert second.hear() == ""


def test_waitingForThePrinter() -> None:
    """A printer that is being reached is not the sender being idle."""
    gateway = MemoryGateway(idleTimeout=60)
    gateway.printer.silent = True
    sender = gateway.user()
    sender.begin("a.ps")
    gateway.reactor.advance(599)
    assert sender.hear() == ""
    gateway.reactor.advance(1)
    assert codes(sender.hear()) == [450]


def test_printerBlocks() -> None:
    """A printer without paper is not the sender being idle; afterwards all the time is there."""
    gateway = MemoryGateway(idleTimeout=60)
    sender = gateway.user()
    sender.begin("a.ps")
    [job] = gateway.printer.jobs
    job.pause()
    for _ in range(10):
        gateway.reactor.advance(1000)
    assert sender.hear() == ""
    job.resume()
    gateway.reactor.advance(59)
    assert codes(sender.send(b"page")) == [226]


def test_printerFinishes() -> None:
    """A printer that takes its time at the end is not the sender being idle."""
    gateway = MemoryGateway(idleTimeout=60)
    gateway.printer.hesitant = True
    sender = gateway.user()
    sender.begin("a.ps")
    assert sender.send(b"page") == ""
    for _ in range(10):
        gateway.reactor.advance(1000)
    assert sender.hear() == ""
    gateway.printer.jobs[0].answer()
    assert codes(sender.hear()) == [226]
    gateway.reactor.advance(59)
    assert sender.hear() == ""
    gateway.reactor.advance(1)
    assert codes(sender.hear()) == [421]


# The end


def test_peerCloses() -> None:
    """The peer's FIN ends the session at once, and no timer is left."""
    gateway = MemoryGateway()
    sender = gateway.user()
    sender.passive()
    sender.wire.fin()
    assert not sender.wire.connected
    assert sender.data is not None
    assert not sender.data.connected
    assert not gateway.factory.sessions
    assert not gateway.reactor.getDelayedCalls()


def test_lingers() -> None:
    """A sender that does not close after the 221 is closed upon."""
    gateway = MemoryGateway()
    sender = gateway.user()
    assert codes(sender.say("QUIT")) == [221]
    gateway.reactor.advance(LINGER - 0.1)
    assert sender.wire.connected
    gateway.reactor.advance(0.1)
    assert not sender.wire.connected
    assert not gateway.factory.sessions
    assert not gateway.reactor.getDelayedCalls()


def test_slowReader() -> None:
    """Of a peer that does not read its replies nothing more is read until it does."""
    sender = MemoryGateway().user()
    assert sender.wire.producer is not None
    sender.wire.producer.pauseProducing()
    assert sender.say("NOOP") == ""
    sender.wire.producer.resumeProducing()
    assert codes(sender.hear()) == [200]


class FullWire(MemoryWire):
    """Takes one reply at a time, as when the peer's window is closed."""

    def write(self, data: bytes) -> None:
        super().write(data)
        if self.producer is not None:
            self.producer.pauseProducing()


def test_repliesThatNobodyReads() -> None:
    """Of many commands in one segment, the next is done only when there is room for its reply."""
    gateway = MemoryGateway()
    session = gateway.factory.buildProtocol(IPv4Address("TCP", "192.0.2.1", 40001))
    wire = FullWire(session)
    wire.said()
    wire.receive(b"NOOP\r\n" * 1000 + b"QUI")
    assert wire.producer is not None
    for _ in range(1000):
        assert not wire.said()
        wire.producer.resumeProducing()
        assert codes(wire.said().decode()) == [200]
    wire.receive(b"T\r\n")
    wire.producer.resumeProducing()
    assert codes(wire.said().decode()) == [221]


def test_noHalfClose() -> None:
    """A transport that cannot end one direction alone is ended as a whole behind the 221."""
    gateway = MemoryGateway()
    session = gateway.factory.buildProtocol(None)
    transport = StringTransport()
    session.makeConnection(transport)
    session.dataReceived(b"QUIT\r\n")
    assert transport.value().endswith(b"\r\n221 Goodbye\r\n")
    assert transport.disconnecting
    session.connectionLost(Failure(ConnectionDone()))
    assert not gateway.reactor.getDelayedCalls()


class StuckWire(MemoryWire):
    """The peer reads nothing, so what was written never leaves and no orderly end comes."""

    def loseConnection(self) -> None:
        self.disconnecting = True


def stuck(gateway: MemoryGateway) -> StuckWire:
    """The connection of a sender that logs in and reads no reply."""
    session = gateway.factory.buildProtocol(IPv4Address("TCP", "192.0.2.1", 40001))
    wire = StuckWire(session)
    wire.receive(b"USER a\r\nPASS b\r\n")
    return wire


def test_neverReads() -> None:
    """A peer that reads nothing is closed upon all the same, a moment after its last reply."""
    gateway = MemoryGateway(idleTimeout=60)
    wire = stuck(gateway)
    gateway.reactor.advance(60)
    gateway.reactor.advance(LINGER)
    assert not wire.connected


def test_neverReadsAtTheStop() -> None:
    """A peer that reads nothing does not keep the gateway from stopping."""
    gateway = MemoryGateway()
    stuck(gateway)
    stopped = gateway.factory.stopSessions()
    gateway.reactor.advance(LINGER)
    assert stopped.called


def test_closedAndNeverReads() -> None:
    """A peer that has ended its direction and reads nothing does not keep its place."""
    gateway = MemoryGateway(idleTimeout=60)
    wire = stuck(gateway)
    wire.fin()
    gateway.reactor.advance(LINGER)
    assert not gateway.factory.sessions


# What a session may not do to itself or to others


def test_manyAborts() -> None:
    """ABOR waits like other commands while the printer is being freed: so many, then no more."""
    gateway = MemoryGateway()
    gateway.printer.hesitant = True
    sender = gateway.user()
    sender.begin("a.ps")
    for _ in range(WAITING_COMMANDS):
        sender.say("ABOR")
    assert not sender.wire.halfClosed
    for _ in range(1000):
        sender.say("ABOR")
    gateway.printer.jobs[0].answer()
    assert codes(sender.hear())[-2:] == [226, 421]
    assert sender.wire.halfClosed


def test_aCommandThatFails(
    monkeypatch: pytest.MonkeyPatch, flushErrors: Callable[..., list[Any]]
) -> None:
    """A mistake in a command is told as 451 and logged; session and job go on."""
    gateway = MemoryGateway()
    sender = gateway.user()

    def fails(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setitem(COMMANDS, "NOOP", replace(COMMANDS["NOOP"], run=fails))
    sender.begin("a.ps")
    assert codes(sender.say("NOOP")) == [451]
    [event] = flushErrors(ZeroDivisionError)
    assert formatEvent(event) == "NOOP of 192.0.2.1 failed"
    assert codes(sender.send(b"page")) == [226]


# QUIT and a half-close


def test_quitThenHalfClose() -> None:
    """Behind a QUIT that waits a FIN is no loss: the job is printed, and answered."""
    gateway = MemoryGateway()
    sender = gateway.user()
    sender.begin("a.ps")
    sender.say("QUIT")
    sender.wire.fin()
    assert codes(sender.send(b"page")) == [226, 221]
    assert gateway.printer.jobs[0].ended == "finished"
    assert not gateway.factory.sessions


def test_quitWhoseTurnHasNotCome() -> None:
    """So it is behind a QUIT that has come, but waits for others' commands to be done first."""
    gateway = MemoryGateway()
    sender = gateway.user()
    sender.begin("a.ps")
    flood = gateway.user(host="192.0.2.66")
    flood.wire.receive(b"NOOP\r\n" * 100)
    sender.wire.receive(b"QUIT\r\n")
    sender.wire.fin()
    while flood.hear():
        turn(gateway.reactor)
    assert codes(sender.send(b"page")) == [226, 221]
    assert gateway.printer.jobs[0].ended == "finished"


def test_quitThenReset() -> None:
    """A reset is a loss also behind a QUIT."""
    gateway = MemoryGateway()
    sender = gateway.user()
    sender.begin("a.ps")
    sender.say("QUIT")
    sender.wire.fin()
    sender.wire.rst()
    sender.send(b"page")
    assert gateway.printer.jobs[0].ended == "aborted"


def test_halfCloseWithoutQuit() -> None:
    """Without a QUIT a FIN is the end of a killed sender, too, and cuts the job."""
    gateway = MemoryGateway()
    sender = gateway.user()
    sender.begin("a.ps")
    sender.say("PWD")
    sender.wire.fin()
    assert gateway.printer.jobs[0].ended == "aborted"


@pytest.mark.parametrize("said", [b"USER a\r\nPASS b\r\n", b"R a\r\nPASS b\r\n"])
def test_lateReactor(said: bytes) -> None:
    """A login that came in time, and was not read because the reactor was late, is in time."""
    gateway = MemoryGateway(loginTimeout=10, lineTimeout=10)
    sender = gateway.stranger()
    if said.startswith(b"R"):
        sender.wire.receive(b"USE")
    gateway.reactor.rightNow += 11
    turn(gateway.reactor)
    sender.wire.receive(said)
    turn(gateway.reactor)
    assert codes(sender.hear()) == [331, 230]


def test_waitersOfAnIdleSession() -> None:
    """No timer of a session that has ended stays."""
    gateway = MemoryGateway()
    sender = gateway.stranger()
    sender.wire.receive(b"USE")
    sender.wire.rst()
    assert not gateway.reactor.getDelayedCalls()


def test_lateReactorAndALastWord() -> None:
    """A peer that has closed in time is not reset because the reactor was late to see it."""
    gateway = MemoryGateway()
    sender = gateway.user()
    sender.say("QUIT")
    gateway.reactor.rightNow += LINGER + 1
    turn(gateway.reactor)
    assert sender.wire.connected
    sender.wire.fin()
    assert not sender.wire.connected
    assert not gateway.reactor.getDelayedCalls()
