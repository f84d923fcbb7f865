"""
Jobs for a printer that speaks PJL: what is sent around them, and what it says of their end.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from typing import Any

import pytest
import pytest_twisted
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet import reactor as theReactor
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IHalfCloseableProtocol, IPushProducer
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.logger import capturedLogs, formatEvent
from twisted.python.failure import Failure
from zope.interface import implementer
from zope.interface.verify import verifyObject

from jetdirect.configuration import Configuration
from jetdirect.errors import PrinterLost
from jetdirect.gateway import Gateway
from jetdirect.interfaces import Delivery, IPrinterConnection
from jetdirect.language import HEAD_BYTES, UEL
from jetdirect.testing import FakeJob, FakeSender
from jetdirect.transports.backchannel import LOGGED
from jetdirect.transports.build import transportFor
from jetdirect.transports.dressing import DressedTransport, Dressing
from jetdirect.transports.ending import FINISH_TIMEOUT
from jetdirect.transports.pjl.brackets import LOOK, MOST_JOBS
from jetdirect.transports.pjl.transport import PJLTransport
from jetdirect.transports.policy import PJLPolicy, policed
from jetdirect.transports.socket import WATCH_INTERVAL, SocketTransport
from tests.support import certificate as certificates
from tests.support.answers import hear
from tests.support.certificate import selfSigned
from tests.support.endpoint import Endpoint, Wire

reactor: Any = theReactor

PAGE = b"%!PS\nshowpage\n\x04"
OWN = UEL + b'@PJL JOB NAME="mine"\r\n@PJL ENTER LANGUAGE=PCL\r\n\x1bE' + UEL
OWN_END = b'@PJL EOJ NAME="mine"\r\n' + UEL
TELL = UEL + b"@PJL USTATUS JOB=ON\r\n"
WRAPPED = re.compile(
    re.escape(TELL)
    + rb'@PJL JOB NAME="(jetdirect 7 [0-9a-f]{8})"\r\n(.*)'
    + re.escape(UEL)
    + rb'@PJL EOJ NAME="\1"\r\n'
    + re.escape(UEL),
    re.DOTALL,
)


def news(event: str, name: str | None, *more: str) -> bytes:
    """What a printer says of a job."""
    named = [] if name is None else [f'NAME="{name}"']
    return "\r\n".join(["@PJL USTATUS JOB", event, *named, *more, "\f"]).encode()


class Line:
    """A job on its way to a printer that speaks PJL, over a wire in memory."""

    def __init__(self, finishTimeout: float = FINISH_TIMEOUT, **manners: bool) -> None:
        self.clock = Clock()
        self.job = FakeJob()
        endpoint = Endpoint()
        inner = SocketTransport(
            self.clock, endpoint, "socket://p", "", finishTimeout=finishTimeout, **manners
        )
        self.transport = PJLTransport(inner, self.clock, endpoint, False)
        self.connection: IPrinterConnection
        [self.connection] = hear(self.transport.open(self.job))
        self.wire: Wire = endpoint.wires[0]
        self.told: list[Any] = []

    def write(self, *pieces: bytes) -> Line:
        for piece in pieces:
            self.connection.write(piece)
        return self

    def finish(self) -> Line:
        self.told = hear(self.connection.finish())
        return self

    def wait(self, seconds: float) -> Line:
        self.clock.pump([WATCH_INTERVAL] * int(seconds / WATCH_INTERVAL))
        return self

    @property
    def name(self) -> str:
        """What the printer knows the job as."""
        found = re.search(rb'@PJL JOB NAME="([^"]*)"', self.wire.value())
        assert found is not None
        return found[1].decode()

    def says(self, event: str, name: str | None = None, *more: str) -> Line:
        self.wire.receive(news(event, self.name if name is None else name, *more))
        return self

    def assertLost(self, reason: str) -> None:
        [lost] = self.told
        assert isinstance(lost, PrinterLost)
        assert reason in lost.reason

    def assertOver(self) -> None:
        assert not self.wire.connected
        assert self.clock.getDelayedCalls() == []


def sent(*pieces: bytes) -> bytes:
    """What the printer gets of a complete job."""
    line = Line().write(*pieces).finish()
    value: bytes = line.wire.value()
    assert line.connection.sent == len(value)
    line.wire.rst()
    return value


# What is sent


@pytest.mark.parametrize(
    "job",
    [
        PAGE,
        b"\n\n  plain text\n",
        b"@",
        UEL,
        UEL + b"@PJL SET COPIES=2\r\n@PJL ENTER LANGUAGE=PCL\r\n\x1bE" + UEL,
        b"text" + OWN + OWN_END,
        UEL + b"@PJL COMMENT JOB\r\n@PJL JOBATTR\r\n",
        UEL + b"@PJL EOJ\r\n" + PAGE,
        UEL + b'@PJL COMMENT "@PJL JOB"\r\n',
        (UEL + b"@PJL SET A=B\r\n" * HEAD_BYTES) + OWN,
        UEL + b"@PJL COMMENT".ljust(LOOK - len(UEL) - 9) + b"\n@PJL JOB\n",
        UEL + b"@PJL " + b"x" * 70_000 + b"\n" + OWN,
    ],
)
def test_wrapped(job: bytes) -> None:
    """A job without a JOB of its own at its beginning is between a JOB and an EOJ of ours."""
    found = WRAPPED.fullmatch(sent(job))
    assert found is not None
    assert found[2] == job


@pytest.mark.parametrize(
    "job",
    [
        OWN + OWN_END,
        OWN,
        b"\x04\0" + OWN,
        UEL + b"@PJL\r\n@PJL SET A=B\r\n" + OWN,
        UEL + b"@pjl job\r\n",
        UEL + b"@PJL JOB",
        UEL + b"@PJL SET A=B\r@PJL JOB\r\n",
        b'@PJL JOB NAME="x"\n\n',
        UEL + b"@PJL COMMENT".ljust(LOOK - len(UEL) - 10) + b"\n@PJL JOB\n",
    ],
)
def test_ownJob(job: bytes) -> None:
    """Before a job that brings its own JOB the printer is asked to tell of jobs, that is all."""
    assert sent(job) == TELL + job


@given(
    st.sampled_from([PAGE, OWN + OWN_END, UEL + b"@PJL SET A=B\n" + PAGE, UEL, b"@PJL"])
    | st.binary(min_size=1, max_size=60),
    st.sets(st.integers(1, 200), max_size=8),
)
def test_anySplit(job: bytes, places: set[int]) -> None:
    """The bytes of a job come through, as they are and in their order, however it is cut."""
    cuts = [0, *sorted(place for place in places if place < len(job)), len(job)]
    own = []
    for value in (sent(job), sent(*[job[a:b] for a, b in itertools.pairwise(cuts)])):
        found = WRAPPED.fullmatch(value)
        own.append(found is None)
        assert value == TELL + job if found is None else found[2] == job
    assert own[0] is own[1]


HEADER = b"@PJL COMMENT".ljust(LOOK - len(UEL) - 9)


@pytest.mark.parametrize("end", [b"\n", UEL, b"\r\n" + UEL])
@pytest.mark.parametrize("longer", range(4))
def test_lookIsBounded(longer: int, end: bytes) -> None:
    """Where the look ends does not depend on the pieces."""
    job = UEL + HEADER[:-3] + b" " * longer + b"\n@PJL JOB" + end + b"@PJL X\n"
    whole = sent(job) == TELL + job
    for place in range(len(job) - 30, len(job)):
        assert (sent(job[:place], job[place:]) == TELL + job) is whole


def test_nothing() -> None:
    """A job without bytes stays without, and is delivered when the printer closes."""
    line = Line().write(b"").finish()
    assert line.wire.value() == b""
    assert line.wire.halfClosed
    line.wire.fin()
    assert line.told == [Delivery.DELIVERED]
    line.assertOver()


def test_heldUntilItIsKnown() -> None:
    """Not one byte goes before it is known whether the job has a JOB; a bounded number waits."""
    line = Line()
    for byte in UEL + b"@PJL SET A=B\n@PJL JO":
        assert (line.wire.value(), line.connection.sent) == (b"", 0)
        line.write(bytes([byte]))
    line.write(b"B\n")
    assert line.wire.value() == TELL + UEL + b"@PJL SET A=B\n@PJL JOB\n"
    line.wire.rst()

    line = Line().write(UEL, b"@PJL SET A=B\n" * HEAD_BYTES)
    assert line.wire.value().endswith(UEL + b"@PJL SET A=B\n" * HEAD_BYTES)
    line.wire.rst()

    line = Line().write(UEL, b"@PJL COMMENT", b"x" * HEAD_BYTES)
    assert line.wire.value().endswith(b"x" * HEAD_BYTES)
    line.wire.rst()


def test_names() -> None:
    """No two jobs have the same name, be they of two gateways."""
    names = set()
    for _ in range(10):
        line = Line().write(PAGE)
        names.add(line.name)
        line.wire.rst()
    assert len(names) == 10


def test_backPressure() -> None:
    """The job's producer is the printer's business."""
    line = Line()
    assert verifyObject(IPrinterConnection, line.connection)
    producer: Any = IPushProducer(StringTransport())
    line.connection.registerProducer(producer, True)
    assert line.wire.producer is producer
    line.connection.unregisterProducer()
    assert line.wire.producer is None
    line.wire.rst()


def test_dressed() -> None:
    """Prolog and epilog belong to the job; the policy reads the sender's bytes, not ours."""
    clock, endpoint = Clock(), Endpoint()
    inner = PJLTransport(SocketTransport(clock, endpoint, "socket://p"), clock, endpoint, False)
    dressed = DressedTransport(inner, Dressing(b"<", b">"))
    [connection] = hear(policed(dressed, PJLPolicy.REFUSE).open(FakeJob()))
    connection.write(PAGE)
    finished = hear(connection.finish())
    found = WRAPPED.fullmatch(endpoint.wires[0].value())
    assert found is not None
    assert found[2] == b"<" + PAGE + b">"
    endpoint.wires[0].rst()
    assert len(finished) == 1


