"""
Printers that speak IPP: what they are asked when, what their answers mean, and what is left behind.
"""

from __future__ import annotations

import select
import socket
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor as theReactor
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.internet.error import ConnectionDone, ConnectionRefusedError
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.ssl import optionsForClientTLS
from twisted.internet.task import Clock, deferLater
from twisted.logger import capturedLogs, formatEvent
from twisted.python.failure import Failure
from zope.interface.verify import verifyObject

from jetdirect.errors import PrinterLost, PrintError, PrinterUnreachable
from jetdirect.interfaces import (
    Delivery,
    IPrinterConnection,
    IPrinterTransport,
    PrinterStatus,
)
from jetdirect.net.dial import Dialer, hostEndpoint
from jetdirect.net.facts import Silence
from jetdirect.net.network import networkOf
from jetdirect.testing import FakeJob
from jetdirect.transports.build import transportFor
from jetdirect.transports.dialogue import LOOK_INTERVAL
from jetdirect.transports.ending import FINISH_TIMEOUT
from jetdirect.transports.ipp.client import IPPClient
from jetdirect.transports.ipp.http import LONGEST_CONTENT
from jetdirect.transports.ipp.httpclient import ANSWER_TIMEOUT, Exchange
from jetdirect.transports.ipp.rfc8010 import (
    BOOLEAN,
    ENUM,
    INTEGER,
    KEYWORD,
    MIME,
    TEXT,
    Response,
    response,
)
from jetdirect.transports.ipp.rfc8011 import (
    CANCEL_JOB,
    CREATE_JOB,
    GET_JOB,
    GET_PRINTER,
    PRINT_JOB,
    SEND_DOCUMENT,
    VALIDATE_JOB,
    statusOf,
)
from jetdirect.transports.ipp.transport import IPPTransport
from tests.support import certificate as certificates
from tests.support.answers import hear
from tests.support.certificate import selfSigned
from tests.support.endpoint import Endpoint, Wire
from tests.support.ippmessages import JOB, NEW, OLD, Said, jobState, message, number

reactor: Any = theReactor


class Printing:
    """A printer, and a job for it."""

    def __init__(
        self,
        waitJob: bool = True,
        user: str = "",
        password: str = "",
        size: int | None = None,
    ) -> None:
        self.clock = Clock()
        self.endpoint = Endpoint()
        uri = "ipp://printer:631/ipp/print"
        client = IPPClient(self.clock, self.endpoint, uri, uri, "/ipp/print", user, password)
        self.transport = IPPTransport(self.clock, client, "", FINISH_TIMEOUT, waitJob)
        self.job = FakeJob(size=size)
        self.opening: Deferred[IPrinterConnection] = Deferred()
        self._number = 0

    @property
    def wire(self) -> Wire:
        """The last connection."""
        return self.endpoint.wires[-1]

    def heard(self) -> tuple[bytes, int, Response, bytes]:
        """What the last connection brought: HTTP head, operation, its attributes, the rest."""
        head, _, body = self.wire.said().partition(b"\r\n\r\n")
        if b"chunked" in head:
            size, _, body = body.partition(b"\r\n")
            body, rest = body[: int(size, 16)], body[int(size, 16) + 2 :]
        else:
            assert b"Content-Length: %d\r\n" % len(body) in head + b"\r\n"
            rest = b""
        _, operation, self._number = struct.unpack(">HHI", body[:8])
        return head, operation, response(body, self._number), rest

    def expect(self, operation: int) -> Response:
        """The last connection brought this operation."""
        _, heard, attributes, _ = self.heard()
        assert heard == operation
        return attributes

    def answer(self, attributes: Said | None = None, status: int = 0) -> None:
        self.http(message(status, self._number, attributes or []))

    def http(self, content: bytes, code: int = 200, *fields: str, version: str = "1.1") -> None:
        lines = [f"HTTP/{version} {code} X", f"Content-Length: {len(content)}", *fields, "", ""]
        self.wire.receive("\r\n".join(lines).encode("latin-1") + content)

    def open(self) -> list[Any]:
        self.opening = self.transport.open(self.job)
        return hear(self.opening)

    def opened(self, printer: Said = NEW) -> IPrinterConnection:
        """The connection at a printer that says yes to everything."""
        told = self.open()
        self.expect(GET_PRINTER)
        self.answer(printer)
        self.expect(CREATE_JOB if printer is NEW else VALIDATE_JOB)
        self.answer(JOB if printer is NEW else [])
        assert len(told) == 1 and IPrinterConnection.providedBy(told[0]), told
        connection: IPrinterConnection = told[0]
        assert self.wire.said() == b""
        return connection

    def finished(self, printer: Said = NEW) -> tuple[IPrinterConnection, list[Any]]:
        """A job whose document the printer has taken."""
        connection = self.opened(printer)
        connection.write(b"%!PS")
        self.heard()
        done = hear(connection.finish())
        self.answer(JOB)
        return connection, done

    def wait(self, seconds: float) -> None:
        for _ in range(int(seconds * 10)):
            self.clock.advance(0.1)

    def over(self) -> None:
        """Nothing is left."""
        assert not any(wire.connected for wire in self.endpoint.wires)
        assert not self.clock.getDelayedCalls()


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


