"""
What a printer says in PJL, and asking it how it is.
"""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import pytest_twisted
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet import reactor as theReactor
from twisted.internet.defer import CancelledError
from twisted.internet.error import ConnectionRefusedError
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from zope.interface.verify import verifyObject

from jetdirect.interfaces import Delivery, IPrinterTransport, PrinterStatus
from jetdirect.testing import FakeJob
from jetdirect.transports.build import transportFor
from jetdirect.transports.pjl.codes import LONGEST_MODEL, statusOfMessages
from jetdirect.transports.pjl.question import FAREWELL, LONGEST_ANSWER, PATIENCE, QUESTION
from jetdirect.transports.pjl.talk import (
    LONGEST_MESSAGE,
    JobNews,
    Message,
    MessageListener,
    jobNews,
)
from jetdirect.transports.pjl.transport import PJLTransport
from jetdirect.transports.socket import SocketTransport
from tests.support.answers import hear
from tests.support.endpoint import Endpoint

reactor: Any = theReactor

IDENTITY = b'@PJL INFO ID\r\n"HP LaserJet 4050 Series"\r\n\f'
READY = b'@PJL INFO STATUS\r\nCODE=10001\r\nDISPLAY="READY"\r\nONLINE=TRUE\r\n\f'
OPEN = b'@PJL INFO STATUS\r\nCODE=40021\r\nDISPLAY="CLOSE DOOR"\r\nONLINE=FALSE\r\n\f'
END = b'@PJL USTATUS JOB\r\nEND\r\nNAME="x"\r\nPAGES=3\r\n\f'
MODEL = "HP LaserJet 4050 Series"


# What a printer says


def listened(*pieces: bytes) -> list[Message]:
    """The messages in what comes in these pieces."""
    listener = MessageListener()
    return [message for piece in pieces for message in listener.heard(piece)]


def test_messages() -> None:
    """A message has a topic and lines; those have names and values."""
    identity, status = listened(IDENTITY + READY)
    assert identity == ("INFO ID", (f'"{MODEL}"',))
    assert status.topic == "INFO STATUS"
    values = [status.value(name) for name in ("CODE", "DISPLAY", "ONLINE", "PAGES")]
    assert values == ["10001", "READY", "TRUE", None]


@pytest.mark.parametrize(
    ("data", "topics"),
    [
        (b"", []),
        (b"\f\f\f", []),
        (READY[:-1], []),  # not whole yet
        (b"%%[ Error: undefined ]%%\r\n" + READY, ["INFO STATUS"]),
        (b"\xff\x00\x04garbage\f" + READY, ["INFO STATUS"]),
        (IDENTITY[:-1] + READY, ["INFO ID", "INFO STATUS"]),  # a form feed was forgotten
        (b"@pjl  info   id\nX\n\f", ["INFO ID"]),
        (b"text @PJL INFO ID\r\n\f", []),
        (b"@PJLX INFO ID\r\n\f", []),
        (bytes(10 * LONGEST_MESSAGE) + b"\f" + READY, ["INFO STATUS"]),
        (READY[:-1].ljust(LONGEST_MESSAGE, b" ") + b"\f", ["INFO STATUS"]),
        (READY[:-1].ljust(LONGEST_MESSAGE + 1, b" ") + b"\f" + IDENTITY, ["INFO ID"]),
    ],
)
def test_whatIsNoMessageIsDropped(data: bytes, topics: list[str]) -> None:
    """Garbage before, between and instead of messages is nothing; so is one that is too long."""
    assert [message.topic for message in listened(data)] == topics
    assert listened(*[bytes([byte]) for byte in data]) == listened(data)


