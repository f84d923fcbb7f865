"""
The control connection: what waits and what does not, how it ends, and what it never tells.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionDone
from twisted.internet.testing import StringTransport
from twisted.logger import formatEvent
from twisted.python.failure import Failure

from jetdirect.ftp.commands.table import COMMANDS
from jetdirect.ftp.control import LINGER
from jetdirect.ftp.lines import LONGEST_FLOOD, LONGEST_LINE
from jetdirect.ftp.pipeline import WAITING_COMMANDS
from jetdirect.ftp.session import Session
from jetdirect.ftp.shell import PrintShell
from jetdirect.ftp.turns import LINES_A_SLICE
from jetdirect.testing import FakeSender, MemoryWire
from tests.support.logins import CountingGateway
from tests.support.memory import codes
from tests.support.turn import turn

# Commands while another one runs


@pytest.mark.parametrize(
    ("command", "code"), [("NOOP", 200), ("STAT", 211), ("STAT PORT1", 213), ("noop", 200)]
)
def test_answeredAtOnce(command: str, code: int) -> None:
    """NOOP and STAT are answered while a job comes in."""
    sender = CountingGateway().user()
    sender.begin("a.ps")
    assert codes(sender.say(command)) == [code]
    assert codes(sender.send(b"page")) == [226]


def test_abortAtOnce() -> None:
    """ABOR does not wait for the job that it is to end."""
    sender = CountingGateway().user()
    sender.begin("a.ps")
    assert codes(sender.say("ABOR")) == [426, 226]


def test_quitWaits() -> None:
    """QUIT in mid-job: the job finishes and is answered, then the session ends."""
    gateway = CountingGateway()
    sender = gateway.user()
    sender.begin("a.ps")
    assert sender.say("QUIT") == ""
    assert codes(sender.send(b"page")) == [226, 221]
    assert gateway.printer.jobs[0].ended == "finished"
    assert sender.wire.halfClosed


def test_othersWaitInOrder() -> None:
    """Other commands, unknown ones included, are answered in their order after the job."""
    sender = CountingGateway().user()
    sender.begin("a.ps")
    assert [sender.say(line) for line in ("TYPE I", "XYZZY", "PWD", "STOR b.ps")] == [""] * 4
    assert codes(sender.send(b"page")) == [226, 200, 500, 257, 425]


def test_nextJobFromTheQueue() -> None:
    """A waiting upload begins when the one before it has ended, and those behind wait again."""
    gateway = CountingGateway()
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
    sender = CountingGateway().user()
    sender.begin("a.ps")
    for _ in range(WAITING_COMMANDS):
        assert sender.say("PWD") == ""
    assert codes(sender.send(b"page")) == [226] + [257] * LINES_A_SLICE
    sender.reactor.advance(0)
    assert codes(sender.hear()) == [257] * (WAITING_COMMANDS - LINES_A_SLICE)


def test_tooManyWait() -> None:
    """One command more ends the session, after the job had its own reply."""
    sender = CountingGateway().user()
    sender.begin("a.ps")
    for _ in range(WAITING_COMMANDS + 1):
        assert sender.say("PWD") == ""
    assert codes(sender.send(b"page")) == [226, 421]
    assert sender.wire.halfClosed


def test_pipelined() -> None:
    """Several commands in one segment are all answered, in their order."""
    sender = CountingGateway().stranger()
    assert codes(sender.say("USER a\r\nPASS b\r\nTYPE I\r\nPWD")) == [331, 230, 200, 257]


def test_longLineWaits() -> None:
    """Also a line that is too long is answered after the commands before it."""
    sender = CountingGateway().user()
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
    sender = CountingGateway().user()
    assert sender.say(line) == "500 Command not understood"
    assert codes(sender.say("NOOP")) == [200]


@pytest.mark.parametrize("line", [b"", b" ", b"\t", b" \t "])
def test_emptyLine(line: bytes) -> None:
    """An empty line is nothing."""
    assert CountingGateway().user().say(line) == ""


@pytest.mark.parametrize("line", [b"noop", b"  NOOP", b"\tNoOp  ", b"NOOP\t", b"NOOP x"])
def test_lenient(line: bytes) -> None:
    """Case, and blanks around, do not matter."""
    assert codes(CountingGateway().user().say(line)) == [200]


@pytest.mark.parametrize("line", [b"STOR a\x00\r\x1b[31m\xe9.ps", b"STOR \xff\xff\xc3\xa9 "])
def test_strangeNames(line: bytes) -> None:
    """Bytes of any kind in a name come back as printable ASCII."""
    sender = CountingGateway().user()
    sender.passive()
    heard = sender.say(line) + sender.send(b"page")
    assert codes(heard) == [150, 226]
    assert re.fullmatch(r"[\x20-\x7e\n]*", heard)


def test_tooLong() -> None:
    """A line that is too long gets 500, and the next one is answered."""
    sender = CountingGateway().user()
    assert codes(sender.say(b"STOR " + b"x" * LONGEST_LINE)) == [500]
    assert codes(sender.say("NOOP")) == [200]


def test_flood() -> None:
    """What goes on and on without a line end is told what this is, and closed."""
    sender = CountingGateway().user()
    assert codes(sender.say(b"x" * (LONGEST_FLOOD + 1))) == [500]
    assert sender.wire.halfClosed
    assert sender.say("NOOP") == ""


def test_floodInMidJob() -> None:
    """A flood in mid-job ends the session only after the job had its own reply."""
    sender = CountingGateway().user()
    sender.begin("a.ps")
    sender.wire.receive(b"x" * (LONGEST_FLOOD + 1))
    assert not sender.wire.halfClosed
    assert codes(sender.send(b"page")) == [226, 500]


def test_nothingAfterQuit() -> None:
    """What follows QUIT is neither done nor answered."""
    gateway = CountingGateway()
    sender = gateway.user()
    sender.passive()
    assert codes(sender.say("QUIT\r\nNOOP\r\nSTOR a.ps")) == [221]
    assert sender.say("NOOP") == ""
    assert not gateway.printer.jobs


def test_nothingAfterQuitForALongLine() -> None:
    """The 221 is the last word, also when a line that is too long follows."""
    assert codes(CountingGateway().user().say(b"QUIT\r\n" + b"x" * (LONGEST_LINE + 1))) == [221]


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
    gateway = CountingGateway()
    sender = gateway.user()
    sender.begin("a.ps")
    assert codes(sender.say(line)) == [426, 226]
    assert gateway.printer.jobs[0].ended == "aborted"


# The end


def test_peerCloses() -> None:
    """The peer's FIN ends the session at once, and no timer is left."""
    gateway = CountingGateway()
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
    gateway = CountingGateway()
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
    sender = CountingGateway().user()
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
    gateway = CountingGateway()
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
    gateway = CountingGateway()
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