def test_nameAndPassword() -> None:
    """A printer that does not ask for them first gets them with each question but the first."""
    printing = Printing(user="bob", password="sécret")
    printing.open()
    head, _, asked, _ = printing.heard()
    assert b"Authorization" not in head
    assert asked.text("printer-uri") == "ipp://printer:631/ipp/print"
    printing.answer(NEW)
    head, _, asked, _ = printing.heard()
    assert b"\r\nAuthorization: Basic Ym9iOnPDqWNyZXQ=" in head
    assert asked.text("printer-uri") == "ipp://printer:631/ipp/print"
    printing.opening.cancel()


def test_basicIsAskedFor() -> None:
    """The question is asked again with them."""
    printing = Printing(user="bob", password="secret")
    printing.open()
    printing.heard()
    printing.http(b"", 401, 'WWW-Authenticate: Basic realm="printer"')
    head, operation, _, _ = printing.heard()
    assert operation == GET_PRINTER
    assert b"\r\nAuthorization: Basic Ym9iOnNlY3JldA==" in head
    printing.opening.cancel()


#: What a printer asks for that wants Digest: in two ways, and Basic as well.
DIGEST = [
    'WWW-Authenticate: Digest realm="printer", nonce="{nonce}", qop="auth", algorithm={algorithm}',
    'WWW-Authenticate: Basic realm="printer"',
]


class Guarded(Printing):
    """A printer that wants Digest, and its own count of how often a nonce is used."""

    def __init__(self, once: bool = False) -> None:
        super().__init__(user="bob", password="secret")
        self.once = once
        self.refusals = 0

    def challenge(self) -> None:
        self.refusals += 1
        nonce, algorithm = f"n{self.refusals}", "MD5" if self.refusals > 1 else "SHA-256"
        fields = [each.format(nonce=nonce, algorithm=algorithm) for each in DIGEST]
        self.http(b"", 401, *fields)

    def heard(self) -> tuple[bytes, int, Response, bytes]:
        while True:
            heard = super().heard()
            fresh = b"nc=00000001" in heard[0] if self.once else b"Digest" in heard[0]
            assert b"Basic" not in heard[0]
            if fresh:
                assert b'nonce="n%d"' % self.refusals in heard[0]
                return heard
            self.challenge()


@pytest.mark.parametrize("once", [False, True])
def test_digest(once: bool) -> None:
    """The password never leaves, and a printer that takes each nonce once gets one for the job."""
    printing = Guarded(once)
    told = printing.open()
    printing.expect(GET_PRINTER)
    printing.answer(NEW)
    printing.expect(CREATE_JOB)
    printing.answer(JOB)
    if once:
        assert not told
        head, _, _, _ = Printing.heard(printing)
        assert b"Authorization" not in head
        printing.challenge()
    [connection] = told
    connection.write(b"%!PS")
    head, operation, _, rest = printing.heard()
    assert operation == SEND_DOCUMENT
    assert rest == b"4\r\n%!P"
    assert printing.refusals == (3 if once else 1)
    assert (b"nc=00000001" if once else b"nc=00000003") in head
    done = hear(connection.finish())
    printing.answer(JOB)
    printing.heard()
    printing.answer(jobState(9))
    assert done == [Delivery.CONFIRMED]
    printing.over()


