"""
C{--pjl-policy}: what is logged, what is refused before the printer has a byte of it, and that a job
which is printed is the job that was sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import LogEvent, LogLevel, capturedLogs, formatEvent
from twisted.python.failure import Failure
from zope.interface.verify import verifyObject

from jetdirect.configuration import Configuration
from jetdirect.errors import JobAborted, PrintError, PrinterUnreachable
from jetdirect.gateway import Gateway
from jetdirect.interfaces import (
    Delivery,
    IPrinterConnection,
    IPrinterTransport,
    PrinterStatus,
)
from jetdirect.job import Job, Sender
from jetdirect.language import UEL
from jetdirect.pjl import risk
from jetdirect.record import JobState
from jetdirect.server import PrintServer
from jetdirect.testing import FakePrinter, FakePrinterConnection, FakeSender
from jetdirect.transports.dressing import DressedTransport, Dressing
from jetdirect.transports.policy import LONGEST_SECTION, PJLPolicy, PolicedTransport, policed
from tests.support.pieces import split
from tests.support.source import Source

LOG, REFUSE = PJLPolicy.LOG, PJLPolicy.REFUSE

EVIL = b'@PJL FSDELETE NAME="0:\\PostScript"\r\n'

# As the drivers write them, shortened, with names and dates of nobody.
HEADERS = {
    "HP UPD, PCL 6": UEL
    + b"@PJL SET STRINGCODESET=UTF8\n"
    + b'@PJL JOB NAME="DEFAULT PASSWORD=1.docx"\r\n'
    + b'@PJL COMMENT "HP Universal Printing PCL 6; Windows"\n'
    + b'@PJL COMMENT "Username: ann; App Filename: letter; 11-22-2026"\n'
    + b'@PJL SET JOBATTR="JobAcct1=ann"\n'
    + b'@PJL SET JOBATTR="JobAcct4=20261122123045"\n'
    + b'@PJL DMINFO ASCIIHEX="0400040101020D101001153230323631313232313233303435"\n'
    + b'@PJL SET HOLD=OFF\n@PJL SET USERNAME="ann"\n@PJL SET QTY=1\n'
    + b"@PJL SET PROCESSINGACTION=APPEND\n@PJL SET RESOLUTION=600\n"
    + b"@PJL ENTER LANGUAGE=PCLXL\n",
    "CUPS, with the display's text": UEL
    + b"@PJL\n"
    + b'@PJL JOB NAME = "CPLOCK=ON" DISPLAY = "31 ann report"\r\n'
    + b'@PJL RDYMSG DISPLAY="31 ann report"\n'
    + b"@PJL SET DUPLEX=ON\n@PJL SET BINDING=LONGEDGE\n"
    + b"@PJL ENTER LANGUAGE = POSTSCRIPT\r\n",
    "foo2zjs": UEL
    + b"@PJL JOB\n@PJL SET JAMRECOVERY=OFF\n@PJL INFO STATUS\n@PJL USTATUS JOB = ON\n"
    + b'@PJL SET JOBATTR="JobAttr4=20261122123045"\0'
    + UEL,
    "held for a key": UEL
    + b'@PJL SET HOLD=STORE\r\n@PJL SET HOLDKEY="1234"\r\n@PJL SET JOBPASSWORD=1234\r\n'
    + b"@PJL ENTER LANGUAGE=PCL\r\n",
    "NULs, reset, then PJL": b"\0" * 600 + b"\x1bE" + UEL + b"@PJL ENTER LANGUAGE=PCL\r\n",
}
RASTER = b"\x1bE\x1b*b40W\r\n" + EVIL + b"\x1b%-12" + bytes(range(256)) + b"\x1b*rC\x1bE"
END = UEL + b'@PJL EOJ\r\n@PJL RDYMSG DISPLAY=""\r\n' + UEL
GOOD = HEADERS["HP UPD, PCL 6"] + RASTER + END


class Printing:
    """A printer under a policy and a job that has it."""

    def __init__(self, policy: PJLPolicy, dressing: Dressing | None = None) -> None:
        self.printer = FakePrinter()
        transport: IPrinterTransport = self.printer
        if dressing is not None:
            transport = DressedTransport(transport, dressing)
        server = PrintServer([policed(transport, policy)], MemoryReactorClock())
        self.job: Job = server.submit(server.ports[0], "job.prn", Sender("ann", "192.0.2.1", 4001))
        self.errors: list[PrintError] = []
        self.deliveries: list[Delivery] = []
        assert self.job.whenOpened().called

    @property
    def inner(self) -> FakePrinterConnection:
        """What the printer knows."""
        return self.printer.jobs[-1]

    def print(self, *pieces: bytes) -> Printing:
        """The job comes like this, and ends."""
        for piece in pieces:
            self.job.write(piece)

        def failed(failure: Failure) -> None:
            assert isinstance(failure.value, PrintError)
            self.errors.append(failure.value)

        self.job.finish().addCallbacks(self.deliveries.append, failed)
        return self

    @property
    def fate(self) -> tuple[str, bytes, bool]:
        """Why it came to nothing, what the printer got of it, and whether that is the end of it."""
        error = self.job.error
        assert bool(self.errors) is bool(error) is not bool(self.deliveries)
        if error is None:
            assert self.inner.ended == "finished"
            return "", self.inner.data, False
        assert self.errors == [error]
        assert self.inner.ended == "aborted"
        assert error.printed is bool(self.inner.data)
        return error.reason, self.inner.data, error.final


def expected(job: bytes) -> tuple[str, bytes, bool]:
    """The fate of a job as somebody tells it who has all of it at once."""
    begin = offset = 0
    for section in job.split(UEL):
        for line in section.split(b"\n"):
            visible = line.lstrip(bytes({*range(0x21)} - {0x1B}))
            if visible and not visible.upper().startswith(b"@PJL"):
                begin = offset + len(section)
                break
            if risk(line):
                return f"the PJL command {risk(line)} is not allowed here", job[:begin], True
        offset += len(section) + len(UEL)
    return "", job, False


# Without a policy, and the contracts.


def test_off() -> None:
    """Without a policy there is nothing around the transport."""
    printer = FakePrinter()
    assert policed(printer, PJLPolicy.OFF) is printer


@pytest.mark.parametrize("policy", [LOG, REFUSE])
def test_contracts(policy: PJLPolicy) -> None:
    """It can stand wherever the transport below it could."""
    transport = policed(FakePrinter("the one", reaches=Delivery.SENT), policy)
    assert isinstance(transport, PolicedTransport)
    assert verifyObject(IPrinterTransport, transport)
    shown = (transport.uri, transport.description, transport.reaches)
    assert shown == ("fake:", "the one", Delivery.SENT)
    opened: list[IPrinterConnection] = []
    transport.open(Printing(LOG).job).addCallback(opened.append)
    assert verifyObject(IPrinterConnection, opened[0])


@pytest.mark.parametrize("policy", [LOG, REFUSE])
def test_status(policy: PJLPolicy) -> None:
    """What a printer says of itself is the printer's, also what it says later."""
    printer = FakePrinter()
    transport = policed(printer, policy)
    printer.description = "the one"
    stopped = PrinterStatus("stopped", ("media-empty",))
    printer.answers.append(stopped)
    assert transport.ask().called
    assert (transport.description, transport.status) == ("the one", stopped)