# The end of a complete job


def test_confirmed() -> None:
    """The printer says that our job is done, before we end our direction, and closes."""
    line = Line().write(PAGE).finish()
    assert not line.wire.halfClosed
    line.says("START")
    assert not line.wire.halfClosed
    line.says("END", None, "PAGES=1")
    assert line.wire.halfClosed
    assert line.told == []
    line.wire.fin()
    assert line.told == [Delivery.CONFIRMED]
    assert line.job.losses == []
    line.assertOver()


def test_confirmedInPieces() -> None:
    """What the printer says may come in pieces, with garbage before it."""
    line = Line().write(PAGE).finish()
    for byte in b"\xff%%[ idle ]%%\r\n\f" + news("END", line.name):
        assert not line.wire.halfClosed
        line.wire.receive(bytes([byte]))
    assert line.wire.halfClosed
    line.wire.fin()
    assert line.told == [Delivery.CONFIRMED]


def test_longPrint() -> None:
    """The time for the end of the job begins when the printer has every byte."""
    line = Line().write(PAGE)
    line.wire.inFlight = 100
    line.finish().wait(10 * FINISH_TIMEOUT)
    line.wire.inFlight = 0
    line.wait(FINISH_TIMEOUT - 1)
    assert not line.wire.halfClosed
    line.says("END")
    line.wire.fin()
    assert line.told == [Delivery.CONFIRMED]