def test_foreignRealm() -> None:
    """What a printer calls itself goes back byte for byte."""
    printing = Printing(user="bob", password="secret")
    printing.open()
    printing.heard()
    printing.http(b"", 401, 'WWW-Authenticate: Digest realm="büro", nonce="n"')
    assert 'realm="büro"'.encode("latin-1") in printing.heard()[0]
    printing.opening.cancel()


def test_wrongPassword() -> None:
    """It says so, and is not asked for ever."""
    printing = Guarded()
    told = printing.open()
    printing.heard()
    printing.challenge()
    assert isinstance(told[0], PrinterUnreachable)
    assert "HTTP 401: it does not take the user name and password" in told[0].reason
    printing.over()


def test_nextNonce() -> None:
    """RFC 7616, section 3.5: a printer may name the next one beforehand."""
    printing = Guarded()
    printing.open()
    printing.heard()
    body = message(0, printing._number, NEW)
    printing.http(body, 200, 'Authentication-Info: nextnonce="later"')
    head, operation, _, _ = Printing.heard(printing)
    assert operation == CREATE_JOB
    assert b'nonce="later"' in head
    assert b"nc=00000001" in head
    printing.opening.cancel()


def test_anotherLoginInMidJob() -> None:
    """A document that is refused for its login was not read, and can be sent again."""
    printing = Printing(user="bob", password="secret")
    connection = printing.opened()
    connection.write(b"%!PS")
    printing.heard()
    printing.http(b"", 401, DIGEST[0].format(nonce="n", algorithm="MD5"))
    [why] = printing.job.losses
    assert "HTTP 401" in why.reason
    assert connection.sent == 0
    hear(connection.abort(b""))
    head, operation, _, _ = printing.heard()
    assert operation == CANCEL_JOB
    assert b"Authorization: Digest" in head
    printing.answer()
    printing.over()


@pytest.mark.parametrize("asked", ["Negotiate", "Digest realm=a, nonce=b, qop=auth-int"])
def test_unknownLogin(asked: str) -> None:
    """What it asks for is named."""
    printing = Printing(user="bob", password="secret")
    told = printing.open()
    printing.http(b"", 401, f"WWW-Authenticate: {asked}")
    assert f"asks for {asked.split()[0].lower()}; the gateway knows" in told[0].reason
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


def refuse(printing: Printing) -> None:
    printing.answer([(TEXT, "status-message", [b"busy\r\n226 fine"])], 0x0507)


def unauthorized(printing: Printing) -> None:
    printing.http(b"<html>", 401)


def web(printing: Printing) -> None:
    printing.http(b"<html>an error</html>")


def garbage(printing: Printing) -> None:
    printing.wire.receive(b"\x01garbage")


def cutMessage(printing: Printing) -> None:
    printing.http(message(0, 1, NEW)[:-5])


def anotherAnswer(printing: Printing) -> None:
    printing.http(message(0, 4711, NEW))


def leave(printing: Printing) -> None:
    printing.wire.fin()


