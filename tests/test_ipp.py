"""
Printers that speak IPP: what they are asked when, what their answers mean, and what is left behind.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor as theReactor
from twisted.internet.defer import CancelledError
from twisted.internet.error import ConnectionRefusedError
from zope.interface.verify import verifyObject

from jetdirect.errors import PrinterLost, PrintError, PrinterUnreachable
from jetdirect.interfaces import (
    Delivery,
    IPrinterConnection,
    IPrinterTransport,
)
from jetdirect.transports.build import transportFor
from jetdirect.transports.ending import FINISH_TIMEOUT
from jetdirect.transports.ipp.httpclient import ANSWER_TIMEOUT
from jetdirect.transports.ipp.rfc8010 import (
    BOOLEAN,
    MIME,
)
from jetdirect.transports.ipp.rfc8011 import (
    CANCEL_JOB,
    CREATE_JOB,
    GET_JOB,
    GET_PRINTER,
    PRINT_JOB,
    SEND_DOCUMENT,
    VALIDATE_JOB,
)
from tests.support.answers import hear
from tests.support.endpoint import Endpoint
from tests.support.ippmessages import JOB, NEW, OLD, Said, jobState, message
from tests.support.ippprinting import (
    BAD,
    MISDEEDS,
    Printing,
    dribble,
    leave,
    refuse,
    reset,
    unauthorized,
)

reactor: Any = theReactor


# A job that is printed.


def test_dialogue() -> None:
    """Ask, create, send, and look until it is printed; one connection at a time."""
    printing = Printing()
    told = printing.open()
    head, operation, asked, _ = printing.heard()
    assert head.startswith(b"POST /ipp/print HTTP/1.1\r\nHost: printer:631\r\n")
    assert b"\r\nContent-Type: application/ipp" in head
    assert b"Authorization" not in head
    assert operation == GET_PRINTER
    assert asked.text("printer-uri") == "ipp://printer:631/ipp/print"
    assert "printer-state" in asked.words("requested-attributes")
    printing.answer(NEW)
    asked = printing.expect(CREATE_JOB)
    assert asked.text("requesting-user-name") == "ann"
    assert asked.text("job-name") == "page.ps"
    printing.answer(JOB)
    [connection] = told
    assert verifyObject(IPrinterConnection, connection)
    assert [wire.connected for wire in printing.endpoint.wires] == [False, False, True]
    assert printing.wire.said() == b""
    assert connection.sent == 0
    connection.write(b"%!")
    head, operation, asked, rest = printing.heard()
    assert b"Transfer-Encoding: chunked" in head
    assert operation == SEND_DOCUMENT
    assert asked.number("job-id") == 31
    assert asked.text("document-format") == "application/octet-stream"
    assert asked.attributes["last-document"] == [True]
    assert rest == b"2\r\n%"
    connection.write(b"PS")
    assert printing.wire.said() == b"!\r\n2\r\nP"
    assert connection.sent == 3
    connection.write(b"")
    done = hear(connection.finish())
    assert printing.wire.said() == b"S\r\n0\r\n\r\n"
    assert connection.sent == 4
    printing.answer(JOB)
    assert not done
    asked = printing.expect(GET_JOB)
    assert asked.number("job-id") == 31
    assert sum(wire.connected for wire in printing.endpoint.wires) == 1
    printing.answer(jobState(5))
    printing.wait(0.2)
    printing.expect(GET_JOB)
    printing.answer(jobState(9))
    assert done == [Delivery.CONFIRMED]
    assert printing.job.losses == []
    printing.over()


def test_cutWithinAChunk() -> None:
    """However the pieces of a job come, what was written of it is never a whole message."""
    for pieces in [b"%"], [b"%!"], [b"%!", b"P", b"S"]:
        printing = Printing()
        connection = printing.opened()
        for piece in pieces:
            connection.write(piece)
        _, _, _, rest = printing.heard()
        assert rest.endswith(b"%x\r\n%b" % (len(pieces[-1]), pieces[-1][:-1]))
        assert connection.sent == sum(map(len, pieces)) - 1
        connection.abort(b"")
        assert printing.endpoint.wires[2].aborted
        assert printing.endpoint.wires[2].said() == b""


def test_oldPrinter() -> None:
    """One without Create-Job is asked whether it would take the job, and numbers it at the end."""
    printing = Printing()
    told = printing.open()
    printing.expect(GET_PRINTER)
    printing.answer(OLD)
    assert printing.expect(VALIDATE_JOB).text("document-format") == "application/octet-stream"
    printing.answer()
    [connection] = told
    connection.write(b"%!PS")
    _, operation, asked, _ = printing.heard()
    assert operation == PRINT_JOB
    assert asked.text("job-name") == "page.ps"
    done = hear(connection.finish())
    printing.answer(JOB)
    assert printing.expect(GET_JOB).number("job-id") == 31
    printing.answer(jobState(9))
    assert done == [Delivery.CONFIRMED]
    printing.over()


def test_notWaiting() -> None:
    """C{waitjob=off}: delivered, when the printer has taken it."""
    printing = Printing(waitJob=False)
    assert printing.transport.reaches is Delivery.DELIVERED
    _, done = printing.finished()
    assert done == [Delivery.DELIVERED]
    printing.over()


def test_longNames() -> None:
    """A name has at most 255 octets (RFC 8011, section 5.1.3)."""
    printing = Printing()
    printing.job.name = "x" * 300
    printing.open()
    printing.expect(GET_PRINTER)
    printing.answer(NEW)
    assert printing.expect(CREATE_JOB).text("job-name") == "x" * 255
    printing.opening.cancel()


@pytest.mark.parametrize("printer", [NEW, OLD])
def test_nothing(printer: Said) -> None:
    """A job without a byte is none: what was made for it is canceled."""
    printing = Printing()
    connection = printing.opened(printer)
    done = hear(connection.finish())
    if printer is NEW:
        assert printing.expect(CANCEL_JOB).number("job-id") == 31
        printing.answer()
    assert done == [Delivery.DELIVERED]
    assert connection.sent == 0
    printing.over()


# Printers of other times.


def test_olderVersion() -> None:
    """A printer that speaks IPP/1.0 is asked in that (RFC 8011, section 4.1.8), from then on."""
    printing = Printing()
    told = printing.open()
    for operation in GET_PRINTER, VALIDATE_JOB:
        if operation == GET_PRINTER:
            assert printing.wire.said().partition(b"\r\n\r\n")[2][:2] == b"\1\1"
            printing.http(b"\1\0" + struct.pack(">HI", 0x0503, 1) + b"\3")
        body = printing.wire.value().partition(b"\r\n\r\n")[2]
        assert body[:2] == b"\1\0"
        printing.expect(operation)
        printing.answer(OLD if operation == GET_PRINTER else [])
    [connection] = told
    connection.write(b"%!PS")
    assert b"\r\n\1\0" in printing.wire.value()
    connection.abort(b"")
    printing.over()


@pytest.mark.parametrize("version", [b"\1\1", b"\3\0", b"\0\0"])
def test_noVersion(version: bytes) -> None:
    """Another version that cannot be spoken, or the same one, is a refusal."""
    printing = Printing()
    told = printing.open()
    printing.http(version + struct.pack(">HI", 0x0503, 1) + b"\3")
    assert told[0].reason.endswith("the printer refused (0x0503)")
    printing.over()


def test_neverTheRightVersion() -> None:
    """A printer that always wants another one is not asked for ever."""
    printing = Printing()
    told = printing.open()
    for minor in range(1, 20):
        if not told:
            printing.http(bytes([1, minor % 2]) + struct.pack(">HI", 0x0503, minor) + b"\3")
    assert isinstance(told[0], PrinterUnreachable)
    assert len(printing.endpoint.wires) < 10
    printing.over()


@pytest.mark.parametrize("printer", [NEW, OLD])
def test_sizeIsKnown(printer: Said) -> None:
    """A job that was announced goes without chunks, which some printers do not know."""
    printing = Printing(size=4)
    connection = printing.opened(printer)
    connection.write(b"%!")
    head, _, body = printing.wire.said().partition(b"\r\n\r\n")
    assert b"chunked" not in head
    assert b"Content-Length: %d\r\n" % (len(body) + 3) in head + b"\r\n"
    assert body.endswith(b"%")
    printing._number = struct.unpack(">I", body[4:8])[0]
    connection.write(b"PS")
    assert printing.wire.said() == b"!P"
    assert connection.sent == 3
    done = hear(connection.finish())
    assert printing.wire.said() == b"S"
    assert connection.sent == 4
    printing.answer(JOB)
    printing.expect(GET_JOB)
    printing.answer(jobState(9))
    assert done == [Delivery.CONFIRMED]
    printing.over()


@pytest.mark.parametrize("more", [b"%!PS and more", b"%!P"])
def test_otherSizeThanAnnounced(more: bytes) -> None:
    """The printer is lost to the job, and has not a whole one."""
    printing = Printing(size=4)
    connection = printing.opened()
    connection.write(more)
    if len(more) > 4:
        [why] = printing.job.losses
    else:
        [why] = hear(connection.finish())
    assert isinstance(why, PrinterLost)
    assert "than were announced" in why.reason
    assert printing.endpoint.wires[2].aborted
    hear(connection.abort(b""))
    printing.expect(CANCEL_JOB)
    printing.answer()
    printing.over()


@pytest.mark.parametrize(("code", "version"), [(411, "1.1"), (400, "1.0"), (501, "1.1")])
def test_noChunks(code: int, version: str) -> None:
    """A printer that wants the size beforehand has read nothing: it is safe to send again."""
    printing = Printing()
    connection = printing.opened()
    connection.write(b"%!PS")
    printing.heard()
    assert connection.sent == 3
    printing.http(b"<html>", code, version=version)
    [why] = printing.job.losses
    wanted = "it wants to know how long a job is; let the sender announce it (ALLO)"
    assert why.reason == f"HTTP {code}: {wanted}"
    assert connection.sent == 0
    hear(connection.abort(b""))
    printing.expect(CANCEL_JOB)
    printing.answer()
    printing.over()


# Printers that do not take the job.


@pytest.mark.parametrize("misdeed", MISDEEDS)
@pytest.mark.parametrize("step", [GET_PRINTER, CREATE_JOB, VALIDATE_JOB])
def test_refusedBeforeTheDocument(misdeed: Callable[[Printing], None], step: int) -> None:
    """Nothing was printed, another attempt may help, and no connection stays."""
    printing = Printing()
    told = printing.open()
    if step != GET_PRINTER:
        printing.expect(GET_PRINTER)
        printing.answer(NEW if step == CREATE_JOB else OLD)
    printing.expect(step)
    misdeed(printing)
    [why] = told
    assert isinstance(why, PrinterUnreachable)
    assert why.reason.startswith("ipp://printer:631/ipp/print: ")
    assert why.reason.isprintable()
    printing.over()


@pytest.mark.parametrize("connects", [True, False])
def test_longestQuestion(connects: bool) -> None:
    """A question has its time and no more, even if the other end's kernel takes none of it."""
    printing = Printing()
    printing.endpoint.pending = None if connects else []
    told = printing.open()
    if connects:
        printing.wire.inFlight = 3
    printing.wait(ANSWER_TIMEOUT - 1)
    assert not told
    printing.wait(2)
    assert isinstance(told[0], PrinterUnreachable)
    assert told[0].reason.endswith("no answer within 15 s")
    printing.over()


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        (401, "user name"),
        (403, "does not let us"),
        (301, "elsewhere; write that address"),
        (308, "elsewhere; write that address"),
        (404, "path"),
        (426, "ipps://"),
        (405, "no IPP"),
        (408, "did not wait"),
        (413, "too long"),
        (429, "busy"),
        (500, "a fault of its own"),
        (502, "a fault of its own"),
        (503, "busy"),
    ],
)
def test_remedies(code: int, remedy: str) -> None:
    """What HTTP says in numbers."""
    printing = Printing()
    told = printing.open()
    printing.http(b"", code)
    assert f"HTTP {code}" in told[0].reason
    assert remedy in told[0].reason