@given(
    st.lists(
        st.sampled_from([IDENTITY, READY, END, b"@PJL", b"\f", b"\r\n", bytes(3000), b"NAME="])
        | st.binary(max_size=40),
        max_size=12,
    ).map(b"".join),
    st.sets(st.integers(0, 20_000), max_size=10),
)
def test_anySplit(data: bytes, places: set[int]) -> None:
    """However it is cut, the same is heard; and nothing breaks it."""
    cuts = [0, *sorted(place for place in places if 0 < place < len(data)), len(data)]
    assert listened(*[data[a:b] for a, b in itertools.pairwise(cuts)]) == listened(data)


def test_memory() -> None:
    """Of a message without an end no more is kept than of the longest."""
    listener = MessageListener()
    for _ in range(100):
        listener.heard(bytes(LONGEST_MESSAGE))
        assert len(listener._begun) <= LONGEST_MESSAGE + 1


@pytest.mark.parametrize(
    ("lines", "news"),
    [
        ((), None),
        (("START", 'NAME="x"'), None),
        (("END", 'NAME="x"', "PAGES=3"), JobNews(True, False, "x")),
        (("END", 'name = "x y"'), JobNews(True, False, "x y")),
        (("END",), JobNews(True, False, "")),
        (("END", 'NAME="x"', "RESULT=OK"), JobNews(True, False, "x")),
        (("END", 'NAME="x"', "RESULT=USER_CANCELED"), JobNews(False, True, "x")),
        (("END", 'NAME="x"', "RESULT=HOST_CANCELED"), JobNews(False, True, "x")),
        (("END", 'NAME="x"', "RESULT=RESOURCE_CANCELED"), JobNews(False, True, "x")),
        (("END", 'NAME="x"', "RESULT=WHATEVER"), None),
        (("CANCELED", 'NAME="x"', "RESULT=USER_CANCELED"), JobNews(False, True, "x")),
        (("PAGES=3", "END"), None),
        (("END", f'NAME="{"x" * 200}"'), JobNews(True, False, "x" * 80)),
    ],
)
def test_jobNews(lines: tuple[str, ...], news: JobNews | None) -> None:
    """The end of a job is told, or that it was canceled; the rest says nothing of it."""
    assert jobNews(Message("USTATUS JOB", lines)) == news
    assert jobNews(Message("USTATUS PAGE", lines)) is None


# What it means


@pytest.mark.parametrize(
    ("code", "online", "state", "reasons"),
    [
        ("10001", "TRUE", "idle", ()),
        ("10003", "TRUE", "idle", ()),
        ("10023", "TRUE", "processing", ()),
        ("10007", "TRUE", "processing", ()),
        ("10002", "FALSE", "stopped", ("offline",)),
        ("10001", "FALSE", "stopped", ("offline",)),
        ("10006", "TRUE", "idle", ("toner-low",)),
        ("10006", "FALSE", "stopped", ("offline", "toner-low")),
        ("11304", "TRUE", "idle", ("media-empty-report",)),
        ("12301", "TRUE", "idle", ()),
        ("15010", "FALSE", "stopped", ("output-area-full",)),
        ("20001", "TRUE", "idle", ()),
        ("30016", "TRUE", "idle", ("other",)),
        ("30016", "FALSE", "stopped", ("other",)),
        ("30016", "", "stopped", ("other",)),
        ("35078", "TRUE", "idle", ()),
        ("35078", "FALSE", "stopped", ("offline",)),
        ("40000", "TRUE", "idle", ()),
        ("40010", "FALSE", "stopped", ("marker-supply-missing",)),
        ("40021", "FALSE", "stopped", ("door-open",)),
        ("40021", "TRUE", "stopped", ("door-open",)),
        ("40022", "FALSE", "stopped", ("media-jam",)),
        ("40079", "FALSE", "stopped", ("offline",)),
        ("40050", "FALSE", "stopped", ("other",)),
        ("41304", "FALSE", "stopped", ("media-empty",)),
        ("42012", "FALSE", "stopped", ("media-jam",)),
        ("50001", "FALSE", "stopped", ("other",)),
        ("99999", "TRUE", "idle", ()),
        ("99999", "", "", ()),
        ("1000", "", "", ()),
        ("100010", "", "", ()),
        ("\u0661\u0660\u0660\u0660\u0661", "", "", ()),
        ("", "", "", ()),
        ("?", "?", "", ()),
    ],
)
def test_codes(code: str, online: str, state: str, reasons: tuple[str, ...]) -> None:
    """States and reasons are RFC 8011's; a code without a meaning says nothing."""
    status = Message("INFO STATUS", (f"CODE={code}", f"ONLINE={online}"))
    assert statusOfMessages(None, status) == PrinterStatus(state, reasons)