def test_silentPrinter() -> None:
    """Of a printer that does not tell, the close counts, as ever; and it is named."""
    line = Line().write(PAGE).finish().wait(FINISH_TIMEOUT - 1)
    assert not line.wire.halfClosed
    with capturedLogs() as logged:
        line.wait(2)
    [text] = [str(formatEvent(event)) for event in logged]
    assert "socket://p" in text and "PJL" in text
    assert line.wire.halfClosed
    assert line.told == []
    line.wire.fin()
    assert line.told == [Delivery.DELIVERED]
    line.assertOver()


def test_saidOnce(monkeypatch: pytest.MonkeyPatch) -> None:
    """Our end is said once, however much the printer still has to tell."""
    said: list[Wire] = []
    real = Wire.loseWriteConnection

    def say(wire: Wire) -> None:
        said.append(wire)
        real(wire)

    monkeypatch.setattr(Wire, "loseWriteConnection", say)
    line = Line().write(PAGE).finish().says("END").says("END").says("START")
    assert said == [line.wire]
    line.wire.fin()
    assert line.told == [Delivery.CONFIRMED]


def test_silentForEver() -> None:
    """A printer that neither tells nor closes has taken every byte."""
    line = Line().write(PAGE).finish().wait(2 * FINISH_TIMEOUT + 2)
    assert line.told == [Delivery.SENT]
    line.assertOver()