def test_elsewhere() -> None:
    """Where to, in the printer's own words, made printable."""
    printing = Printing()
    told = printing.open()
    printing.http(b"", 301, "Location: https://printer:443/\xe9\x9b31m" + "x" * 9999)
    assert "HTTP 301: the printer is elsewhere, at https://printer:443/??31mxx" in told[0].reason
    assert told[0].reason.isprintable()
    assert len(told[0].reason) < 400


def test_reasonOfARefusal() -> None:
    """The printer's own words, and its number for them."""
    printing = Printing()
    told = printing.open()
    printing.expect(GET_PRINTER)
    printing.answer(NEW)
    printing.expect(CREATE_JOB)
    refuse(printing)
    assert told[0].reason.endswith("the printer refused (0x0507: busy??226 fine)")


def test_notAccepting() -> None:
    """It is there, and takes no jobs."""
    printing = Printing()
    told = printing.open()
    printing.expect(GET_PRINTER)
    printing.answer([*NEW, (BOOLEAN, "printer-is-accepting-jobs", [b"\0"])])
    assert isinstance(told[0], PrinterUnreachable)
    assert "does not accept jobs" in told[0].reason
    printing.over()


def test_notThere() -> None:
    """Nobody listens."""
    printing = Printing()
    printing.endpoint.refusals = [ConnectionRefusedError()]
    [why] = printing.open()
    assert isinstance(why, PrinterUnreachable)


