"""
When a session is idle, and when its sender only waits for the printer.
"""

from __future__ import annotations

import pytest

from tests.support.logins import CountingGateway
from tests.support.memory import codes


def test_idle() -> None:
    """A silent session ends with a word, counted from the last one of its own."""
    gateway = CountingGateway(idleTimeout=60)
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
    gateway = CountingGateway(idleTimeout=0)
    sender = gateway.user()
    sender.begin("a.ps")
    gateway.reactor.advance(1_000_000)
    assert codes(sender.send(b"page")) == [226]


def test_dataIsActivity() -> None:
    """As long as bytes come over the data connection the session is not idle."""
    gateway = CountingGateway(idleTimeout=60)
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
    gateway = CountingGateway(idleTimeout=60)
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
    gateway = CountingGateway(idleTimeout=60, dataIdleTimeout=20)
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
    gateway = CountingGateway(idleTimeout=0, dataIdleTimeout=20)
    sender = gateway.user()
    sender.begin("a.ps")
    gateway.reactor.pump([1] * 20)
    assert codes(sender.hear()) == [451]
    gateway.reactor.advance(10_000)
    assert codes(sender.say("NOOP")) == [200]


def test_controlIdleWithoutDataLimit() -> None:
    """Where data connections have no limit of their own, both are silent for the session's."""
    gateway = CountingGateway(idleTimeout=60, dataIdleTimeout=0)
    sender = gateway.user()
    sender.begin("a.ps")
    gateway.reactor.advance(60)
    assert codes(sender.hear()) == [451, 421]


def test_listingIdle() -> None:
    """A listing that nobody takes is no activity."""
    gateway = CountingGateway(idleTimeout=20)
    sender = gateway.user()
    sender.say("EPSV")
    assert codes(sender.say("LIST")) == [150]
    gateway.reactor.advance(20)
    assert codes(sender.hear()) == [425, 421]


def test_waitingForTheTurn() -> None:
    """A job that waits for its printing port is not its sender being idle."""
    gateway = CountingGateway(idleTimeout=60, dataIdleTimeout=0)
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
    gateway = CountingGateway(idleTimeout=60, dataIdleTimeout=0)
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
    gateway = CountingGateway(idleTimeout=60)
    gateway.printer.silent = True
    sender = gateway.user()
    sender.begin("a.ps")
    gateway.reactor.advance(599)
    assert sender.hear() == ""
    gateway.reactor.advance(1)
    assert codes(sender.hear()) == [450]


def test_printerBlocks() -> None:
    """A printer without paper is not the sender being idle; afterwards all the time is there."""
    gateway = CountingGateway(idleTimeout=60)
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
    gateway = CountingGateway(idleTimeout=60)
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