@given(st.integers(0, 99_999), st.sampled_from(["TRUE", "FALSE", ""]))
def test_allCodes(code: int, online: str) -> None:
    """Whatever the code: one of the three states or none, and a stopped printer has a reason."""
    lines = (f"CODE={code:05}", f"ONLINE={online}")
    state, reasons, *_ = statusOfMessages(None, Message("INFO STATUS", lines))
    assert state in ("", "idle", "processing", "stopped")
    assert bool(state) or not reasons
    assert bool(reasons) or state != "stopped"
    assert online != "FALSE" or state == "stopped"


@pytest.mark.parametrize(
    ("lines", "model"),
    [
        ((f'"{MODEL}"',), MODEL),
        (("LASERJET 4ML",), "LASERJET 4ML"),
        (("?",), ""),
        (("x" * 1000,), "x" * LONGEST_MODEL),
        ((), ""),
    ],
)
def test_model(lines: tuple[str, ...], model: str) -> None:
    """The model is in the first line of the answer to INFO ID."""
    assert statusOfMessages(Message("INFO ID", lines), None) == PrinterStatus(model=model)


# Asking


class Questioned:
    """A printer that speaks PJL at the other end of a wire in memory."""

    def __init__(self, named: bool = False, halfClose: bool = True) -> None:
        self.clock = Clock()
        self.endpoint = Endpoint()
        stream = SocketTransport(
            self.clock, self.endpoint, "socket://printer:9100", "printer:9100", halfClose=halfClose
        )
        self.transport = PJLTransport(stream, self.clock, self.endpoint, named)

    def ask(self, *answers: bytes) -> list[Any]:
        """Ask; the printer says so much."""
        told = hear(self.transport.ask())
        for each in answers:
            self.endpoint.wires[-1].receive(each)
        return told

    def assertOver(self) -> None:
        assert not any(wire.connected for wire in self.endpoint.wires)
        assert self.clock.getDelayedCalls() == []


def test_asked() -> None:
    """The printer is asked both, answers, and is let go in order."""
    questioned = Questioned()
    told = questioned.ask(IDENTITY)
    [wire] = questioned.endpoint.wires
    assert wire.value() == QUESTION
    assert QUESTION.startswith(b"\x1b%-12345X@PJL ") and QUESTION.endswith(b"\n\x1b%-12345X")
    assert not wire.halfClosed
    wire.receive(OPEN[:20])
    wire.receive(OPEN[20:])
    assert wire.halfClosed
    assert told == []
    wire.fin()
    assert told == [None]
    assert not wire.aborted
    assert questioned.transport.status == PrinterStatus("stopped", ("door-open",), MODEL)
    questioned.assertOver()


def test_called() -> None:
    """A printer is called by its model, unless the operator has a name for it."""
    for named, expected in ((False, MODEL), (True, "printer:9100")):
        questioned = Questioned(named)
        assert questioned.transport.description == "printer:9100"
        questioned.ask(IDENTITY, READY)
        questioned.endpoint.wires[0].fin()
        assert questioned.transport.description == expected
        assert questioned.transport.uri == "socket://printer:9100"
        assert questioned.transport.reaches is Delivery.CONFIRMED
        assert verifyObject(IPrinterTransport, questioned.transport)


