"""
Logging in and out: its deadline, a checker that is slow, refuses or fails, and what is forgotten.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from twisted.logger import capturedLogs, formatEvent

from jetdirect.ftp.control import LINGER
from jetdirect.ftp.lines import LONGEST_LINE
from jetdirect.ftp.realm import AnyName
from jetdirect.testing import FakeSender
from tests.support.logins import CountingGateway, NoName, SlowChecker
from tests.support.memory import codes

SECRET = "open sesame"


# Login


@pytest.mark.parametrize("lines", [[], ["USER a"], ["NOOP", "SYST"], ["PASS a"], [b"USE"]])
def test_loginDeadline(lines: list[str | bytes]) -> None:
    """
    A sender that does not log in within the time is told so and closed; nothing else extends it.
    """
    gateway = CountingGateway()
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
    gateway = CountingGateway(idleTimeout=0)
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
    gateway = CountingGateway(idleTimeout=idleTimeout)
    sender = gateway.user()
    gateway.reactor.advance(wait)
    sender.say(line)
    gateway.reactor.advance(119)
    assert sender.hear() == ""
    gateway.reactor.advance(1)
    assert codes(sender.hear()) == [421]


def test_deadlineIsASetting() -> None:
    """An embedder may choose another deadline."""
    gateway = CountingGateway(loginTimeout=2.5)
    sender = gateway.stranger()
    gateway.reactor.advance(2.5)
    assert sender.hear() == "421 Service not available, no login within 2.5 seconds"


def test_idleBeforeTheDeadline() -> None:
    """The silence that ends a session ends it before the login, too."""
    gateway = CountingGateway(loginTimeout=120, idleTimeout=20)
    sender = gateway.stranger()
    sender.say("USER ann")
    gateway.reactor.advance(19)
    assert sender.hear() == ""
    gateway.reactor.advance(1)
    assert sender.hear().startswith("421 Service not available, idle for 20 seconds")


def test_noTimerIsLeft() -> None:
    """A session that is over waits for nothing."""
    gateway = CountingGateway()
    sender = gateway.user()
    gateway.reactor.advance(130)
    sender.say("QUIT")
    sender.wire.fin()
    gateway.reactor.advance(LINGER)
    assert not gateway.reactor.getDelayedCalls()


def test_deadlineWhileTheCheckerHangs() -> None:
    """A checker that never answers does not keep the place taken."""
    gateway = CountingGateway(SlowChecker())
    sender = gateway.stranger()
    sender.login()
    gateway.reactor.advance(120)
    assert codes(sender.hear()) == [421]


def test_failedLogin() -> None:
    """A checker's no is 530, a moment later, and another try is possible."""
    gateway = CountingGateway(NoName())
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
    gateway = CountingGateway(NoName())
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
    sender = CountingGateway(checker).stranger()
    assert sender.login() == ""
    checker.answer.errback(ZeroDivisionError())
    assert codes(sender.hear()) == [451]
    assert len(flushErrors(ZeroDivisionError)) == 1
    assert codes(sender.say("NOOP")) == [200]


def test_lateLogin() -> None:
    """A checker may take its time; what comes meanwhile waits."""
    checker = SlowChecker()
    sender = CountingGateway(checker).stranger()
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
    sender = CountingGateway(checker()).stranger()
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
    gateway = CountingGateway()
    ending(gateway.user())
    assert (gateway.realm.logins, gateway.realm.logouts) == (1, 1)


def test_everyLoginIsEnded() -> None:
    """Each login of a session with several is ended once."""
    gateway = CountingGateway()
    sender = gateway.user()
    for _ in range(3):
        sender.login("b")
    assert (gateway.realm.logins, gateway.realm.logouts) == (4, 3)
    sender.wire.fin()
    assert gateway.realm.logouts == 4


def test_noLoginNoLogout() -> None:
    """A sender that never logged in is not logged out."""
    gateway = CountingGateway()
    sender = gateway.stranger()
    sender.say("REIN")
    sender.say("QUIT")
    sender.wire.fin()
    assert gateway.realm.logouts == 0


def test_loginOfALostSender(flushErrors: Callable[..., list[Any]]) -> None:
    """A login that succeeds when its sender is gone is ended at once, and nothing is logged."""
    checker = SlowChecker()
    gateway = CountingGateway(checker)
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
    gateway = CountingGateway()
    monkeypatch.setattr(gateway.realm, "logout", lambda: 1 / 0)
    sender = gateway.user()
    with suppress(ZeroDivisionError):
        sender.wire.rst()
    flushErrors()
    assert not gateway.factory.sessions


def test_reinForgets() -> None:
    """After REIN all is as just connected: greeting, no login, no directory, no data port."""
    sender = CountingGateway(greeting="Hello").user()
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
    gateway = CountingGateway()
    sender = gateway.user()
    assert codes(sender.say("USER bob")) == [331]
    assert codes(sender.say("PWD")) == [530]
    sender.say("PASS x")
    sender.upload("a.ps", b"page")
    assert gateway.server.jobs[0].user == "bob"
