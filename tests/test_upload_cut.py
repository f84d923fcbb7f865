"""
What speaks against a job, in each of its phases: 4xx if nothing was printed, else 551, and the next
job prints.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from twisted.internet.defer import Deferred, fail
from twisted.logger import LogEvent, capturedLogs, formatEvent

from jetdirect.errors import PrinterLost, PrinterUnreachable
from jetdirect.ftp.upload import HEARING_INTERVAL, HEARING_LOOKS
from jetdirect.interfaces import Delivery, IPrinterConnection, IPrintJob
from jetdirect.record import JobState
from jetdirect.testing import FakePrinter, FakePrinterConnection, FakeSender, MemoryWire
from tests.support.memory import codes
from tests.support.phases import (
    CONNECT,
    HOLDING,
    PAGE,
    PHASES,
    PRINTED,
    MemoryGateway,
    Phase,
    blocked,
    connected,
    finishing,
    lastLine,
    opened,
    pouring,
    reaching,
    waiting,
)

# What speaks against a job: 4xx if nothing was printed, else 551, and the next job prints.


def resetData(gateway: MemoryGateway, sender: FakeSender) -> None:
    """The data connection is reset."""
    assert sender.data is not None
    sender.data.rst()


def losePrinter(gateway: MemoryGateway, sender: FakeSender) -> None:
    """The printer is switched off."""
    gateway.printer.jobs[-1].lose()


def stop(gateway: MemoryGateway, sender: FakeSender) -> None:
    """The gateway is stopped."""
    gateway.factory.stopSessions()


def cancel(gateway: MemoryGateway, sender: FakeSender) -> None:
    """The operator cancels the job."""
    assert gateway.server.cancel(gateway.job.number)


@pytest.mark.parametrize(
    ("phase", "happens", "wanted"),
    [
        (connected, resetData, [451]),
        (pouring, resetData, [551]),
        (blocked, resetData, [551]),
        (connected, losePrinter, [451]),
        (pouring, losePrinter, [551]),
        (blocked, losePrinter, [551]),
        (finishing, losePrinter, [551]),
        (waiting, cancel, [550]),
        (reaching, cancel, [550]),
        (connected, cancel, [550]),
        (pouring, cancel, [551]),
        (blocked, cancel, [551]),
        (finishing, cancel, [551]),
    ],
)
def test_fate(
    phase: Phase, happens: Callable[[MemoryGateway, FakeSender], None], wanted: list[int]
) -> None:
    """4xx says that nothing was printed, 5xx that some may be, or that the job is not wanted."""
    gateway = MemoryGateway()
    sender = phase(gateway)
    happens(gateway, sender)
    heard = sender.hear()
    assert codes(heard) == wanted
    assert f" Job {gateway.job.number} " in heard
    assert gateway.job.state is (JobState.CANCELED if happens is cancel else JobState.ABORTED)
    assert gateway.job.printed == ("part" if phase in PRINTED else "no")
    if phase is waiting:
        gateway.server.cancel(1)
    gateway.printsOn()


@pytest.mark.parametrize("phase", PHASES)
def test_stopped(phase: Phase) -> None:
    """Stopping the gateway: the job's own reply first, then 421; the printer is set right."""
    gateway = MemoryGateway()
    sender = phase(gateway)
    stopped = gateway.factory.stopSessions()
    heard = sender.hear()
    final = [code for code in codes(heard) if code != 150]
    assert final == [551 if phase in PRINTED else 421, 421]
    assert heard.count(": the gateway is shutting down; ") == 1
    assert gateway.job.state is JobState.ABORTED
    for session in list(gateway.factory._connections):
        session.control.transport.fin()  # type: ignore[attr-defined]
    assert stopped.called


def test_stoppedInLine() -> None:
    """A job that waits when the gateway is stopped is not begun any more."""
    gateway = MemoryGateway()
    gateway.user().begin("a.ps")
    gateway.user().begin("b.ps")
    gateway.factory.stopSessions()
    assert len(gateway.printer.jobs) == 1