@pytest.mark.parametrize("halfClose", [True, False])
def test_silentPrinter(halfClose: bool) -> None:
    """A printer that answers nothing has said nothing, and is not waited for."""
    questioned = Questioned(halfClose=halfClose)
    told = questioned.ask()
    questioned.clock.advance(PATIENCE)
    assert questioned.endpoint.wires[0].halfClosed is halfClose
    questioned.clock.advance(FAREWELL)
    assert told == [None]
    assert questioned.transport.status == PrinterStatus()
    questioned.assertOver()


def test_oldAnswers() -> None:
    """What a printer said before is old when it says nothing; what it is, it remains."""
    questioned = Questioned()
    questioned.ask(IDENTITY, READY)
    questioned.endpoint.wires[0].fin()
    questioned.endpoint.refusals = [ConnectionRefusedError()]
    assert questioned.ask() == [None]
    assert questioned.transport.status == PrinterStatus(model=MODEL)
    questioned.assertOver()


def test_halfAnAnswer() -> None:
    """A printer that knows one of the questions has answered that one."""
    questioned = Questioned()
    told = questioned.ask(IDENTITY, b"@PJL INFO STATUS\r\n?\r\n")
    questioned.endpoint.wires[0].rst()
    assert told == [None]
    assert questioned.transport.status == PrinterStatus(model=MODEL)
    questioned.assertOver()


def test_chatter() -> None:
    """A printer that does not stop talking is not heard for ever, and not waited for."""
    questioned = Questioned()
    told = questioned.ask(bytes(LONGEST_ANSWER) + b"\f" + IDENTITY + READY)
    assert questioned.endpoint.wires[0].halfClosed
    questioned.endpoint.wires[0].receive(b"\f" + IDENTITY + READY)
    questioned.clock.advance(FAREWELL)
    assert told == [None]
    assert questioned.transport.status == PrinterStatus()
    questioned.assertOver()


def test_printerThatIsNotReached() -> None:
    """A connection that is not made in time is given up."""
    questioned = Questioned()
    questioned.endpoint.pending = []
    told = questioned.ask()
    assert told == []
    questioned.clock.advance(PATIENCE)
    assert told == [None]
    questioned.clock.advance(0)
    questioned.endpoint.makeNow()
    questioned.assertOver()


def test_reachedTooLate() -> None:
    """A connection that is made after all is thrown away, without a word."""
    questioned = Questioned()
    questioned.endpoint.pending = []
    questioned.endpoint.stubborn = True
    told = questioned.ask()
    questioned.clock.advance(PATIENCE)
    questioned.endpoint.makeNow()
    assert told == [None]
    assert questioned.endpoint.wires[0].value() == b""
    questioned.assertOver()


@pytest.mark.parametrize("connected", [False, True])
def test_canceled(connected: bool) -> None:
    """A question that is canceled is over at once, and leaves nothing behind."""
    questioned = Questioned()
    if not connected:
        questioned.endpoint.pending = []
    asking = questioned.transport.ask()
    told = hear(asking)
    asking.cancel()
    questioned.clock.advance(0)
    assert isinstance(told[0], CancelledError)
    questioned.assertOver()


def test_jobComesFirst() -> None:
    """A job that wants the printer meanwhile gets it as soon as the question is out of the way."""
    questioned = Questioned()
    asked = questioned.ask(IDENTITY)
    opened = hear(questioned.transport.open(FakeJob()))
    [question] = questioned.endpoint.wires
    assert question.halfClosed and not question.aborted
    assert opened == []
    question.fin()
    assert asked == [None]
    assert len(opened) == len(questioned.endpoint.wires) - 1 == 1
    assert questioned.transport.status == PrinterStatus(model=MODEL)
    questioned.endpoint.wires[1].rst()
    questioned.assertOver()


def test_jobWaitsForNobody() -> None:
    """A printer that does not close after the question is not waited for when a job wants it."""
    questioned = Questioned()
    questioned.ask()
    opened = hear(questioned.transport.open(FakeJob()))
    questioned.clock.advance(FAREWELL)
    assert len(opened) == 1
    questioned.endpoint.wires[1].rst()
    questioned.assertOver()


