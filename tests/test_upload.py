"""
The promise, from the command to the reply: what the sender is told is what became of the job.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, fail
from twisted.internet.error import ConnectionRefusedError
from twisted.logger import LogEvent, capturedLogs, formatEvent
from twisted.python.failure import Failure

from jetdirect.errors import PrinterLost, PrintError, PrinterUnreachable
from jetdirect.ftp.upload import PATIENCE
from jetdirect.interfaces import Delivery, IPrinterConnection, IPrintJob
from jetdirect.record import JobState
from jetdirect.testing import FakePrinter, FakePrinterConnection, FakeSender, MemoryWire
from tests.support import memory
from tests.support.memory import codes

PAGE = b"%!PS\n\xff\xf4\r\n\n\r\x00\x1b%-12345X\x04showpage\n"
BUSY, CONNECT = 60.0, 30.0


class SlowPrinter(FakePrinter):
    """Is reached when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.opening: list[Deferred[IPrinterConnection]] = []

    def open(self, job: IPrintJob) -> Deferred[IPrinterConnection]:
        self.opening.append(Deferred())
        super().open(job)
        return self.opening[-1]

    def arrive(self) -> None:
        """The printer has been reached."""
        self.opening[-1].callback(self.jobs[-1])


class MemoryGateway(memory.MemoryGateway):
    """Its times are those below."""

    def __init__(self, *printers: FakePrinter, **settings: Any) -> None:
        usual = {"maxSessions": 10, "busyTimeout": BUSY, "connectTimeout": CONNECT}
        super().__init__(*printers, **{**usual, **settings})

    def printsOn(self) -> None:
        """Whatever has happened: the next job prints, and nobody stands in its way."""
        self.printer.hesitant = self.printer.silent = False
        if isinstance(self.printer, SlowPrinter):
            self.printer.__class__ = FakePrinter  # type: ignore[assignment]
        sender = self.user()
        assert codes(sender.upload("next.ps", PAGE)) == [150, 226]
        assert (self.printer.jobs[-1].data, self.printer.jobs[-1].ended) == (PAGE, "finished")
        assert self.printer.jobs[-1].tail == b""


def lastLine(heard: str) -> str:
    """The line that tells it all."""
    return heard.split("\n")[-1]


# How far a job is when something happens to it; each begins one and returns its sender.


def waiting(gateway: MemoryGateway) -> FakeSender:
    """The job waits for its turn, its data connection is there already."""
    gateway.user().begin("first.ps")
    sender = gateway.user()
    assert sender.begin("a.ps") == ""
    return sender


def reaching(gateway: MemoryGateway) -> FakeSender:
    """The printer is being reached."""
    gateway.printer.silent = True
    sender = gateway.user()
    assert sender.begin("a.ps") == ""
    return sender


def opened(gateway: MemoryGateway) -> FakeSender:
    """The 150 is out, the data connection is not there yet."""
    sender = gateway.user()
    sender.say("EPSV")
    assert codes(sender.say("STOR a.ps")) == [150]
    return sender


def connected(gateway: MemoryGateway) -> FakeSender:
    """The data connection is there, and no byte came yet."""
    sender = gateway.user()
    assert codes(sender.begin("a.ps")) == [150]
    return sender


def pouring(gateway: MemoryGateway) -> FakeSender:
    """The printer has a part of the job."""
    sender = connected(gateway)
    assert sender.data is not None
    sender.data.receive(PAGE)
    return sender


def blocked(gateway: MemoryGateway) -> FakeSender:
    """The printer has a part of the job and takes no more."""
    sender = pouring(gateway)
    gateway.printer.jobs[-1].pause()
    assert sender.data is not None
    sender.data.receive(PAGE)
    return sender


def finishing(gateway: MemoryGateway) -> FakeSender:
    """The printer has every byte, and has not said yet what became of them."""
    sender = pouring(gateway)
    gateway.printer.hesitant = True
    assert sender.send(b"") == ""
    gateway.printer.hesitant = False
    return sender