@pytest.mark.parametrize("happens", [losePrinter, cancel])
def test_fateBeforeTheDataConnection(happens: Callable[[MemoryGateway, FakeSender], None]) -> None:
    """Also while the data connection is awaited the sender is told at once."""
    gateway = MemoryGateway()
    sender = opened(gateway)
    happens(gateway, sender)
    heard = codes(sender.hear())
    sender.reactor.advance(30)
    assert heard == [550 if happens is cancel else 451]


def test_dataConnectionNeverCame() -> None:
    """Without a data connection there is 425, and the printer is free again."""
    gateway = MemoryGateway()
    sender = opened(gateway)
    sender.reactor.advance(30)
    assert codes(sender.hear()) == [425]
    assert (gateway.printer.jobs[0].ended, gateway.printer.jobs[0].tail) == ("aborted", b"")
    gateway.printsOn()


@pytest.mark.parametrize("phase", [connected, pouring])
def test_silentSender(phase: Phase) -> None:
    """A sender that says nothing on either connection is told what was missed, and for how long."""
    gateway = MemoryGateway(idleTimeout=60, dataIdleTimeout=0)
    sender = phase(gateway)
    gateway.reactor.advance(60)
    heard = sender.hear()
    assert codes(heard) == [551 if phase in PRINTED else 451, 421]
    assert "nothing came for 60 s" in heard
    assert gateway.job.state is JobState.ABORTED


def test_unreachable() -> None:
    """A printer that cannot be reached in time: 450 with the reason, no 150 before."""
    gateway = MemoryGateway()
    gateway.printer.refusals = [PrinterUnreachable("paper jam")] * 100
    sender = gateway.user()
    assert sender.begin("a.ps") == ""
    gateway.reactor.pump([0.5] * 60)
    heard = sender.hear()
    assert codes(heard) == [450]
    assert "paper jam" in heard and "safe" in heard
    gateway.printer.refusals = []
    gateway.printsOn()


def test_reachedAtLast() -> None:
    """A printer that can be reached a little later prints, and the sender hears only of that."""
    gateway = MemoryGateway()
    gateway.printer.refusals = [PrinterUnreachable("busy")] * 3
    sender = gateway.user()
    assert sender.begin("a.ps") == ""
    gateway.reactor.pump([0.1] * 30)
    assert codes(sender.hear()) == [150]
    assert codes(sender.send(PAGE)) == [226]


def test_noAnswer() -> None:
    """A printer that does not answer at all: 450 after the connect time-out."""
    gateway = MemoryGateway()
    sender = reaching(gateway)
    gateway.reactor.advance(CONNECT - 1)
    assert sender.hear() == ""
    gateway.reactor.advance(1)
    assert codes(sender.hear()) == [450]
    gateway.printsOn()


def test_oneAttempt() -> None:
    """With a connect time-out of 0 there is one attempt."""
    gateway = MemoryGateway(connectTimeout=0)
    gateway.printer.refusals = [PrinterUnreachable("off")]
    assert codes(gateway.user().begin("a.ps")) == [450]
    gateway.printsOn()


@pytest.mark.parametrize(("final", "code"), [(False, 451), (True, 550)])
def test_refusedByTheTransport(final: bool, code: int) -> None:
    """A transport that says no is not asked again, and its word decides."""
    error = PrinterLost("no such queue")
    error.final = final
    gateway = MemoryGateway()
    gateway.printer.refusals = [error]
    assert codes(gateway.user().begin("a.ps")) == [code]
    gateway.printsOn()


def test_cutIsEndedInItsOwnLanguage() -> None:
    """A job of which something was printed is ended as its language wants it; the 551 says so."""
    gateway = MemoryGateway()
    sender = pouring(gateway)
    resetData(gateway, sender)
    assert "may have been printed" in sender.hear()
    printed = gateway.printer.jobs[0]
    assert (printed.data, printed.ended, printed.tail) == (PAGE, "aborted", b"\x04")


class BrokenConnection(FakePrinterConnection):
    """Has a bug."""

    def finish(self) -> Deferred[Delivery]:
        raise ZeroDivisionError("a bug")