def test_evilFormats() -> None:
    """What it takes is told in printable words, and not thousands of them."""
    printing = Printing()
    told = printing.open()
    printing.expect(GET_PRINTER)
    evil = [b"x\x1b[31mEVIL\r\n2026 job 99: completed", "\u202eabc".encode(), *[b"a/b"] * 1000]
    printing.answer([*NEW, (MIME, "document-format-supported", evil)])
    assert "the printer takes x?[31mEVIL??2026 job 99: completed, ?abc, a/b, " in told[0].reason
    assert told[0].reason.isascii() and told[0].reason.isprintable()
    assert len(told[0].reason) < 400
    printing.over()


@pytest.mark.parametrize(
    ("formats", "given", "good"),
    [
        ([b"application/pdf", b"image/urf"], "", False),
        ([b"application/pdf", b"image/urf"], "application/postscript", True),
        ([b"application/pdf", b"application/octet-stream"], "", True),
        ([], "", True),
    ],
)
def test_formats(formats: list[bytes], given: str, good: bool) -> None:
    """A printer that does not find out what it gets is to be told; trying again does not help."""
    printing = Printing()
    printing.transport._format = given
    told = printing.open()
    printing.expect(GET_PRINTER)
    printing.answer([*NEW, (MIME, "document-format-supported", formats)])
    if good:
        printing.expect(CREATE_JOB)
        printing.opening.cancel()
    else:
        assert type(told[0]) is PrintError
        assert told[0].reason.endswith(
            "format=TYPE in its URI; the printer takes application/pdf, image/urf"
        )
        printing.over()