UNPRINTED = [waiting, reaching, opened, connected]
PRINTED = [pouring, blocked, finishing]
PHASES = [*UNPRINTED, *PRINTED]
HOLDING = [opened, connected, *PRINTED]
"""The phases in which the job has the printer."""

Phase = Callable[[MemoryGateway], FakeSender]


# The order of things


def test_order() -> None:
    """First its turn, then the printer, then 150, and only then the data connection is dialled."""
    gateway = MemoryGateway(SlowPrinter())
    printer: Any = gateway.printer
    first, second = gateway.user(), gateway.user()
    first.begin("a.ps")
    printer.arrive()
    second.say("PORT 192,0,2,1,8,73")
    assert second.say("STOR b.ps") == ""
    assert (len(printer.opening), gateway.reactor.tcpClients) == (1, [])
    first.send(b"")
    assert second.hear() == ""
    assert (len(printer.opening), gateway.reactor.tcpClients) == (2, [])

    said: list[bytes] = []
    dial = gateway.reactor.connectTCP

    def connectTCP(*args: Any, **kwargs: Any) -> Any:
        said.append(second.wire.value())
        return dial(*args, **kwargs)

    gateway.reactor.connectTCP = connectTCP
    printer.arrive()
    assert [text[:4] for text in said] == [b"150 "]
    assert codes(second.hear()) == [150]


def test_nothingIsReadBeforeThePrinterIsThere() -> None:
    """What comes early over the data connection stays with the sender until the 150."""
    gateway = MemoryGateway(SlowPrinter())
    printer: Any = gateway.printer
    sender = gateway.user()
    sender.passive()
    assert sender.data is not None
    sender.data.receive(PAGE)
    sender.data.fin()
    assert sender.say("STOR a.ps") == ""
    assert sender.data.producerState == "paused"
    printer.arrive()
    assert codes(sender.hear()) == [150, 226]
    assert printer.jobs[0].data == PAGE


def test_complete() -> None:
    """A job that ended well: every byte, none added, and the reply that says so."""
    gateway = MemoryGateway()
    sender = gateway.user()
    sender.say("TYPE I")
    heard = sender.upload("a.ps", PAGE)
    assert codes(heard) == [150, 226]
    assert f"job {gateway.job.number}" in heard and "226-Processing job: 1 a.ps" in heard
    assert lastLine(heard) == f"226 Transfer complete (PORT1, job 1, {len(PAGE)} bytes, delivered)"
    [printed] = gateway.printer.jobs
    assert (printed.data, printed.ended, printed.tail) == (PAGE, "finished", b"")
    sender.settle()
    assert gateway.job.state is JobState.COMPLETED


def test_active() -> None:
    """Over an active data connection it is the same."""
    gateway = MemoryGateway()
    sender = gateway.user()
    sender.say("PORT 192,0,2,1,8,73")
    sender.say("STOR a.ps")
    wire = dialled(gateway)
    wire.receive(PAGE)
    wire.fin()
    assert codes(sender.hear()) == [226]
    assert gateway.printer.jobs[0].data == PAGE


def test_activeRefused() -> None:
    """A sender that does not take our call gets 425, and the next job prints."""
    gateway = MemoryGateway()
    sender = gateway.user()
    sender.say("PORT 192,0,2,1,8,73")
    sender.say("STOR a.ps")
    gateway.reactor.tcpClients[-1][2].clientConnectionFailed(
        None, Failure(ConnectionRefusedError())
    )
    assert codes(sender.hear()) == [425]
    gateway.printsOn()


def dialled(gateway: MemoryGateway) -> MemoryWire:
    """The sender takes our call."""
    host, number, factory, *_ = gateway.reactor.tcpClients[-1]
    return MemoryWire(factory.buildProtocol(IPv4Address("TCP", host, number)))