class BrokenPrinter(FakePrinter):
    """Of a third party."""

    def open(self, job: IPrintJob) -> Deferred[IPrinterConnection]:
        opening = super().open(job)
        self.jobs[-1].__class__ = BrokenConnection
        return opening


def test_bugInATransport(flushErrors: Callable[..., list[LogEvent]]) -> None:
    """A transport that raises is logged; the sender is not told 4xx when something was printed."""
    gateway = MemoryGateway(BrokenPrinter())
    sender = gateway.user()
    heard = codes(sender.upload("a.ps", PAGE))
    gateway.printer.__class__ = FakePrinter
    assert len(flushErrors(ZeroDivisionError)) == 1
    assert heard == [150, 551]
    gateway.printsOn()


@pytest.mark.parametrize(("data", "code"), [(b"", 451), (PAGE, 551)])
def test_bugInTheGateway(
    data: bytes,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    flushErrors: Callable[..., list[LogEvent]],
) -> None:
    """A mistake of the gateway's own is logged, and ends the job as honestly as any other."""
    gateway = MemoryGateway()
    sender = gateway.user()

    def broken(self: object, consumer: Any, over: object) -> None:
        consumer.write(data)
        raise ZeroDivisionError("a bug")

    with monkeypatch.context() as patched:
        patched.setattr("jetdirect.ftp.data.DataPort.pourInto", broken)
        heard = sender.begin("a.ps")
    assert codes(heard) == [150, code]
    assert " Job 1 " in heard and ": the gateway itself failed; " in heard
    [event] = flushErrors(ZeroDivisionError)
    assert event["job"] == 1
    assert formatEvent(event) == "job 1 failed"
    gateway.printsOn()


def test_bugAfterTheEnd(
    monkeypatch: pytest.MonkeyPatch, flushErrors: Callable[..., list[LogEvent]]
) -> None:
    """A mistake of the gateway's own does not hide what had ended the job before."""
    gateway = MemoryGateway()
    sender = gateway.user()

    def broken(self: object, consumer: Any, over: object) -> None:
        assert gateway.server.cancel(1, "paper for others")
        raise ZeroDivisionError("a bug")

    with monkeypatch.context() as patched:
        patched.setattr("jetdirect.ftp.data.DataPort.pourInto", broken)
        heard = sender.begin("a.ps")
    assert len(flushErrors(ZeroDivisionError)) == 1
    assert codes(heard) == [150, 550]
    assert "paper for others" in heard
    gateway.printsOn()


def test_bugBehindTheReply(
    monkeypatch: pytest.MonkeyPatch, flushErrors: Callable[..., list[LogEvent]]
) -> None:
    """After the reply a mistake of the gateway's own is logged, and no second reply is sent."""
    gateway = MemoryGateway()
    sender = gateway.user()

    def broken(self: object, job: object) -> None:
        raise ZeroDivisionError("a bug")

    with monkeypatch.context() as patched:
        patched.setattr("jetdirect.ftp.session.Session.expectToBeHeard", broken)
        heard = sender.upload("a.ps", PAGE)
    assert codes(heard) == [150, 226]
    assert len(flushErrors(ZeroDivisionError)) == 1
    assert codes(sender.say("NOOP")) == [200]
    gateway.printsOn()


def test_bugInATransportAtTheOpening(flushErrors: Callable[..., list[LogEvent]]) -> None:
    """A transport that fails otherwise than agreed before a byte was sent: 451, and on."""
    gateway = MemoryGateway()
    gateway.printer.open = lambda job: fail(ZeroDivisionError("a bug"))  # type: ignore[method-assign]
    heard = codes(gateway.user().upload("a.ps", PAGE))
    del gateway.printer.open
    assert len(flushErrors(ZeroDivisionError)) == 1
    assert heard == [451]
    gateway.printsOn()