@pytest.mark.parametrize("policy", [LOG, REFUSE])
def test_unreachable(policy: PJLPolicy) -> None:
    """A printer that cannot be reached is the transport's word."""
    printer = FakePrinter()
    printer.refusals.append(PrinterUnreachable("no route"))
    reasons: list[str] = []

    def told(failure: Failure) -> None:
        reasons.append(failure.value.reason)  # type: ignore[union-attr]

    policed(printer, policy).open(Printing(LOG).job).addErrback(told)
    assert reasons == ["no route"]


@pytest.mark.parametrize("policy", [LOG, REFUSE])
def test_backPressure(policy: PJLPolicy) -> None:
    """The printer stops the sender, whoever reads along."""
    source = Source()
    printing = Printing(policy)
    printing.job.registerProducer(source, True)
    printing.inner.pause()
    printing.inner.resume()
    printing.job.unregisterProducer()
    assert source.told == ["pause", "resume"]
    with pytest.raises(AssertionError):
        printing.inner.pause()
    printing.print()


# What is printed.


@pytest.mark.parametrize("header", HEADERS.values(), ids=list(HEADERS))
@pytest.mark.parametrize("policy", [LOG, REFUSE])
def test_drivers(policy: PJLPolicy, header: bytes) -> None:
    """What drivers write is printed, and no line is written about it."""
    job = header + RASTER + END
    assert risk(EVIL)
    with capturedLogs() as events:
        assert Printing(policy).print(job).fate == ("", job, False)
    assert warnings(events) == []


