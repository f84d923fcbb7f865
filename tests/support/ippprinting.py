"""
A printer in memory that speaks IPP, a job for it, and all that such a printer does wrong.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from jetdirect.interfaces import (
    IPrinterConnection,
)
from jetdirect.net.facts import Silence
from jetdirect.testing import FakeJob
from jetdirect.transports.ending import FINISH_TIMEOUT
from jetdirect.transports.ipp.client import IPPClient
from jetdirect.transports.ipp.http import LONGEST_CONTENT
from jetdirect.transports.ipp.httpclient import ANSWER_TIMEOUT
from jetdirect.transports.ipp.rfc8010 import (
    TEXT,
    Response,
    response,
)
from jetdirect.transports.ipp.rfc8011 import (
    CREATE_JOB,
    GET_PRINTER,
    VALIDATE_JOB,
)
from jetdirect.transports.ipp.transport import IPPTransport
from tests.support.answers import hear
from tests.support.endpoint import Endpoint, Wire
from tests.support.ippmessages import JOB, NEW, Said, message


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