def leaveEarly(printing: Printing) -> None:
    printing.wire.receive(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n\1\1\0\0")
    printing.wire.fin()


def reset(printing: Printing) -> None:
    printing.wire.rst()


def silence(printing: Printing) -> None:
    printing.wait(max(ANSWER_TIMEOUT, FINISH_TIMEOUT) + 1)


def dribble(printing: Printing) -> None:
    printing.wire.receive(b"HTTP/1.1 200 OK\r\n\r\n")
    for _ in range(int(ANSWER_TIMEOUT) + 2):
        if printing.wire.connected:
            printing.wire.receive(b"\1")
        printing.clock.advance(1)


def endless(printing: Printing) -> None:
    printing.wire.receive(b"HTTP/1.1 200 OK\r\n\r\n" + bytes(LONGEST_CONTENT + 1))


def death(printing: Printing) -> None:
    printing.wire.inFlight, printing.wire.silent = 3, Silence(5, 200.0)
    printing.wait(40)


BAD: list[Callable[[Printing], None]] = [
    refuse,
    unauthorized,
    web,
    garbage,
    cutMessage,
    anotherAnswer,
    leave,
    leaveEarly,
    reset,
    dribble,
    endless,
    death,
]
MISDEEDS = [*BAD, silence]


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


# Is it printed?


@pytest.mark.parametrize(
    ("state", "reasons", "told"),
    [
        (7, [b"job-canceled-at-device"], "has canceled the job (job-canceled-at-device)"),
        (8, [b"aborted-by-system", b"\r\n226"], "has aborted the job (aborted-by-system)"),
        (8, [b"none"], "has aborted the job"),
        (8, [], "has aborted the job"),
    ],
)
def test_notPrinted(state: int, reasons: list[bytes], told: str) -> None:
    """The printer says that it did not: the job is lost, and not canceled again."""
    printing = Printing()
    connection, done = printing.finished()
    printing.expect(GET_JOB)
    printing.answer(jobState(state, *reasons))
    [why] = done
    assert isinstance(why, PrinterLost)
    assert why.reason.endswith(told)
    before = len(printing.endpoint.wires)
    assert hear(connection.abort(b"")) == [None]
    assert len(printing.endpoint.wires) == before
    printing.over()


def test_withErrors() -> None:
    """Completed, but not well, is no confirmation."""
    printing = Printing()
    _, done = printing.finished()
    printing.expect(GET_JOB)
    printing.answer(jobState(9, b"job-completed-with-errors"))
    assert done == [Delivery.DELIVERED]
    printing.over()


def test_forgotten() -> None:
    """A printer that does not know the job any more has had it."""
    printing = Printing()
    _, done = printing.finished()
    printing.expect(GET_JOB)
    printing.answer(status=0x0406)
    assert done == [Delivery.DELIVERED]
    printing.over()


def test_notPrintedInTime() -> None:
    """It has the job, and that is all that is known after the finish time-out."""
    printing = Printing()
    _, done = printing.finished()
    asked = 0
    while not done:
        if printing.wire.connected:
            printing.expect(GET_JOB)
            printing.answer(jobState(6))
            asked += 1
        printing.clock.advance(0.1)
        assert printing.clock.seconds() < FINISH_TIMEOUT + 1
    assert done == [Delivery.DELIVERED]
    assert printing.clock.seconds() > FINISH_TIMEOUT - 1
    assert 10 < asked < 25
    printing.over()


def test_lookAgain() -> None:
    """That it does not answer once, when it has all of it, says nothing of the job."""
    printing = Printing()
    _, done = printing.finished()
    reset(printing)
    printing.endpoint.refusals = [ConnectionRefusedError()]
    printing.wait(0.5)
    printing.expect(GET_JOB)
    printing.answer(jobState(9))
    assert done == [Delivery.CONFIRMED]
    printing.over()


def test_noTimeToPrint() -> None:
    """C{finish-timeout=0}: one look, but the answer to the document has its time."""
    printing = Printing()
    printing.transport._finishTimeout = 0
    connection = printing.opened()
    connection.write(b"%!PS")
    printing.heard()
    done = hear(connection.finish())
    printing.wait(ANSWER_TIMEOUT - 2)
    assert not done
    printing.answer(JOB)
    printing.expect(GET_JOB)
    printing.answer(jobState(5))
    assert done == [Delivery.DELIVERED]
    printing.over()


def test_oldPrinterWithoutNumber() -> None:
    """It has taken a job that it cannot be asked about."""
    printing = Printing()
    connection = printing.opened(OLD)
    connection.write(b"%!PS")
    printing.heard()
    done = hear(connection.finish())
    printing.answer()
    assert done == [Delivery.DELIVERED]
    printing.over()


# Aborted jobs.


def test_abortInMidJob() -> None:
    """The document is broken off, then the job canceled."""
    printing = Printing()
    connection = printing.opened()
    connection.write(b"%!")
    printing.heard()
    wire = printing.wire
    gone = hear(connection.abort(b"\x04"))
    assert wire.aborted
    asked = printing.expect(CANCEL_JOB)
    assert asked.number("job-id") == 31
    assert asked.text("requesting-user-name") == "ann"
    assert not gone
    printing.answer()
    assert gone == [None]
    assert printing.job.losses == []
    printing.over()


@pytest.mark.parametrize("step", ["answer", "look", "pause"])
def test_abortAtTheEnd(step: str) -> None:
    """Whatever is being waited for, the end is not told any more."""
    printing = Printing()
    connection = printing.opened()
    connection.write(b"%!")
    printing.heard()
    done = hear(connection.finish())
    if step != "answer":
        printing.answer(JOB)
        printing.expect(GET_JOB)
    if step == "pause":
        printing.answer(jobState(5))
    gone = hear(connection.abort(b""))
    printing.expect(CANCEL_JOB)
    printing.answer()
    assert gone == [None]
    assert done == []
    printing.over()


@pytest.mark.parametrize("misdeed", MISDEEDS)
def test_notCanceled(misdeed: Callable[[Printing], None]) -> None:
    """A printer that cannot be asked keeps nobody waiting for long; the log says so."""
    printing = Printing()
    connection = printing.opened()
    connection.write(b"%!")
    gone = hear(connection.abort(b""))
    printing.expect(CANCEL_JOB)
    with capturedLogs() as logged:
        misdeed(printing)
    assert gone == [None]
    told = [formatEvent(event) for event in logged]
    if misdeed is not refuse:  # it may have ended the job itself
        assert len(told) == 1
        assert "job 7 was not canceled at the printer, which has it as job 31" in (told[0] or "")
    printing.over()


# How it is.


def test_status() -> None:
    """In RFC 8011's words, without how serious they are."""
    printing = Printing()
    asked = hear(printing.transport.ask())
    printing.expect(GET_PRINTER)
    printing.answer(
        [
            (ENUM, "printer-state", [number(5)]),
            (KEYWORD, "printer-state-reasons", [b"media-empty-error", b"door-open", b"none"]),
            (TEXT, "printer-make-and-model", [b"Acme 1"]),
            (INTEGER, "printer-impressions-completed", [number(1234)]),
        ]
    )
    assert asked == [None]
    expected = PrinterStatus("stopped", ("media-empty", "door-open"), "Acme 1", 1234)
    assert printing.transport.status == expected
    assert printing.transport.description == "Acme 1"
    printing.over()


def test_strangeStatus() -> None:
    """What is no keyword is not shown, and not thousands of them."""
    reasons = ["x\r\ny", "none", "a", "a-report", *(f"r{n}" for n in range(1000))]
    said = Response(0, {"printer-state": [17], "printer-state-reasons": list(reasons)})
    status = statusOf(said)
    assert status.state == ""
    assert status.reasons == ("a", *(f"r{n}" for n in range(9)))


@pytest.mark.parametrize("misdeed", MISDEEDS)
def test_offline(misdeed: Callable[[Printing], None]) -> None:
    """A printer that does not answer is offline, and keeps its name."""
    printing = Printing()
    printing.transport.status = PrinterStatus("idle", (), "Acme 1", 3)
    asked = hear(printing.transport.ask())
    printing.expect(GET_PRINTER)
    misdeed(printing)
    assert asked == [None]
    assert printing.transport.status == PrinterStatus("stopped", ("offline",), "Acme 1")
    printing.over()


def test_jobsComeFirst() -> None:
    """A printer may take one connection at a time: our own question gives way, and is not lost."""
    printing = Printing()
    asked = hear(printing.transport.ask())
    question = printing.wire
    told = printing.open()
    assert not question.connected
    assert asked == [None]
    assert printing.transport.status == PrinterStatus()
    assert hear(printing.transport.ask()) == [None]  # the job asks itself
    assert len(printing.endpoint.wires) == 2
    printing.expect(GET_PRINTER)
    printing.answer([*NEW, (ENUM, "printer-state", [number(4)])])
    assert printing.transport.status.state == "processing"
    printing.expect(CREATE_JOB)
    printing.answer(JOB)
    connection = told[0]
    hear(printing.transport.ask())
    question = printing.wire
    gone = hear(connection.abort(b""))
    assert not question.connected
    printing.expect(CANCEL_JOB)
    printing.answer()
    assert gone == [None]
    printing.over()


@pytest.mark.parametrize("end", ["finish", "abort"])
def test_silentWhileItPrints(end: str) -> None:
    """A printer that hears one connection only is not offline, nor asked again during the job."""
    printing = Printing(waitJob=False)
    printing.transport.status = PrinterStatus("idle", (), "Acme 1", 3)
    connection = printing.opened()
    before = printing.transport.status
    connection.write(b"%!")
    printing.heard()
    document = printing.wire
    printing.endpoint.refusals = [ConnectionRefusedError()]
    assert hear(printing.transport.ask()) == [None]
    assert printing.transport.status == before
    assert hear(printing.transport.ask()) == [None]
    assert printing.wire is document
    if end == "finish":
        hear(connection.finish())
        printing.answer(JOB)
    else:
        hear(connection.abort(b""))
        printing.expect(CANCEL_JOB)
        printing.answer()
    printing.endpoint.refusals = [ConnectionRefusedError()]
    assert hear(printing.transport.ask()) == [None]
    assert printing.transport.status.reasons == ("offline",)
    printing.over()


def test_statusWhileItPrints() -> None:
    """A printer that hears more than one connection says how it is."""
    printing = Printing()
    connection = printing.opened()
    connection.write(b"%!")
    printing.heard()
    for state, reason in (5, b"media-empty"), (4, b"none"):
        hear(printing.transport.ask())
        printing.expect(GET_PRINTER)
        printing.answer(
            [
                (ENUM, "printer-state", [number(state)]),
                (KEYWORD, "printer-state-reasons", [reason]),
            ]
        )
        assert printing.transport.status.state == {5: "stopped", 4: "processing"}[state]
    hear(connection.abort(b""))
    printing.expect(CANCEL_JOB)
    printing.answer()
    printing.over()


def test_askingIsCanceled() -> None:
    """No connection stays."""
    printing = Printing()
    asking = printing.transport.ask()
    told = hear(asking)
    asking.cancel()
    assert isinstance(told[0], CancelledError)
    printing.over()


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


# In the kernel.


class Reader(Protocol):
    """Answers a whole request, and tells how its connection ended."""

    transport: Any

    def __init__(self) -> None:
        self.ended: Deferred[Any] = Deferred()
        self._data = b""

    def dataReceived(self, data: bytes) -> None:
        self._data += data
        if self._data.endswith(b"0\r\n\r\n"):
            self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.ended.callback(reason.type)


@pytest_twisted.ensureDeferred
async def test_onlyAWholeJobEndsInOrder() -> None:
    """Until the answer the system resets the connection when it closes it: our process may end."""
    reader = Reader()
    listening = reactor.listenTCP(0, Factory.forProtocol(lambda: reader), interface="127.0.0.1")
    there = HostnameEndpoint(reactor, "127.0.0.1", listening.getHost().port)
    dialer = Dialer(reactor, there, "ipp:")
    exchange = await dialer.dial(lambda: Exchange(reactor, FINISH_TIMEOUT))
    handle = exchange.transport.getHandle()
    exchange.begin("/", "printer", {}, b"head", None)
    exchange.write(b"%!PS")
    exchange.end()
    linger = handle.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8)
    assert struct.unpack("ii", linger) == (1, 0)
    assert (await exchange.answer).code == 200
    linger = handle.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8)
    assert struct.unpack("ii", linger) == (0, 0)
    await exchange.hangUp()
    assert await reader.ended is ConnectionDone
    await listening.stopListening()