# The control connection is lost


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("end", [MemoryWire.fin, MemoryWire.rst])
def test_controlLost(phase: Phase, end: Callable[[MemoryWire], None]) -> None:
    """
    A sender that loses the control connection before the reply has not printed: the job is cut.
    """
    gateway = MemoryGateway()
    sender = phase(gateway)
    end(sender.wire)
    assert 226 not in codes(sender.hear())
    assert gateway.job.state is JobState.ABORTED
    assert gateway.job.reason == "the control connection was lost"
    assert gateway.job.printed == ("part" if phase in PRINTED else "no")
    if phase in HOLDING:
        assert gateway.printer.jobs[-1].ended == "aborted"
    if phase is waiting:
        gateway.server.cancel(1)
    gateway.printsOn()


def test_controlGoneWhenTheDataEnds() -> None:
    """A killed sender: the control connection's end is there, though the reactor has not told."""
    gateway = MemoryGateway()
    sender = pouring(gateway)
    sender.wire.gone = True
    assert 226 not in codes(sender.send(b""))
    assert gateway.job.reason == "the control connection was lost"
    assert gateway.printer.jobs[0].ended == "aborted"
    sender.wire.fin()
    gateway.printsOn()


def test_controlGoneWhenThePrinterIsDone() -> None:
    """The control connection is looked at again before the 226."""
    gateway = MemoryGateway()
    sender = finishing(gateway)
    sender.wire.gone = True
    gateway.printer.jobs[0].answer()
    assert 226 not in codes(sender.hear())
    assert gateway.job.state is JobState.ABORTED
    assert gateway.job.reason == "the control connection was lost"
    sender.wire.fin()
    gateway.printsOn()


def test_controlAliveIsNotGone() -> None:
    """A sender that sent a command behind its job and is there is not taken for a lost one."""
    gateway = MemoryGateway()
    sender = pouring(gateway)
    sender.wire.receive(b"NOOP\r\nQUIT\r\n")
    assert codes(sender.send(b"")) == [200, 226, 221]


def endEvents(events: Sequence[LogEvent]) -> list[LogEvent]:
    """The last word on each job."""
    return [event for event in events if "state" in event and "job" in event]


@pytest.mark.parametrize("end", [MemoryWire.fin, MemoryWire.rst])
def test_controlLostBeforeTheReplyIsHeard(end: Callable[[MemoryWire], None]) -> None:
    """A 226 that was never acknowledged: the job's record says that its sender never heard."""
    gateway = MemoryGateway()
    sender = pouring(gateway)
    sender.wire.inFlight = 200
    with capturedLogs() as events:
        assert codes(sender.send(b"")) == [226]
        sender.settle()
        assert not gateway.job.ended
        assert not endEvents(events)
        end(sender.wire)
    [event] = endEvents(events)
    assert event["reason"] == "sender lost before the reply"
    assert event["state"] == "completed"
    assert (gateway.job.state, gateway.job.heard) == (JobState.COMPLETED, False)
    gateway.printsOn()


def test_replyIsHeardLate() -> None:
    """A slow network is waited for: the record is written when the reply is acknowledged."""
    gateway = MemoryGateway()
    sender = pouring(gateway)
    sender.wire.inFlight = 200
    sender.send(b"")
    gateway.reactor.pump([1.0] * 60)
    assert not gateway.job.ended
    sender.wire.inFlight = 0
    gateway.reactor.pump([0.5] * 2)
    assert (gateway.job.state, gateway.job.heard) == (JobState.COMPLETED, True)


def test_nextJobDoesNotWaitForTheAcknowledgement() -> None:
    """The printer is free as soon as it is done, whether the reply was heard or not."""
    gateway = MemoryGateway()
    sender = pouring(gateway)
    sender.wire.inFlight = 200
    sender.send(b"")
    gateway.printsOn()


# ABOR


@pytest.mark.parametrize("phase", PHASES)
def test_abort(phase: Phase) -> None:
    """ABOR in any phase: 426 for the job, then a 226 that tells of no complete transfer."""
    gateway = MemoryGateway()
    sender = phase(gateway)
    heard = sender.say("ABOR")
    assert codes(heard) == [426, 226]
    assert "complete" not in heard.lower()
    assert gateway.job.state is JobState.CANCELED
    if phase in HOLDING:
        assert gateway.printer.jobs[-1].ended == "aborted"
        assert gateway.printer.jobs[-1].tail == (b"\x04" if phase in PRINTED else b"")
    assert sender.data is None or not sender.data.connected
    if phase is waiting:
        gateway.server.cancel(1)
    gateway.printsOn()
    assert codes(sender.upload("again.ps", PAGE)) == [150, 226]