def stuck(gateway: CountingGateway) -> StuckWire:
    """The connection of a sender that logs in and reads no reply."""
    session = gateway.factory.buildProtocol(IPv4Address("TCP", "192.0.2.1", 40001))
    wire = StuckWire(session)
    wire.receive(b"USER a\r\nPASS b\r\n")
    return wire


def test_neverReads() -> None:
    """A peer that reads nothing is closed upon all the same, a moment after its last reply."""
    gateway = CountingGateway(idleTimeout=60)
    wire = stuck(gateway)
    gateway.reactor.advance(60)
    gateway.reactor.advance(LINGER)
    assert not wire.connected


def test_neverReadsAtTheStop() -> None:
    """A peer that reads nothing does not keep the gateway from stopping."""
    gateway = CountingGateway()
    stuck(gateway)
    stopped = gateway.factory.stopSessions()
    gateway.reactor.advance(LINGER)
    assert stopped.called


def test_closedAndNeverReads() -> None:
    """A peer that has ended its direction and reads nothing does not keep its place."""
    gateway = CountingGateway(idleTimeout=60)
    wire = stuck(gateway)
    wire.fin()
    gateway.reactor.advance(LINGER)
    assert not gateway.factory.sessions


# What a session may not do to itself or to others


def test_manyAborts() -> None:
    """ABOR waits like other commands while the printer is being freed: so many, then no more."""
    gateway = CountingGateway()
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
    gateway = CountingGateway()
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
    gateway = CountingGateway()
    sender = gateway.user()
    sender.begin("a.ps")
    sender.say("QUIT")
    sender.wire.fin()
    assert codes(sender.send(b"page")) == [226, 221]
    assert gateway.printer.jobs[0].ended == "finished"
    assert not gateway.factory.sessions


def test_quitWhoseTurnHasNotCome() -> None:
    """So it is behind a QUIT that has come, but waits for others' commands to be done first."""
    gateway = CountingGateway()
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
    gateway = CountingGateway()
    sender = gateway.user()
    sender.begin("a.ps")
    sender.say("QUIT")
    sender.wire.fin()
    sender.wire.rst()
    sender.send(b"page")
    assert gateway.printer.jobs[0].ended == "aborted"


def test_halfCloseWithoutQuit() -> None:
    """Without a QUIT a FIN is the end of a killed sender, too, and cuts the job."""
    gateway = CountingGateway()
    sender = gateway.user()
    sender.begin("a.ps")
    sender.say("PWD")
    sender.wire.fin()
    assert gateway.printer.jobs[0].ended == "aborted"


@pytest.mark.parametrize("said", [b"USER a\r\nPASS b\r\n", b"R a\r\nPASS b\r\n"])
def test_lateReactor(said: bytes) -> None:
    """A login that came in time, and was not read because the reactor was late, is in time."""
    gateway = CountingGateway(loginTimeout=10, lineTimeout=10)
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
    gateway = CountingGateway()
    sender = gateway.stranger()
    sender.wire.receive(b"USE")
    sender.wire.rst()
    assert not gateway.reactor.getDelayedCalls()


def test_lateReactorAndALastWord() -> None:
    """A peer that has closed in time is not reset because the reactor was late to see it."""
    gateway = CountingGateway()
    sender = gateway.user()
    sender.say("QUIT")
    gateway.reactor.rightNow += LINGER + 1
    turn(gateway.reactor)
    assert sender.wire.connected
    sender.wire.fin()
    assert not sender.wire.connected
    assert not gateway.reactor.getDelayedCalls()


def test_overIsGone() -> None:
    """A session that is over leaves nothing to the garbage collector, which looks seldom."""

    def there() -> int:
        return sum(type(each) in (Session, PrintShell) for each in gc.get_objects())

    gateway = CountingGateway()
    gc.collect()
    gc.disable()
    try:
        before = there()
        sender: FakeSender | None = gateway.user()
        assert sender is not None and isinstance(sender.session, Session)
        sender.session.shell.names.store(("PORT1", "a.ps"), 1)
        assert there() == before + 2
        sender.say("QUIT")
        sender.wire.fin()
        gateway.connected.clear()
        sender = None
        assert there() == before
    finally:
        gc.enable()