@pytest.mark.parametrize(
    "said",
    [
        news("END", "another"),
        news("END", "jetdirect 7"),
        news("END", None),
        news("END", "jetdirect 7 00000000 "),
        news("CANCELED", "another"),
        news("CANCELED", None),
        b"@PJL USTATUS PAGE\r\nEND\r\n\f",
        b"END\r\n\f" * 1000,
    ],
)
def test_anotherJob(said: bytes) -> None:
    """What a printer says of other jobs says nothing of ours."""
    line = Line().write(PAGE).finish()
    line.wire.receive(said)
    assert not line.wire.halfClosed
    line.wait(FINISH_TIMEOUT + 1)
    line.wire.fin()
    assert line.told == [Delivery.DELIVERED]


def test_tooEarly() -> None:
    """An end that is told before the end was sent is none."""
    line = Line().write(PAGE)
    line.says("END").finish().wait(FINISH_TIMEOUT + 1)
    line.wire.fin()
    assert line.told == [Delivery.DELIVERED]


def test_tooLate() -> None:
    """An end that is told when we wait only for the close still counts."""
    line = Line().write(PAGE).finish().wait(FINISH_TIMEOUT + 1)
    assert line.wire.halfClosed
    line.says("END")
    line.wire.fin()
    assert line.told == [Delivery.CONFIRMED]


def test_confirmedAndClosed() -> None:
    """A printer that closes as soon as it is done has not left early."""
    for early in (False, True):
        line = Line().write(PAGE).finish()
        line.wire.gone = early  # before our own end
        line.says("END")
        line.wire.fin()
        assert line.told == [Delivery.CONFIRMED]
        line.assertOver()


@pytest.mark.parametrize("manners", [{}, {"waitEOF": False}, {"halfClose": False}])
def test_confirmedAndOpen(manners: dict[str, bool]) -> None:
    """A printer that says it is done need not close; nobody is warned."""
    with capturedLogs() as logged:
        line = Line(**manners).write(PAGE).finish().says("END")
        line.wait(1 if manners else FINISH_TIMEOUT + 1)
    assert line.told == [Delivery.CONFIRMED]
    assert [event for event in logged if "unconfirmed" in str(formatEvent(event))] == []
    line.assertOver()


def test_closedBeforeTheEnd() -> None:
    """A printer that closes before it has said that it is done, and before us, lost the job."""
    line = Line().write(PAGE).finish()
    line.wire.fin()
    line.assertLost("closed the connection before the end")
    line.assertOver()


def test_earlyCloseIsOkay() -> None:
    """Of one that is known to close early nothing more is awaited when it has closed."""
    for closes in (False, True):
        line = Line(earlyClose=True).write(PAGE)
        if closes:
            line.wire.fin()
        line.finish()
        if not closes:
            line.wire.fin()
        assert line.wire.halfClosed
        line.wait(1)
        assert line.told == [Delivery.DELIVERED]


@pytest.mark.parametrize("when", ["writing", "waiting", "confirmed"])
def test_reset(when: str) -> None:
    """A reset is a loss, whatever was said before."""
    line = Line().write(PAGE)
    if when != "writing":
        line.finish()
    if when == "confirmed":
        line.says("END")
    line.wire.rst()
    if when == "writing":
        assert len(line.job.losses) == 1
    else:
        line.assertLost("reset")
    line.assertOver()


def test_deadPrinter() -> None:
    """A printer that is unplugged while its word is awaited is lost."""
    line = Line().write(PAGE).finish()
    line.wire.reset = lambda: True  # type: ignore[method-assign]
    line.wait(1)
    line.assertLost("reset")


@pytest.mark.parametrize("more", [("RESULT=USER_CANCELED",), ()])
def test_canceledMeanwhile(more: tuple[str, ...]) -> None:
    """A job that is canceled at the printer is lost; its rest has an end, and is read."""
    line = Line().write(PAGE)
    line.says("CANCELED", None, *more)
    line.says("CANCELED", None, *more)
    [lost] = line.job.losses
    assert "canceled at the printer" in lost.reason
    assert line.wire.connected
    ended = hear(line.connection.abort(b"\x04"))
    assert line.wire.value().endswith(PAGE + UEL + b"@PJL EOJ\r\n" + UEL)
    assert line.wire.halfClosed
    line.wire.fin()
    assert ended == [None]
    line.assertOver()


@pytest.mark.parametrize("said", [("CANCELED",), ("END", None, "RESULT=USER_CANCELED")])
def test_canceledAtTheEnd(said: tuple[str, ...]) -> None:
    """The same when everything was sent: nothing is added then."""
    line = Line().write(PAGE).finish()
    before = line.wire.value()
    line.says(*said)
    line.assertLost("canceled at the printer")
    ended = hear(line.connection.abort(b"\x04"))
    assert line.wire.value() == before
    assert line.wire.halfClosed
    line.wire.fin()
    assert ended == [None]
    line.assertOver()


