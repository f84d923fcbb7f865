"""
Jobs in a dress: what is added around a job, what is changed in it, and that nothing else is.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.testing import MemoryReactorClock
from twisted.python.failure import Failure
from zope.interface.verify import verifyObject

from jetdirect.errors import PrinterLost, PrinterUnreachable
from jetdirect.interfaces import Delivery, IPrinterConnection, IPrinterTransport, IPrintJob
from jetdirect.job import Sender
from jetdirect.server import PrintServer
from jetdirect.testing import FakeJob, FakePrinter, FakePrinterConnection
from jetdirect.transports.build import transportFor
from jetdirect.transports.dressing import DressedJob, DressedTransport, Dressing
from tests.support.pieces import split
from tests.support.source import Source

SENDER = Sender("bob", "192.0.2.1", 40001)
PRETTY = Dressing(b"<", b">")


def opened(
    dressing: Dressing, printer: FakePrinter | None = None
) -> tuple[IPrinterConnection, FakePrinterConnection]:
    """A dressed connection, and the inner one below it."""
    printer = printer or FakePrinter()
    server = PrintServer([FakePrinter()], MemoryReactorClock())
    job = server.submit(server.ports[0], "job.ps", SENDER)
    found: list[IPrinterConnection] = []
    DressedTransport(printer, dressing).open(job).addCallback(found.append)
    return found[0], printer.jobs[-1]


def printed(dressing: Dressing, *pieces: bytes) -> bytes:
    """What comes out of a job in these pieces."""
    connection, inner = opened(dressing)
    for piece in pieces:
        connection.write(piece)
    done: list[Delivery] = []
    connection.finish().addCallback(done.append)
    assert done == [Delivery.DELIVERED]
    return inner.data


def test_contracts() -> None:
    """It can stand wherever the transport below it could."""
    transport = DressedTransport(FakePrinter("the one", reaches=Delivery.SENT), PRETTY)
    assert verifyObject(IPrinterTransport, transport)
    assert verifyObject(IPrinterConnection, opened(PRETTY)[0])
    shown = (transport.uri, transport.description, transport.reaches)
    assert shown == ("fake:", "the one", Delivery.SENT)


@pytest.mark.parametrize(
    ("dressing", "dressed"),
    [
        (Dressing(), False),
        (Dressing(prolog=b"x"), True),
        (Dressing(epilog=b"x"), True),
        (Dressing(newlines=True), True),
    ],
)
def test_isItAny(dressing: Dressing, dressed: bool) -> None:
    """A dressing that changes nothing says so."""
    assert bool(dressing) is dressed


@pytest.mark.parametrize(
    ("dressing", "job", "wanted"),
    [
        (Dressing(prolog=b"\x1bE"), b"page", b"\x1bEpage"),
        (Dressing(epilog=b"\f"), b"page", b"page\f"),
        (Dressing(b"<", b">"), b"a\nb", b"<a\nb>"),
        (Dressing(newlines=True), b"a\nb\r\nc\rd\n\n", b"a\r\nb\r\nc\rd\r\n\r\n"),
        (Dressing(newlines=True), b"\n", b"\r\n"),
        (Dressing(newlines=True), b"\r\n", b"\r\n"),
        (Dressing(newlines=True), b"\n\r", b"\r\n\r"),
        (Dressing(newlines=True), b"\r\r\n", b"\r\r\n"),
        (Dressing(b"<\n", b"\n>", True), b"a\n", b"<\na\r\n\n>"),
    ],
)
def test_dress(dressing: Dressing, job: bytes, wanted: bytes) -> None:
    """Prolog, job, epilog; the strings of the operator are never changed."""
    assert printed(dressing, job) == wanted


@given(st.text("a\r\n").map(str.encode), st.sets(st.integers(0, 30)))
def test_anySplit(data: bytes, places: set[int]) -> None:
    """However the bytes come, the same bytes go out."""
    dressing = Dressing(b"<", b">", newlines=True)
    whole = printed(dressing, data) if data else b""
    assert printed(dressing, *filter(None, split(data, places))) == whole
    if data:
        bare = whole[1:-1]
        assert bare.replace(b"\r\n", b"\n") == data.replace(b"\r\n", b"\n")
        assert bare.count(b"\n") == bare.count(b"\r\n")


@given(st.binary(), st.sets(st.integers(0, 300)))
def test_bytesPassUnchanged(data: bytes, places: set[int]) -> None:
    """Without C{newlines} every byte of the job itself stays as it is."""
    assert printed(PRETTY, *split(data, places))[1:-1] == data


def test_emptyPiece() -> None:
    """A piece without bytes changes nothing."""
    assert printed(Dressing(newlines=True), b"\r", b"", b"\n") == b"\r\n"


def test_nothing() -> None:
    """A job without bytes stays without: no page comes out for it."""
    assert printed(Dressing(b"<", b">", True)) == b""


def test_cut() -> None:
    """A job that was cut gets the tail of its language, and no epilog."""
    connection, inner = opened(PRETTY)
    connection.write(b"half")
    connection.abort(b"\x04")
    assert (inner.data, inner.tail, inner.ended) == (b"<half", b"\x04", "aborted")


def test_cutBeforeTheFirstByte() -> None:
    """Nothing was printed, so nothing is."""
    connection, inner = opened(PRETTY)
    connection.abort(b"")
    assert (inner.data, inner.ended) == (b"", "aborted")
    assert connection.sent == 0


def test_sent() -> None:
    """What is on paper counts, the prolog too: it decides whether sending again is safe."""
    connection, inner = opened(PRETTY)
    connection.write(b"page")
    assert connection.sent == inner.sent == 5


def test_backPressure() -> None:
    """The printer stops the sender through the dress."""
    source = Source()
    connection, inner = opened(PRETTY)
    connection.registerProducer(source, True)
    inner.pause()
    inner.resume()
    connection.unregisterProducer()
    assert source.told == ["pause", "resume"]
    with pytest.raises(AssertionError):
        inner.pause()


@pytest.mark.parametrize(
    ("dressing", "size", "told"),
    [
        (PRETTY, 5, 7),
        (PRETTY, None, None),
        (PRETTY, 0, 0),
        (Dressing(newlines=True), 5, None),
        (Dressing(b"<", newlines=True), 0, 0),
    ],
)
def test_size(dressing: Dressing, size: int | None, told: int | None) -> None:
    """A printer that wants to know the size is told that of the dressed job, if it is known."""
    inner = FakeJob(size=size)
    job = DressedJob(inner, dressing)
    assert job.size == told
    assert verifyObject(IPrintJob, job)
    lost = PrinterLost("gone")
    job.printerLost(lost)
    assert inner.losses == [lost]


def test_unreachable() -> None:
    """A printer that cannot be reached is the transport's word, not the dress's."""
    printer = FakePrinter()
    printer.refusals.append(PrinterUnreachable("no route"))
    server = PrintServer([FakePrinter()], MemoryReactorClock())
    job = server.submit(server.ports[0], "job.ps", SENDER)
    reasons: list[str] = []

    def told(failure: Failure) -> None:
        reasons.append(failure.value.reason)  # type: ignore[union-attr]

    DressedTransport(printer, PRETTY).open(job).addErrback(told)
    assert reasons == ["no route"]


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ("prolog=%1BE%0A", b"\x1bE\na\n"),
        ("prolog=a+b%2B", b"a b+a\n"),
        ("epilog=%ff%00", b"a\n\xff\x00"),
        ("form-feed=on", b"a\n\f"),
        ("form-feed=on&epilog=x", b"a\nx\f"),
        ("newlines=crlf", b"a\r\n"),
        ("prolog=<&newlines=crlf&form-feed=on&epilog=>", b"<a\r\n>\f"),
    ],
)
def test_deviceURI(options: str, wanted: bytes) -> None:
    """Every printer's URI takes these options; percent-encoding gives every byte."""
    transport = transportFor(MemoryReactorClock(), f"socket://printer?{options}")
    assert isinstance(transport, DressedTransport)
    assert printed(transport._dressing, b"a\n") == wanted


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ("form-feed=paper", "form-feed=paper"),
        ("newlines=lf", "newlines=lf"),
        ("feed=on", "form-feed"),
    ],
)
def test_badOptions(option: str, told: str) -> None:
    """A wrong word is named."""
    with pytest.raises(ValueError, match=told):
        transportFor(MemoryReactorClock(), f"socket://printer?{option}")


def test_undressed() -> None:
    """Without options there is no dress, not even an empty one."""
    assert not isinstance(transportFor(MemoryReactorClock(), "socket://printer"), DressedTransport)
    assert not isinstance(
        transportFor(MemoryReactorClock(), "socket://printer?prolog="), DressedTransport
    )