def test_zeroBytes() -> None:
    """A job without a byte is a job like others."""
    gateway = MemoryGateway()
    heard = gateway.user().upload("a.ps", b"")
    assert lastLine(heard) == "226 Transfer complete (PORT1, job 1, 0 bytes, delivered)"
    assert (gateway.printer.jobs[0].data, gateway.printer.jobs[0].ended) == (b"", "finished")


@pytest.mark.parametrize(
    ("reaches", "reached", "words"),
    [
        (Delivery.DELIVERED, None, "delivered"),
        (Delivery.DELIVERED, Delivery.SENT, "sent, unconfirmed"),
        (Delivery.SENT, None, "sent"),
        (Delivery.CONFIRMED, None, "confirmed"),
    ],
)
def test_delivery(reaches: Delivery, reached: Delivery | None, words: str) -> None:
    """The reply says how far the job is known to have come."""
    gateway = MemoryGateway(FakePrinter(reaches=reaches))
    gateway.printer.hesitant = True
    sender = gateway.user()
    assert codes(sender.upload("a.ps", PAGE)) == [150]
    gateway.printer.jobs[0].answer(reached)
    assert lastLine(sender.hear()).endswith(f"{len(PAGE)} bytes, {words})")


def test_numbers() -> None:
    """Job numbers grow, over ports and sessions, also past jobs that failed."""
    gateway = MemoryGateway(FakePrinter(), FakePrinter())
    for number, path in enumerate(["a", "PORT2/b", "c"], start=1):
        heard = gateway.user().upload(path, PAGE)
        assert f"job {number}," in lastLine(heard)
    gateway.user().begin("d")
    gateway.server.cancel(4)
    assert "job 5," in lastLine(gateway.user().upload("e", PAGE))


def test_backPressure() -> None:
    """A printer that takes no more stops the sender; then all comes, in order and once."""
    gateway = MemoryGateway()
    sender = gateway.user()
    sender.begin("a.ps")
    assert sender.data is not None
    chunks = [bytes([n % 256]) * 1000 for n in range(1000)]
    for n, chunk in enumerate(chunks):
        sender.data.receive(chunk)
        if n % 100 == 50:
            gateway.printer.jobs[0].pause()
        if n == 60:
            assert sender.data.producerState == "paused"
            assert len(gateway.printer.jobs[0].data) == 51_000
        if n % 100 == 99:
            gateway.printer.jobs[0].resume()
    assert codes(sender.send(b"")) == [226]
    assert gateway.printer.jobs[0].data == b"".join(chunks)


@pytest.mark.parametrize(
    ("seconds", "state", "waits"),
    [
        (0.75, "processing", ""),
        (1, "processing", ", the printer has taken nothing for 1 s"),
        (4, "processing", ", the printer has taken nothing for 4 s"),
        (5, "processing-stopped", ", the printer has taken nothing for 5 s"),
        (60, "processing-stopped", ", the printer has taken nothing for 60 s"),
    ],
)
def test_statWhileItPrints(seconds: float, state: str, waits: str) -> None:
    """STAT says how far the job is, and since when the printer keeps it waiting."""
    gateway = MemoryGateway()
    sender = blocked(gateway)
    gateway.reactor.advance(seconds)
    lines = sender.say("STAT").split("\n")
    [line] = [line.strip() for line in lines if "job 1" in line]
    assert line == f"Now: job 1 on PORT1: {state}, {len(PAGE)} bytes{waits}"


@pytest.mark.parametrize(
    ("seconds", "waits"),
    [
        (0.75, ""),
        (1, ", all sent; the printer's answer is awaited for 1 s"),
        (60, ", all sent; the printer's answer is awaited for 60 s"),
    ],
)
def test_statWhileThePrinterFinishes(seconds: float, waits: str) -> None:
    """STAT says that all was sent, and since when the printer does not answer."""
    gateway = MemoryGateway()
    sender = finishing(gateway)
    gateway.reactor.advance(seconds)
    lines = sender.say("STAT").split("\n")
    [line] = [line.strip() for line in lines if "job 1" in line]
    assert line == f"Now: job 1 on PORT1: processing, {len(PAGE)} bytes{waits}"


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

    async def broken(self: object, consumer: Any) -> None:
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

    async def broken(self: object, consumer: Any) -> None:
        assert gateway.server.cancel(1, "paper for others")
        raise ZeroDivisionError("a bug")

    with monkeypatch.context() as patched:
        patched.setattr("jetdirect.ftp.data.DataPort.pourInto", broken)
        heard = sender.begin("a.ps")
    assert len(flushErrors(ZeroDivisionError)) == 1
    assert codes(heard) == [150, 550]
    assert "paper for others" in heard
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