def test_noNumber() -> None:
    """A job that was made must have one."""
    printing = Printing()
    told = printing.open()
    printing.expect(GET_PRINTER)
    printing.answer(NEW)
    printing.expect(CREATE_JOB)
    printing.answer()
    assert isinstance(told[0], PrinterUnreachable)


def test_leftBehind() -> None:
    """A printer that cannot be connected to after it made the job is asked to cancel it."""
    printing = Printing()
    told = printing.open()
    printing.expect(GET_PRINTER)
    printing.answer(NEW)
    printing.expect(CREATE_JOB)
    printing.endpoint.refusals = [ConnectionRefusedError()]
    printing.answer(JOB)
    assert isinstance(told[0], PrinterUnreachable)
    assert printing.expect(CANCEL_JOB).number("job-id") == 31
    printing.answer()
    printing.over()


@pytest.mark.parametrize("step", range(4))
def test_canceled(step: int) -> None:
    """At any step no connection stays, and no job either if its number is known."""
    printing = Printing()
    printing.endpoint.pending = [] if step == 0 else None
    told = printing.open()
    if step >= 2:
        printing.expect(GET_PRINTER)
        printing.answer(NEW)
    if step == 3:
        printing.expect(CREATE_JOB)
        printing.endpoint.pending = []
        printing.answer(JOB)
    printing.opening.cancel()
    assert isinstance(told[0], CancelledError)
    printing.clock.advance(0)
    if step == 3:
        printing.endpoint.makeNow()
        assert printing.expect(CANCEL_JOB).number("job-id") == 31
        printing.answer()
    printing.over()