# Refusals that are followed by a reset.


@pytest_twisted.ensureDeferred
async def test_refusalBeforeTheReset() -> None:
    """A server that refuses, and closes on what was still sent: its words are read all the same."""
    standing = Standing()
    exchange = await standing.dial(FINISH_TIMEOUT)
    exchange.begin("/", "printer", {}, b"head", None)
    await deferLater(reactor, 0)
    standing.wire.sendall(b"HTTP/1.1 411 Length Required\r\nContent-Length: 0\r\n\r\n")
    standing.wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    standing.close()
    select.select([exchange.transport], [], [], 5)
    exchange.write(b"%!PS" * 1000)  # before the reactor sees the answer
    assert (await exchange.answer).code == 411


# When the reactor is late.


class Standing:
    """A server that answers while our reactor stands still."""

    def __init__(self) -> None:
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.endpoint = hostEndpoint(
            networkOf(reactor), "127.0.0.1", self.listening.getsockname()[1]
        )

    async def dial(self, patience: float) -> Exchange:
        exchange: Exchange = await Dialer(reactor, self.endpoint, "ipp:").dial(
            lambda: Exchange(reactor, patience)
        )
        self.wire, _ = self.listening.accept()
        return exchange

    def answerLate(self, answer: bytes, seconds: float) -> None:
        """Answer in time, and let the reactor see it when the time is over."""

        def busy() -> None:
            self.wire.sendall(answer)
            time.sleep(seconds)

        reactor.callFromThread(busy)  # which is done before timers are looked at

    def close(self) -> None:
        self.wire.close()
        self.listening.close()