def test_canceledWhenItIsDone() -> None:
    """What was done cannot be canceled."""
    line = Line().write(PAGE).finish().says("END").says("CANCELED")
    line.wire.fin()
    assert line.told == [Delivery.CONFIRMED]


# Jobs with their own JOB and EOJ


@pytest.mark.parametrize(
    ("job", "names"),
    [
        (OWN + OWN_END, ["mine"]),
        (UEL + b"@PJL JOB\r\n" + UEL + b"@PJL EOJ" + UEL, [None]),
        (UEL + b'@PJL JOB NAME="a"\n' + UEL + b"@PJL EOJ\n", ["a"]),
        (UEL + b'@PJL JOB NAME="a"\n' + UEL + b"@PJL EOJ\n", [None]),
        (UEL + b'@PJL JOB NAME="a"\n' + UEL + b'@PJL EOJ NAME = "b"\n', ["b"]),
        (OWN + OWN_END + OWN + OWN_END, ["mine", "mine"]),
        (OWN + OWN_END + UEL + b"@PJL JOB\n@PJL EOJ\n", ["mine", None]),
        (UEL + b'@PJL JOB USERNAME="x" NAME="a"\n@PJL EOJ\n', ["a"]),
    ],
)
def test_ownName(job: bytes, names: list[str | None]) -> None:
    """The printer tells of such a job under its own name, and of each if there are several."""
    line = Line().write(job).finish()
    for name in names:
        assert not line.wire.halfClosed
        line.wire.receive(news("END", name))
    assert line.wire.halfClosed
    line.wire.fin()
    assert line.told == [Delivery.CONFIRMED]


def test_endOfTheFirst() -> None:
    """The end of a job's first part may be told while its second is sent."""
    line = Line().write(OWN + OWN_END)
    line.wire.receive(news("END", "mine"))
    line.write(OWN + OWN_END).finish()
    assert not line.wire.halfClosed
    line.wire.receive(news("END", "mine"))
    line.wire.fin()
    assert line.told == [Delivery.CONFIRMED]


@pytest.mark.parametrize(
    "job",
    [
        OWN,
        OWN + OWN,
        OWN + OWN + OWN_END,
        OWN + OWN + OWN_END + OWN_END,
        OWN + OWN_END + OWN_END,
        OWN + OWN_END + OWN + b"@PJL EOJ",
        OWN + OWN_END + b"@PJL " + b"x" * 70_000 + b"\n" + UEL,
        PAGE + OWN + OWN_END,
        PAGE + UEL + b"@PJL EOJ\r\n",
        UEL + b"@PJL EOJ\r\n" + PAGE,
        UEL + b"@PJL EOJ\r\n" + OWN + OWN_END,
        (OWN + OWN_END) * (MOST_JOBS + 1),
    ],
)
def test_unclearEnd(job: bytes) -> None:
    """A job whose parts are not plainly one after another is not waited for, nor confirmed."""
    line = Line().write(job).finish()
    assert line.wire.halfClosed
    for name in (line.name, "mine", None):
        line.wire.receive(news("END", name) * 3)
    line.wire.fin()
    assert line.told == [Delivery.DELIVERED]


def test_ownJobCanceled() -> None:
    """A job under its own name can be canceled, also before its end was sent."""
    line = Line().write(OWN)
    line.wire.receive(news("CANCELED", "yours"))
    assert line.job.losses == []
    line.wire.receive(news("CANCELED", "mine"))
    assert len(line.job.losses) == 1
    line.wire.rst()


# The end of a job that was cut


@pytest.mark.parametrize(
    ("written", "tail"),
    [
        (PAGE, UEL + b"@PJL EOJ\r\n" + UEL),
        (b"plain text", UEL + b"@PJL EOJ\r\n" + UEL),
        (OWN, UEL + b"@PJL EOJ\r\n" + UEL),
        (UEL + b"@PJL JOB\n@PJL EOJ\n", UEL),
        (UEL + b"@PJL JOB\n" + b"@PJL SET A=B\n" * 300, UEL + b"@PJL EOJ\r\n" + UEL),
    ],
)
def test_cut(written: bytes, tail: bytes) -> None:
    """A cut job has the tail that fits what the printer got, whatever the sender's bytes were."""
    for guess in (b"", b"\x04"):
        line = Line().write(written)
        assert line.wire.value().endswith(written)
        before = line.wire.value()
        ended = hear(line.connection.abort(guess))
        assert line.wire.value() == before + tail
        assert line.wire.halfClosed
        line.wire.fin()
        assert ended == [None]
        line.assertOver()