@pytest.mark.parametrize(
    "job",
    [
        b"",
        b"%!PS\nshowpage\n\x04",
        b"A page\n" + EVIL,
        b"@PJL SET A=B",
        b"@PJ",
        UEL,
        UEL + UEL[:5],
        b"%!" + UEL[:5],
        b"\0" * 100,
        UEL + b"@PJL ENTER LANGUAGE=PCL\n" + RASTER,
    ],
)
@pytest.mark.parametrize("policy", [LOG, REFUSE])
def test_printed(policy: PJLPolicy, job: bytes) -> None:
    """Without PJL, without an end, with nothing else: as it came, in every split into two."""
    for place in range(len(job) + 1):
        assert Printing(policy).print(job[:place], job[place:]).fate == ("", job, False)


def test_heldUntilTheLevelEnds() -> None:
    """Not one byte of a section goes before all of it was read; then all of it at once."""
    printing = Printing(REFUSE)
    header = UEL + b"@PJL SET A=B\n" + UEL + b"@PJL ENTER LANGUAGE=PCL\n"
    for byte in header:
        printing.job.write(bytes([byte]))
        assert (printing.inner.data, printing.job._connection.printed) == (b"", False)  # type: ignore[union-attr]
    printing.job.write(b"\x1bE")
    assert printing.inner.data == header + b"\x1bE"
    printing.job.write(b"\x1bE" + UEL[:4])
    assert printing.inner.data == header + b"\x1bE\x1bE"
    printing.job.write(UEL[4:] + b"@PJL EOJ")
    assert printing.inner.data == header + b"\x1bE\x1bE"
    printing.print()
    assert printing.fate == ("", header + b"\x1bE\x1bE" + UEL + b"@PJL EOJ", False)
    assert printing.job.bytes == len(printing.inner.data)


def test_logHoldsNothing() -> None:
    """Where nothing can be refused nothing is held back."""
    printing = Printing(LOG)
    for number, byte in enumerate(GOOD, start=1):
        printing.job.write(bytes([byte]))
        assert printing.inner.data == GOOD[:number]
    printing.print()


def test_dressed() -> None:
    """The sender's bytes are read, not the operator's; and they are dressed as ever."""
    dressing = Dressing(UEL + b"@PJL DEFAULT COPIES=1\n", b">", newlines=True)
    printing = Printing(REFUSE, dressing).print(b"a\nb" + UEL + b"@PJL")
    assert printing.inner.data == dressing.prolog + b"a\r\nb" + UEL + b"@PJL>"
    assert Printing(REFUSE, dressing).print().fate == ("", b"", False)


# What is refused.