@pytest.mark.parametrize("aborts", [1, 2, 3])
def test_abortWaitsForThePrinter(aborts: int) -> None:
    """The 426 comes at once, each ABOR's 226 when the printer is ready for the next job."""
    gateway = MemoryGateway()
    sender = pouring(gateway)
    gateway.printer.hesitant = True
    assert codes(sender.say("ABOR")) == [426]
    for _ in range(aborts - 1):
        assert sender.say("ABOR") == ""
    assert sender.say("PWD") == ""
    gateway.printer.jobs[0].answer()
    heard = sender.hear()
    assert codes(heard) == [226] * aborts + [257]
    assert heard.count("226 Abort done; PORT1 is ready for the next job\n") == aborts
    gateway.printsOn()


def test_abortTwiceAfterwards() -> None:
    """A second ABOR that comes late finds nothing to abort, and does no harm."""
    gateway = MemoryGateway()
    sender = pouring(gateway)
    assert codes(sender.say("ABOR\r\nABOR")) == [426, 226, 226]
    gateway.printsOn()


def test_abortTooLate() -> None:
    """ABOR after the 226 changes nothing about the job."""
    gateway = MemoryGateway()
    sender = pouring(gateway)
    assert codes(sender.send(b"")) == [226]
    assert codes(sender.say("ABOR")) == [226]
    sender.settle()
    assert gateway.job.state is JobState.COMPLETED


def test_abortWhileAnotherPrints() -> None:
    """
    A sender that aborts a job that waits is not told that the port is ready: another job prints
    there.
    """
    gateway = MemoryGateway()
    heard = waiting(gateway).say("ABOR")
    assert lastLine(heard) == "226 Abort done; the job has left the line at PORT1"


def test_abortThenQuit() -> None:
    """QUIT behind an ABOR ends the session when the printer is free."""
    gateway = MemoryGateway()
    sender = pouring(gateway)
    gateway.printer.hesitant = True
    sender.say("ABOR\r\nQUIT")
    assert not sender.wire.halfClosed
    gateway.printer.jobs[0].answer()
    assert codes(sender.hear()) == [226, 221]


# What the sender said before the end of its data, and nobody has read yet


def test_abortThatIsUnread() -> None:
    """An ABOR that came before the end of the data counts, though it is read behind that."""
    gateway = MemoryGateway()
    sender = pouring(gateway)
    assert sender.data is not None
    sender.wire.pauseProducing()
    sender.wire.receive(b"ABOR\r\n")
    sender.data.fin()
    assert sender.hear() == ""
    sender.wire.resumeProducing()
    gateway.reactor.advance(HEARING_INTERVAL)
    assert codes(sender.hear()) == [426, 226]
    assert gateway.printer.jobs[0].ended == "aborted"
    gateway.printsOn()


def test_abortBehindFloods() -> None:
    """So does one that was read, and is not done before others had their turn."""
    gateway = MemoryGateway()
    sender, other = pouring(gateway), gateway.user()
    assert sender.data is not None
    other.wire.receive(b"NOOP\r\n" * 100)
    sender.wire.receive(b"ABOR\r\n")
    sender.data.fin()
    assert sender.hear() == ""
    gateway.reactor.advance(HEARING_INTERVAL)
    assert codes(sender.hear()) == [426, 226]
    assert gateway.printer.jobs[0].ended == "aborted"


def test_senderThatNeverEnds() -> None:
    """A sender that says more than can be read is not heard out: others wait for the printer."""
    gateway = MemoryGateway()
    sender = pouring(gateway)
    assert sender.data is not None
    sender.wire.pauseProducing()
    sender.wire.receive(b"NOOP\r\n")
    sender.data.fin()
    assert sender.hear() == ""
    gateway.reactor.pump([HEARING_INTERVAL] * HEARING_LOOKS)
    assert codes(sender.hear()) == [226]