def test_cutBeforeTheFirstByte() -> None:
    """What was held back never goes; then there is nothing to end."""
    line = Line().write(UEL + b"@PJL SET A=B\n")
    ended = hear(line.connection.abort(UEL))
    assert line.wire.value() == b""
    assert ended == [None]
    line.assertOver()


def test_cutWhileWaiting() -> None:
    """A job that is cut while the printer's word is awaited was sent as a whole."""
    line = Line().write(PAGE).finish()
    ended = hear(line.connection.abort(b"\x04"))
    assert WRAPPED.fullmatch(line.wire.value())
    assert line.wire.halfClosed
    line.wire.fin()
    assert ended == [None]
    assert line.told == []
    line.assertOver()


def test_logged() -> None:
    """No more of what a printer says is logged than of any other."""
    line = Line().write(PAGE).finish()
    with capturedLogs() as logged:
        line.wire.receive(news("START", "x" * 1000) * 20)
    assert sum(len(event["data"]) for event in logged) == LOGGED
    line.wire.rst()


# Through the whole gateway


class Printed:
    """A gateway with one such printer, and a sender; all in memory."""

    def __init__(self) -> None:
        self.reactor = MemoryReactorClock()
        self.endpoint = Endpoint()
        stream = SocketTransport(self.reactor, self.endpoint, "socket://p", "Laser")
        printer = PJLTransport(stream, self.reactor, self.endpoint, True)
        self.sender = FakeSender(Gateway(Configuration([printer], []), self.reactor).factory)
        self.sender.login()

    @property
    def wire(self) -> Wire:
        """The job's."""
        return self.endpoint.wires[-1]

    def begin(self) -> None:
        assert "150" in self.sender.begin("page.ps")

    def says(self, event: str, *more: str) -> None:
        found = re.search(rb'@PJL JOB NAME="([^"]*)"', self.wire.value())
        assert found is not None
        self.wire.receive(news(event, found[1].decode(), *more))


def test_226() -> None:
    """The sender is told that the job is confirmed, and of how many bytes of its own."""
    printed = Printed()
    printed.begin()
    assert printed.sender.send(PAGE) == ""
    printed.says("END", "PAGES=1")
    printed.wire.fin()
    assert printed.sender.hear().endswith(f"(PORT1, job 1, {len(PAGE)} bytes, confirmed)")


def test_226Delivered() -> None:
    """Of a printer that says nothing the job is delivered."""
    printed = Printed()
    printed.begin()
    printed.sender.send(PAGE)
    printed.reactor.pump([WATCH_INTERVAL] * int(FINISH_TIMEOUT / WATCH_INTERVAL + 2))
    printed.wire.fin()
    assert printed.sender.hear().endswith(f"{len(PAGE)} bytes, delivered)")


@pytest.mark.parametrize("whole", [False, True])
def test_551(whole: bool) -> None:
    """A job that is canceled at the printer is told so, and the next one prints."""
    printed = Printed()
    printed.begin()
    assert printed.sender.data is not None
    if whole:
        printed.sender.send(PAGE)
    else:
        printed.sender.data.receive(PAGE)
    printed.says("CANCELED", "RESULT=USER_CANCELED")
    answer = printed.sender.hear()
    assert answer.startswith("551 ")
    assert "canceled at the printer; a part of it may have been printed" in answer
    assert printed.wire.value().count(UEL + b"@PJL EOJ") == 1
    printed.wire.fin()
    printed.begin()
    printed.sender.send(PAGE)
    printed.says("END")
    printed.wire.fin()
    assert printed.sender.hear().endswith("confirmed)")


# On real sockets


def finished(printer: Printer, name: bytes) -> None:
    """Says that the job is done, and closes with the other end."""
    printer.transport.write(news("START", name.decode()) + news("END", name.decode(), "PAGES=1"))


def silent(printer: Printer, name: bytes) -> None:
    """Does not speak."""


def confused(printer: Printer, name: bytes) -> None:
    """Tells of another job."""
    printer.transport.write(news("END", name.decode() + "0"))