@pytest.mark.parametrize(
    ("job", "printed", "command"),
    [
        (EVIL, b"", "FSDELETE"),
        (UEL + EVIL, b"", "FSDELETE"),
        (b"\0\x04" + UEL + b"@PJL\r\n" + EVIL, b"", "FSDELETE"),
        (UEL + b"@PJL SET A=B\n" + UEL + EVIL, b"", "FSDELETE"),
        (UEL + b"\r\n \t" + EVIL, b"", "FSDELETE"),
        (UEL + b"@pjl default copies=2", b"", "DEFAULT"),
        (UEL + b"@PJL ENTER LANGUAGE=NONE\n" + EVIL, b"", "FSDELETE"),
        (UEL + b"@PJL JOB PASSWORD=7" + UEL + b"%!PS", b"", "JOB PASSWORD"),
        (b"%!PS\n" + UEL + EVIL, b"%!PS\n", "FSDELETE"),
        (b"%!PS\n" + UEL[:5] + UEL + EVIL, b"%!PS\n" + UEL[:5], "FSDELETE"),
        (GOOD + EVIL, HEADERS["HP UPD, PCL 6"] + RASTER, "FSDELETE"),
        (b"a" + UEL + b"@PJL EOJ\n" + UEL + b"@PJL\n@PJL INITIALIZE", b"a", "INITIALIZE"),
    ],
)
def test_refused(job: bytes, printed: bytes, command: str) -> None:
    """Nothing of the section reaches the printer, at the job's start nothing at all."""
    wanted = (f"the PJL command {command} is not allowed here", printed, True)
    assert expected(job) == wanted
    for place in range(len(job) + 1):
        assert Printing(REFUSE).print(job[:place], job[place:]).fate == wanted