# Several senders, one printer


def test_turns() -> None:
    """Jobs at one port print one after the other in the order of their commands."""
    gateway = MemoryGateway()
    senders = [gateway.user() for _ in range(4)]
    assert [codes(sender.begin(f"{n}.ps")) for n, sender in enumerate(senders)] == [
        [150],
        [],
        [],
        [],
    ]
    for n, sender in enumerate(senders):
        assert codes(sender.send(b"page %d" % n)) == [226]
        assert [codes(other.hear()) for other in senders[n + 1 :]] == [[150], [], []][: 3 - n]
    assert [job.data for job in gateway.printer.jobs] == [
        b"page 0",
        b"page 1",
        b"page 2",
        b"page 3",
    ]


def test_otherPortsDoNotWait() -> None:
    """A busy printer keeps only its own port's jobs waiting."""
    gateway = MemoryGateway(FakePrinter(), FakePrinter())
    pouring(gateway)
    assert codes(gateway.user().upload("PORT2/b.ps", PAGE)) == [150, 226]


def test_busy() -> None:
    """
    A sender whose turn does not come in time gets 450 with the reason; the other goes on printing.
    """
    gateway = MemoryGateway()
    first = pouring(gateway)
    second = gateway.user()
    second.begin("b.ps")
    gateway.reactor.advance(BUSY - 1)
    assert second.hear() == ""
    gateway.reactor.advance(1)
    heard = second.hear()
    assert codes(heard) == [450]
    assert "PORT1 is busy with job 1" in heard and "safe" in heard
    assert codes(first.send(b"")) == [226]
    gateway.printsOn()


def test_noWaiting() -> None:
    """With a busy time-out of 0 nobody waits."""
    gateway = MemoryGateway(busyTimeout=0)
    first = pouring(gateway)
    assert codes(gateway.user().begin("b.ps")) == [450]
    assert codes(first.send(b"")) == [226]
    gateway.printsOn()


@pytest.mark.parametrize("leave", ["ABOR", "lost", "canceled"])
def test_leavingTheLine(leave: str) -> None:
    """A sender that leaves the line keeps nobody behind waiting."""
    gateway = MemoryGateway()
    first, second, third = (gateway.user() for _ in range(3))
    for n, sender in enumerate((first, second, third)):
        sender.begin(f"{n}.ps")
    if leave == "ABOR":
        second.say("ABOR")
    elif leave == "lost":
        second.wire.fin()
    else:
        gateway.server.cancel(2)
    assert codes(first.send(PAGE)) == [226]
    assert codes(third.hear()) == [150]
    assert codes(third.send(PAGE)) == [226]
    assert len(gateway.printer.jobs) == 2


def test_cancelByNumber() -> None:
    """Only a job that is there and not ended can be canceled."""
    gateway = MemoryGateway()
    sender = pouring(gateway)
    assert not gateway.server.cancel(2)
    assert gateway.server.cancel(1, "paper for others")
    heard = sender.hear()
    assert codes(heard) == [551]
    assert "paper for others" in heard
    assert gateway.job.state is JobState.CANCELED
    assert not gateway.server.cancel(1)


# The record