@pytest_twisted.ensureDeferred
async def test_lateReactorReadsFirst(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer whose end came in time, but was not read yet."""
    monkeypatch.setattr("jetdirect.transports.ipp.httpclient.ANSWER_TIMEOUT", 0.05)
    standing = Standing()
    exchange = await standing.dial(20)
    exchange.post("/", "printer", {}, b"question")
    standing.wire.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na")
    while not exchange._post.code:
        await deferLater(reactor, 0)
    standing.answerLate(b"b", 0.2)
    assert (await exchange.answer).content == b"ab"
    await exchange.hangUp()
    standing.close()


@pytest_twisted.ensureDeferred
async def test_lateReactorIsPatient() -> None:
    """The same of an answer that has not begun, and had its time."""
    standing = Standing()
    exchange = await standing.dial(LOOK_INTERVAL / 2)
    exchange.begin("/", "printer", {}, b"head", None)
    exchange.end()
    await deferLater(reactor, 0)
    standing.answerLate(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", LOOK_INTERVAL * 1.5)
    assert (await exchange.answer).code == 200
    await exchange.hangUp()
    standing.close()


@pytest_twisted.ensureDeferred
async def test_lateReactorAsks(monkeypatch: pytest.MonkeyPatch) -> None:
    """And of a whole question."""
    monkeypatch.setattr("jetdirect.transports.ipp.client.ANSWER_TIMEOUT", 0.3)
    standing = Standing()
    client = IPPClient(reactor, standing.endpoint, "ipp:", "ipp://printer:631/", "/")
    asked = Deferred.fromCoroutine(client.ask(GET_PRINTER, []))
    standing.listening.settimeout(0)
    while True:
        try:
            standing.wire, _ = standing.listening.accept()
            break
        except BlockingIOError:
            await deferLater(reactor, 0)
    body = message(0, 1, OLD)
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
    standing.answerLate(head + body, 0.6)
    assert (await asked).good
    standing.close()


# With TLS.


class OnePage(Protocol):
    """Answers any question with what it is."""

    transport: Any

    def dataReceived(self, data: bytes) -> None:
        body = data.partition(b"\r\n\r\n")[2]
        (asked,) = struct.unpack(">I", body[4:8])
        said = message(0, asked, [(ENUM, "printer-state", [number(3)])])
        self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(said) + said)


@pytest.mark.parametrize(
    ("host", "option", "state"),
    [
        ("localhost", "tls-ca={pem}", "idle"),
        ("127.0.0.1", "tls=any", "idle"),
        ("localhost", "tls=verify", "stopped"),
        ("127.0.0.1", "", "stopped"),
        ("127.0.0.2", "tls-ca={pem}", "stopped"),
    ],
)
@pytest_twisted.ensureDeferred
async def test_certificates(host: str, option: str, state: str, tmp_path: Path) -> None:
    """The certificate decides; a printer that is not trusted hears nothing of the job."""
    pem = selfSigned(tmp_path)
    at = "127.0.0.1" if host == "localhost" else host
    listening: Any = await certificates.endpoint(pem, at).listen(Factory.forProtocol(OnePage))
    port = listening.getHost().port
    query = option.format(pem=pem)
    printer = transportFor(reactor, f"ipps://{host}:{port}?{query}")
    await printer.ask()
    assert printer.status.state == state
    if state == "stopped":
        with pytest.raises(
            PrinterUnreachable, match=r"is not trusted.*; name it, or the one that signed it"
        ):
            await printer.open(FakeJob())
    await listening.stopListening()


class Leaver(Protocol):
    """Is gone at the first word."""

    transport: Any

    def dataReceived(self, data: bytes) -> None:
        self.transport.abortConnection()


@pytest_twisted.ensureDeferred
async def test_nothingLeavesBeforeTheHandshake() -> None:
    """Whatever was written for a printer that does not get so far can be sent again."""
    listening = reactor.listenTCP(0, Factory.forProtocol(Leaver), interface="127.0.0.1")
    there = HostnameEndpoint(reactor, "127.0.0.1", listening.getHost().port)
    secure = wrapClientTLS(optionsForClientTLS("localhost"), there)
    exchange = await Dialer(reactor, secure, "ipps:").dial(lambda: Exchange(reactor, 20))
    exchange.begin("/", "printer", {}, b"head", None)
    exchange.write(b"%!PS")
    with pytest.raises(PrinterLost):
        await exchange.answer
    assert exchange.sent == 0
    await listening.stopListening()