# Jobs that are lost.


@pytest.mark.parametrize("printer", [NEW, OLD])
@pytest.mark.parametrize("misdeed", [each for each in BAD if each is not dribble])
def test_lostInMidJob(misdeed: Callable[[Printing], None], printer: Said) -> None:
    """The job is told once, nothing more is sent, and the printer is asked to cancel it."""
    printing = Printing()
    connection = printing.opened(printer)
    connection.write(b"%!")
    printing.heard()
    misdeed(printing)
    [why] = printing.job.losses
    assert isinstance(why, PrinterLost)
    assert why.reason.isprintable()
    connection.write(b"PS")
    assert printing.wire.said() == b""
    assert connection.sent == (0 if misdeed is unauthorized else 1)  # that is not read, then
    [late] = hear(connection.finish())
    assert isinstance(late, PrinterLost)
    gone = hear(connection.abort(b"\x04"))
    if printer is NEW:
        printing.expect(CANCEL_JOB)
        printing.answer()
    assert gone == [None]
    assert len(printing.job.losses) == 1
    printing.over()


def test_earlyYes() -> None:
    """A printer that has taken the job before its end has not taken all of it."""
    printing = Printing()
    connection = printing.opened()
    connection.write(b"%!")
    printing.heard()
    printing.answer(JOB)
    [why] = printing.job.losses
    assert "before the end" in why.reason
    hear(connection.abort(b""))
    printing.expect(CANCEL_JOB)
    printing.answer()
    printing.over()


@pytest.mark.parametrize("misdeed", [leave, reset, refuse])
def test_lostBeforeTheFirstByte(misdeed: Callable[[Printing], None]) -> None:
    """A printer that does not wait for a slow sender: it is safe to send again."""
    printing = Printing()
    connection = printing.opened()
    misdeed(printing)
    assert len(printing.job.losses) == 1
    assert connection.sent == 0
    connection.write(b"%!")
    assert connection.sent == 0
    hear(connection.abort(b""))
    printing.expect(CANCEL_JOB)
    printing.answer()
    printing.over()


@pytest.mark.parametrize("misdeed", MISDEEDS)
def test_lostAtTheEnd(misdeed: Callable[[Printing], None]) -> None:
    """Without a good answer to the whole of it the job is lost."""
    printing = Printing()
    connection = printing.opened()
    connection.write(b"%!PS")
    printing.heard()
    done = hear(connection.finish())
    misdeed(printing)
    [why] = done
    assert isinstance(why, PrinterLost)
    assert printing.job.losses == []
    assert connection.sent == (0 if misdeed is unauthorized else 4)
    gone = hear(connection.abort(b""))
    printing.expect(CANCEL_JOB)
    printing.answer()
    assert gone == [None]
    printing.over()


INTERIM = b"HTTP/1.1 100 Continue\r\n\r\n"


@pytest.mark.parametrize("seconds", [1, 1000])
@pytest.mark.parametrize("early", [INTERIM, b"HTTP/1.1 102 X\r\n\r\n" * 20, b"", b"head"])
def test_answersThatBeginEarly(early: bytes, seconds: int) -> None:
    """Neither interim answers nor a head that comes at once say when the answer is due."""
    printing = Printing()
    connection = printing.opened()
    connection.write(b"%!")
    printing.heard()
    body = message(0, printing._number, JOB)
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
    printing.wire.receive(head if early == b"head" else early) if early else None
    printing.wait(seconds)
    connection.write(b"PS")
    done = hear(connection.finish())
    printing.wait(ANSWER_TIMEOUT - 1 if early == b"head" else FINISH_TIMEOUT - 1)
    assert not printing.job.losses
    assert not done
    printing.wire.receive(body if early == b"head" else head + body)
    printing.expect(GET_JOB)
    printing.answer(jobState(9))
    assert done == [Delivery.CONFIRMED]
    printing.over()