@pytest.mark.parametrize("good", [True, False])
def test_events(good: bool) -> None:
    """Each job writes one event at its start and one at its end, with all that is known."""
    gateway = MemoryGateway()
    with capturedLogs() as events:
        sender = pouring(gateway)
        gateway.reactor.advance(2.5)
        if good:
            sender.send(b"")
            sender.settle()
        else:
            sender.say("ABOR")
    start, end = (event for event in events if "job" in event)
    known = {"job": 1, "port": "PORT1", "peer": "192.0.2.1", "user": "anonymous", "name": "a.ps"}
    assert {**start, **known} == start
    known |= {"bytes": len(PAGE), "state": "completed" if good else "canceled"}
    known |= {"delivery": "delivered" if good else "-"}
    known |= {"reason": "" if good else "aborted by the sender"}
    known |= {"reply": 226 if good else 426, "printed": "yes" if good else "part"}
    assert {**end, **known} == end
    assert 2.5 <= end["seconds"] < 3


def test_errorsOfThirdParties() -> None:
    """An error of a transport's own kind is told by its words."""

    class NoToner(PrintError):
        pass

    gateway = MemoryGateway()
    gateway.printer.refusals = [NoToner("no toner left")]
    heard = gateway.user().begin("a.ps")
    assert codes(heard) == [451]
    assert "no toner left" in heard


# A data connection that does not come


def test_othersDoNotWaitForIt() -> None:
    """
    A sender that waits for the printer has it a few seconds after the sender that did not come.
    """
    gateway = MemoryGateway()
    holder, other = opened(gateway), gateway.user()
    assert other.begin("b.ps") == ""
    gateway.reactor.advance(PATIENCE - 0.1)
    assert (holder.hear(), other.hear()) == ("", "")
    gateway.reactor.advance(0.1)
    assert codes(holder.hear()) == [425]
    assert codes(other.hear()) == [150]
    assert codes(other.send(PAGE)) == [226]


def test_othersComeLater() -> None:
    """A sender that comes while it has been waited for already has the printer within a second."""
    gateway = MemoryGateway()
    holder = opened(gateway)
    gateway.reactor.pump([1.0] * 10)
    other = gateway.user()
    assert other.begin("b.ps") == ""
    gateway.reactor.advance(1)
    assert codes(holder.hear()) == [425]
    assert codes(other.hear()) == [150]


def test_nobodyWaits() -> None:
    """If nobody else wants the printer, the data connection has its whole time."""
    gateway = MemoryGateway()
    holder = opened(gateway)
    gateway.reactor.pump([1.0] * 29)
    holder.connect()
    assert codes(holder.send(PAGE)) == [226]
    holder.settle()
    assert not [call for call in gateway.reactor.getDelayedCalls() if call.getTime() < 60]


def test_lateDataIsNoHang() -> None:
    """A data connection that is there, and silent, is what --data-idle-timeout is for."""
    gateway = MemoryGateway()
    sender = connected(gateway)
    other = gateway.user()
    assert other.begin("b.ps") == ""
    gateway.reactor.pump([1.0] * 10)
    assert codes(sender.send(PAGE)) == [226]


def test_lateConnectionIsNoHang() -> None:
    """Nor is one that came behind the 150, but in time."""
    gateway = MemoryGateway()
    holder, other = opened(gateway), gateway.user()
    place = gateway.reactor.tcpServers[-1]
    assert other.begin("b.ps") == ""
    gateway.reactor.advance(PATIENCE - 0.1)
    gateway.reactor.tcpServers.append(place)
    holder.connect()
    gateway.reactor.pump([1.0] * 10)
    assert codes(holder.send(PAGE)) == [226]


def test_idleAfterAbort() -> None:
    """While the printer is made ready after ABOR, it is not the sender that is idle."""
    gateway = MemoryGateway(idleTimeout=3)
    gateway.printer.hesitant = True
    sender = pouring(gateway)
    assert codes(sender.say("ABOR")) == [426]
    gateway.reactor.pump([1.0] * 10)
    gateway.printer.jobs[0].answer()
    assert codes(sender.hear()) == [226]
    assert codes(sender.say("NOOP")) == [200]