def hasty(printer: Printer, name: bytes) -> None:
    """Says that the job is done, and closes at once."""
    finished(printer, name)
    printer.transport.loseConnection()


def canceling(printer: Printer, name: bytes) -> None:
    """Somebody has pressed the key."""
    printer.transport.write(news("CANCELED", name.decode(), "RESULT=USER_CANCELED"))


def resetting(printer: Printer, name: bytes) -> None:
    """Is switched off."""
    printer.transport.abortConnection()


def leaving(printer: Printer, name: bytes) -> None:
    """Closes without a word."""
    printer.transport.loseConnection()


class Printer(Protocol):
    """
    A printer on a socket, with a habit at the end of each job.

    @ivar lost: fires when the connection is gone.
    """

    transport: Any

    def __init__(self, habit: Callable[[Printer, bytes], None]) -> None:
        self.data = b""
        self.lost: Deferred[None] = Deferred()
        self._habit = habit
        self._over = False

    def dataReceived(self, data: bytes) -> None:
        self.data += data
        found = re.search(rb'@PJL EOJ NAME="([^"]*)"\r\n' + re.escape(UEL), self.data)
        if found and not self._over:
            self._over = True
            self._habit(self, found[1])

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.lost.callback(None)


@implementer(IHalfCloseableProtocol)
class HalfClosingPrinter(Printer):
    """Closes when its other end has."""

    def readConnectionLost(self) -> None:
        self.transport.loseConnection()

    def writeConnectionLost(self) -> None:
        pass


BIG = b"%!PS\n" + bytes(range(256)) * 4000


@pytest.mark.slow
@pytest.mark.parametrize("kind", [Printer, HalfClosingPrinter])
@pytest.mark.parametrize(
    ("habit", "outcome"),
    [
        (finished, Delivery.CONFIRMED),
        (hasty, Delivery.CONFIRMED),
        (silent, Delivery.DELIVERED),
        (confused, Delivery.DELIVERED),
        (canceling, "canceled at the printer"),
        (resetting, "reset"),
        (leaving, "closed the connection before the end"),
    ],
)
@pytest_twisted.ensureDeferred
async def test_habits(
    kind: type[Printer], habit: Callable[[Printer, bytes], None], outcome: Delivery | str
) -> None:
    """What becomes of a job, by what the printer does at its end."""
    printer = kind(habit)
    factory = Factory.forProtocol(lambda: printer)
    port = reactor.listenTCP(0, factory, interface="127.0.0.1")
    patience = 0.1 if isinstance(outcome, Delivery) and habit in (silent, confused) else 60
    uri = f"socket://127.0.0.1:{port.getHost().port}?pjl=on&finish-timeout={patience}"
    connection = await transportFor(reactor, uri).open(FakeJob())
    connection.write(BIG)
    finishing = connection.finish()
    if isinstance(outcome, Delivery):
        assert await finishing is outcome
    else:
        with pytest.raises(PrinterLost, match=outcome):
            await finishing
        await connection.abort(b"\x04")
    await printer.lost
    found = WRAPPED.fullmatch(printer.data)
    assert found is not None and found[2] == BIG
    await port.stopListening()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("habit", "level"),
    [(finished, Delivery.CONFIRMED), (silent, Delivery.DELIVERED), (leaving, None)],
)
@pytest_twisted.ensureDeferred
async def test_tls(tmp_path: Any, habit: Any, level: Delivery | None) -> None:
    """Under TLS, which has no half-close, the same is awaited."""
    certificate = selfSigned(tmp_path)
    (tmp_path / "roots").mkdir()
    (tmp_path / "roots" / "printer.pem").write_bytes(certificate.read_bytes())
    printer = Printer(habit)
    port = await certificates.endpoint(certificate).listen(Factory.forProtocol(lambda: printer))
    patience = 0.1 if habit is silent else 60
    uri = f"endpoint:tls:127.0.0.1:{port.getHost().port}:trustRoots={tmp_path / 'roots'}"
    opening = transportFor(reactor, f"{uri}?pjl=on&finish-timeout={patience}").open(FakeJob())
    connection = await opening
    connection.write(BIG)
    if level is None:
        with pytest.raises(PrinterLost):
            await connection.finish()
        await connection.abort(b"")
    else:
        assert await connection.finish() is level
    await printer.lost
    assert WRAPPED.fullmatch(printer.data)
    await port.stopListening()