def test_answerThatEndsLate() -> None:
    """One that has begun has 15 s, from when the printer has the whole job."""
    printing = Printing()
    connection = printing.opened()
    connection.write(b"%!PS")
    printing.heard()
    dribble(printing)
    assert not printing.job.losses
    printing.wire.inFlight = 4
    done = hear(connection.finish())
    printing.wait(1000)
    assert not done
    printing.wire.inFlight = 0
    dribble(printing)
    printing.wait(ANSWER_TIMEOUT)
    assert "no end within 15 s" in done[0].reason
    hear(connection.abort(b""))
    printing.expect(CANCEL_JOB)
    printing.answer()
    printing.over()


def test_slowPrinter() -> None:
    """One that has not all of it yet is waited for; the finish time-out begins then."""
    printing = Printing()
    connection = printing.opened()
    connection.write(b"%!PS")
    printing.heard()
    printing.wire.inFlight = 4
    printing.wait(1000)
    done = hear(connection.finish())
    printing.wait(1000)
    assert not done
    printing.wire.inFlight = 0
    printing.wait(FINISH_TIMEOUT - 2)
    assert not done
    printing.answer(JOB)
    printing.expect(GET_JOB)
    printing.answer(jobState(9))
    assert done == [Delivery.CONFIRMED]
    printing.over()


def test_backPressure() -> None:
    """The printer's kernel holds the sender back."""
    printing = Printing()
    connection = printing.opened()
    producer: Any = printing.wire
    connection.registerProducer(producer, True)
    assert printing.wire.producer is producer
    assert printing.wire.streaming
    connection.unregisterProducer()
    assert printing.wire.producer is None
    connection.abort(b"")


# Words.


def test_uri() -> None:
    """CUPS's words; user name and password are nobody's business."""
    made = transportFor(reactor, "ipp://bob:secret@printer")
    assert verifyObject(IPrinterTransport, made)
    assert made.uri == made.description == "ipp://printer:631/ipp/print"
    assert made.reaches is Delivery.CONFIRMED
    made = transportFor(reactor, "ipp://[2001:db8::7]:8631/printers/a%20b?waitjob=false")
    assert made.uri == "ipp://[2001:db8::7]:8631/printers/a%20b"
    assert made.reaches is Delivery.DELIVERED
    assert transportFor(reactor, "ipps://printer?description=Ward").description == "Ward"


@pytest_twisted.ensureDeferred
async def test_zone() -> None:
    """It is this machine's word for a line, and no word to say to the printer (RFC 6874)."""
    made: Any = transportFor(reactor, "ipp://[fe80::1%25lo]:8631/ipp/print")
    assert made.uri == "ipp://[fe80::1%lo]:8631/ipp/print"
    endpoint = made._client._dialer._endpoint = Endpoint()
    asked = made.ask()
    said = endpoint.wires[0].said()
    assert b"Host: [fe80::1]:8631\r\n" in said
    assert b"ipp://[fe80::1]:8631/ipp/print" in said
    assert b"%" not in said
    asked.addErrback(lambda why: why.trap(CancelledError))
    asked.cancel()


@pytest.mark.parametrize(
    ("uri", "complaint"),
    [
        ("ipp:///ipp/print", "a host is missing"),
        ("ipp://printer?waitjob=perhaps", "say on or off"),
        ("ipp://printer?format=pdf", "give a MIME type"),
        ("ipp://printer?format=a/b%0A", "give a MIME type"),
        ("ipps://printer?tls=maybe", "choose one of verify, any"),
        ("ipps://printer?tls-ca=/nowhere.pem", "No such file"),
        ("ipps://printer?tls-ca=/dev/null", "expected a PEM file"),
        ("ipps://printer?tls=any&tls-ca=/dev/null", "contradict"),
    ],
)
def test_badURI(uri: str, complaint: str) -> None:
    """What is wrong is named."""
    with pytest.raises(ValueError, match=complaint):
        transportFor(reactor, uri)
