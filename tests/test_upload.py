"""
The promise, from the command to the reply: what the sender is told is what became of the job.
"""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.error import ConnectionRefusedError
from twisted.logger import capturedLogs
from twisted.python.failure import Failure

from jetdirect.errors import PrintError
from jetdirect.ftp.upload import PATIENCE, SMALL_PIECE
from jetdirect.interfaces import Delivery
from jetdirect.net.stream import READ_SIZE
from jetdirect.record import JobState
from jetdirect.testing import FakePrinter
from jetdirect.transports.policy import PJLPolicy, policed
from tests.support.memory import codes
from tests.support.phases import (
    BUSY,
    PAGE,
    MemoryGateway,
    SlowPrinter,
    blocked,
    connected,
    finishing,
    lastLine,
    opened,
    pouring,
)

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
    wire = gateway.dialled()
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


# Several senders, one printer


@pytest.mark.parametrize("readsLines", [False, True])
def test_pieces(readsLines: bool) -> None:
    """Where each line is looked at, others have their turn between two pieces."""
    printer: Any = FakePrinter()
    read: Any = policed(printer, PJLPolicy.LOG) if readsLines else printer
    gateway = MemoryGateway(read)
    sender = gateway.user()
    assert codes(sender.begin("a.ps")) == [150]
    assert getattr(sender.data, "bufferSize", READ_SIZE) == (
        SMALL_PIECE if readsLines else READ_SIZE
    )
    assert codes(sender.send(PAGE)) == [226]


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