def test_jobIsNoSecondConnection() -> None:
    """A question whose connection is still being made is closed before the job dials."""
    questioned = Questioned()
    questioned.endpoint.pending = made = []  # type: ignore[var-annotated]
    connect, closed = questioned.endpoint.connect, []

    def dial(factory: Any) -> Any:
        closed.append(all(each.called for _, each in made))
        return connect(factory)

    questioned.endpoint.connect = dial  # type: ignore[method-assign,assignment]
    questioned.ask()
    opening = questioned.transport.open(FakeJob())
    hear(opening)
    questioned.clock.advance(0)
    assert closed == [True, True]
    opening.cancel()
    questioned.clock.advance(0)
    questioned.assertOver()


def test_jobIsGivenUpMeanwhile() -> None:
    """A job that is cut while it waits for the question leaves the printer free."""
    questioned = Questioned()
    asked = questioned.ask()
    opening = questioned.transport.open(FakeJob())
    opened = hear(opening)
    opening.cancel()
    assert len(opened) == len(asked) == 1
    questioned.assertOver()
    questioned.ask()
    assert len(questioned.endpoint.wires) == 2
    questioned.endpoint.wires[1].rst()


def test_notAskedDuringAJob() -> None:
    """As long as a job has the printer it is not asked, and nobody knows how it is."""
    questioned = Questioned()
    questioned.ask(IDENTITY, READY)
    questioned.endpoint.wires[0].fin()
    [connection] = hear(questioned.transport.open(FakeJob()))
    assert questioned.transport.status == PrinterStatus(model=MODEL)
    assert questioned.ask() == [None]
    connection.write(b"%!PS")
    finished = hear(connection.finish())
    assert questioned.ask() == [None]
    assert len(questioned.endpoint.wires) == 2
    questioned.endpoint.wires[1].rst()
    assert len(finished) == 1
    questioned.ask()
    assert len(questioned.endpoint.wires) == 3
    questioned.endpoint.wires[2].rst()
    questioned.assertOver()


@pytest.mark.parametrize("uri", ["socket://127.0.0.1:{}", "endpoint:tcp:127.0.0.1:{}"])
@pytest.mark.parametrize("halfClose", ["on", "off"])
@pytest_twisted.ensureDeferred
async def test_overTCP(uri: str, halfClose: str) -> None:
    """A printer on a socket, that answers and closes when we do."""

    class Printer(Protocol):
        transport: Any

        def dataReceived(self, data: bytes) -> None:
            said.append(data)
            if b"".join(said) == QUESTION:
                self.transport.write(b"%%[ idle ]%%\r\n" + IDENTITY + OPEN + END)

    said: list[bytes] = []
    port = reactor.listenTCP(0, Factory.forProtocol(Printer), interface="127.0.0.1")
    address = uri.format(port.getHost().port)
    transport = transportFor(reactor, f"{address}?pjl=on&half-close={halfClose}")
    await transport.ask()
    assert transport.status == PrinterStatus("stopped", ("door-open",), MODEL)
    assert transport.description == MODEL
    await port.stopListening()
    await transport.ask()
    assert transport.status == PrinterStatus(model=MODEL)


def test_option() -> None:
    """It is off unless it is wanted, and a bad value is refused by name."""
    for option in ("", "?pjl=off"):
        assert isinstance(transportFor(reactor, f"socket://printer{option}"), SocketTransport)
    assert isinstance(transportFor(reactor, "socket://printer?pjl=on"), PJLTransport)
    with pytest.raises(ValueError, match="pjl=maybe: say on or off"):
        transportFor(reactor, "socket://printer?pjl=maybe")
    with pytest.raises(ValueError, match="unknown option 'pjl'"):
        transportFor(reactor, "file:///tmp/jobs?pjl=on")