def test_refusedAtOnce(monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not take the end of the job, and what comes later is dropped."""
    printing = Printing(REFUSE)
    connection = printing.job._connection
    assert connection is not None
    printing.job.write(b"%!PS\n" + UEL + EVIL)
    assert (printing.job.state, printing.inner.ended) == (JobState.ABORTED, "aborted")
    assert printing.inner.tail == b"\x04"
    printing.job.write(b"more")
    again: list[PrintError] = []
    monkeypatch.setattr(type(printing.job), "printerLost", lambda _, why: again.append(why))
    connection.write(b"and more")
    assert again == []
    assert printing.print().fate[1] == b"%!PS\n"
    failed: list[Failure] = []
    connection.finish().addErrback(failed.append)
    assert [failure.value for failure in failed] == [printing.job.error]


@pytest.mark.parametrize(
    ("job", "tail"),
    [
        (UEL + b"@PJL JOB\n%!PS\n" + UEL + b"@PJL EOJ\n" + EVIL, UEL + b"@PJL EOJ\r\n" + UEL),
        (UEL + b"@PJL\ntext" + UEL + b"@PJL JOB\n" + EVIL, UEL),
        (b"text" + UEL + EVIL, b""),
        (UEL + b"@PJL JOB\n" + EVIL, b""),
    ],
)
def test_tail(job: bytes, tail: bytes) -> None:
    """A cut job is ended as what the printer has of it, not as what was held back."""
    assert Printing(REFUSE).print(job).inner.tail == tail


def test_noTail() -> None:
    """Where the job wants no tail there is none."""
    printing = Printing(REFUSE)
    connection = printing.job._connection
    assert connection is not None
    connection.write(b"%!PS\n")
    connection.abort(b"")
    assert (printing.inner.data, printing.inner.tail) == (b"%!PS\n", b"")


def test_longSection() -> None:
    """The memory for a section has a bound, and it is the same in one piece and in many."""
    line = b"@PJL COMMENT " + b"x" * 50 + b"\n"
    fits = UEL + line * ((LONGEST_SECTION - len(UEL)) // len(line))
    fits += b"@PJL " + b"x" * (LONGEST_SECTION - len(fits) - 6) + b"\n"
    assert len(fits) == LONGEST_SECTION
    reason = f"more than {LONGEST_SECTION} bytes of PJL is not allowed here"
    for pieces in ([fits], [fits[n : n + 1000] for n in range(0, len(fits), 1000)]):
        assert Printing(REFUSE).print(*pieces, b"%!PS").fate == ("", fits + b"%!PS", False)
        assert Printing(REFUSE).print(*pieces, b"\n", b"%!PS").fate == (reason, b"", True)


def test_longLine() -> None:
    """A line that nobody can read to its end is refused; under C{log} the log says so."""
    job = b"a" + UEL + b"@PJL COMMENT " + b"x" * LONGEST_SECTION + b"\n" + EVIL
    reason = f"a PJL line of {LONGEST_SECTION} bytes or more"
    for pieces in ([job], [job[n : n + 1000] for n in range(0, len(job), 1000)]):
        wanted = (f"{reason} is not allowed here", b"a", True)
        assert Printing(REFUSE).print(*pieces).fate == wanted
        with capturedLogs() as events:
            assert Printing(LOG).print(*pieces).fate == ("", job, False)
        assert [event["what"] for event in warnings(events)] == [reason]


@given(
    st.lists(
        st.sampled_from(
            [
                *(UEL, UEL[:5], UEL[5:], b"\x1b", b"@PJL", b"@pjl ", b"@PJ", b"\n", b"\r\n", b"\r"),
                *(b"SET A=B", b"ENTER LANGUAGE=PCL", b"FSINIT", EVIL, b"\0 ", b"\x1bE", b"text"),
            ]
        )
    ).map(b"".join),
    st.sets(st.integers(0, 250)),
)
def test_anyWords(job: bytes, places: set[int]) -> None:
    """Whatever the words and the split: refused or printed as one who has all of it would say."""
    assert Printing(REFUSE).print(*split(job, places)).fate == expected(job)
    assert Printing(LOG).print(*split(job, places)).fate == ("", job, False)


@given(st.binary(max_size=2000), st.sets(st.integers(0, 2000)))
def test_anyBytes(job: bytes, places: set[int]) -> None:
    """Any other bytes are printed as they are."""
    for policy in (LOG, REFUSE):
        assert Printing(policy).print(*split(job, places)).fate == ("", job, False)


# Jobs that are cut for another reason.


def test_cutWhileHeld() -> None:
    """Nothing was sent, so sending again is safe, and nothing goes later."""
    printing = Printing(REFUSE)
    printing.job.write(UEL + b"@PJL SET A=B\n")
    printing.job.cut(JobAborted("aborted by the sender"))
    assert printing.job.error is not None
    assert not printing.job.error.printed
    assert (printing.inner.data, printing.inner.tail, printing.inner.ended) == (b"", b"", "aborted")


def test_printerLostInMidPiece() -> None:
    """A printer that goes away under one part of a piece gets no other part of it."""
    printing = Printing(REFUSE)
    inner = printing.inner
    take = inner.write

    def loseAfterwards(data: bytes) -> None:
        take(data)
        inner.lose()

    inner.write = loseAfterwards  # type: ignore[method-assign]
    printing.job.write(b"first" + UEL + b"@PJL\n" + b"second" + UEL + EVIL)
    assert inner.data == b"first"
    assert printing.job.error is not None
    assert printing.job.error.reason == "the printer was switched off"


# The log.


def warnings(events: Sequence[LogEvent]) -> list[LogEvent]:
    """Those of the policy; a job that comes to nothing has one of its own."""
    ours = [event for event in events if event["log_namespace"].startswith("jetdirect.transports")]
    return [event for event in ours if event["log_level"] is LogLevel.warn]


def test_log() -> None:
    """Each kind once, in words of our own: a line may hold a password or control a terminal."""
    sneaky = b"@PJL JOB PASSWORD=4711 \x1b[31m {job} %s \xff\r\n"
    job = UEL + (sneaky + EVIL) * 3 + b"%!PS\n" + EVIL + UEL + EVIL + b"@PJL OPMSG"
    with capturedLogs() as events:
        printing = Printing(LOG).print(*split(job, set(range(0, len(job), 7))))
    assert printing.fate == ("", job, False)
    assert [formatEvent(event) for event in warnings(events)] == [
        "job 1: the PJL command JOB PASSWORD went to the printer",
        "job 1: the PJL command FSDELETE went to the printer",
        "job 1: the PJL command OPMSG went to the printer",
    ]
    assert {event["job"] for event in warnings(events)} == {1}


def test_logOfACutJob() -> None:
    """A line without its end is one too: the tail of the cut job may end it."""
    printing = Printing(LOG)
    printing.job.write(UEL + b"@PJL FSINIT")
    with capturedLogs() as events:
        printing.job.cut(JobAborted("aborted by the sender"))
    assert [event["what"] for event in warnings(events)] == ["the PJL command FSINIT"]
    assert printing.inner.tail == UEL


# A whole gateway.

Start = Callable[[PJLPolicy], tuple[FakeSender, FakePrinter, Gateway]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Gateways with one printer under a policy, and a sender that has logged in."""
    senders = []

    def make(policy: PJLPolicy) -> tuple[FakeSender, FakePrinter, Gateway]:
        printer: Any = FakePrinter()
        gateway = Gateway(Configuration([policed(printer, policy)], []), MemoryReactorClock())
        senders.append(FakeSender(gateway.factory))
        senders[-1].login()
        return senders[-1], printer, gateway

    yield make
    for sender in senders:
        sender.wire.rst()


def test_550(start: Start) -> None:
    """Refused at its beginning: 550, nothing at the printer, and the next job prints."""
    sender, printer, gateway = start(REFUSE)
    replies = sender.upload("evil.prn", UEL + b"@PJL SET A=B\r\n" + EVIL + b"%!PS")
    assert replies.split("\n")[-1] == (
        "550 Job 1 refused: the PJL command FSDELETE is not allowed here"
    )
    assert (printer.jobs[0].data, printer.jobs[0].tail) == (b"", b"")
    assert printer.jobs[0].ended == "aborted"
    assert gateway.server.jobs[0].state is JobState.ABORTED
    assert sender.upload("good.prn", GOOD).endswith(f"{len(GOOD)} bytes, delivered)")
    assert printer.jobs[1].data == GOOD


def test_550AtTheEnd(start: Start) -> None:
    """A last line without its end is judged too, before anything is sent."""
    sender, printer, _ = start(REFUSE)
    replies = sender.upload("evil.prn", UEL + EVIL.rstrip())
    assert replies.split("\n")[-1].startswith("550 Job 1 refused: the PJL command FSDELETE")
    assert (printer.jobs[0].data, printer.jobs[0].ended) == (b"", "aborted")


def test_551(start: Start) -> None:
    """Refused later on: 551, the part before it printed and ended in its language."""
    sender, printer, _ = start(REFUSE)
    page = UEL + b"@PJL JOB\r\n@PJL ENTER LANGUAGE=PCL\r\n\x1bEpage\x1bE"
    replies = sender.upload("evil.prn", page + UEL + EVIL)
    assert replies.split("\n")[-1] == (
        "551 Job 1 failed: the PJL command FSDELETE is not allowed here;"
        " a part of it may have been printed"
    )
    assert printer.jobs[0].data == page
    assert printer.jobs[0].tail == UEL + b"@PJL EOJ\r\n" + UEL
    assert sender.upload("good.prn", GOOD).endswith(f"{len(GOOD)} bytes, delivered)")


def test_cutWhileHeldIsSafe(start: Start) -> None:
    """A reset while the beginning is held back: 4xx, for the printer has nothing."""
    sender, printer, _ = start(REFUSE)
    sender.begin("page.prn")
    assert sender.data is not None
    sender.data.receive(UEL + b"@PJL SET A=B\r\n")
    sender.data.rst()
    assert sender.hear().startswith("451 Job 1 not printed: ")
    assert (printer.jobs[0].data, printer.jobs[0].ended) == (b"", "aborted")


def test_226UnderLog(start: Start) -> None:
    """A policy that only logs prints what comes."""
    sender, printer, _ = start(LOG)
    with capturedLogs() as events:
        replies = sender.upload("evil.prn", UEL + EVIL)
    assert replies.endswith(f"{len(UEL + EVIL)} bytes, delivered)")
    assert printer.jobs[0].data == UEL + EVIL
    assert [event["what"] for event in warnings(events)] == ["the PJL command FSDELETE"]
