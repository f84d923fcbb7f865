"""
C{ipp:}: a printer that speaks as much of IPP (RFC 8010, RFC 8011) over HTTP as one job needs.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from laboratory.printers.faults import stream
from laboratory.printers.stands.stand import Kind
from laboratory.printers.stands.tcp import RECEIVE_BUFFER, TCPStand
from laboratory.printers.stands.within import Within
from tests.support.caller import Caller
from tests.support.rawprinter import RawPrinter

#: Operations (RFC 8011, section 5.4.15).
CREATE_JOB, SEND_DOCUMENT, CANCEL_JOB, GET_JOB, GET_PRINTER = 5, 6, 8, 9, 11

#: server-error-busy (RFC 8011, appendix B.1.5.8).
BUSY = 0x0507

#: Tags of values (RFC 8010, section 3.5.2).
INTEGER, ENUM = 0x21, 0x23

_JOB = [(INTEGER, "job-id", 1)]
_OPERATIONS = [CREATE_JOB, SEND_DOCUMENT, CANCEL_JOB, GET_JOB, GET_PRINTER]
_ANSWERS: dict[int, Sequence[tuple[int, str, int]]] = {
    # Idle; and what it can do: further values of an attribute have no name.
    GET_PRINTER: [
        (ENUM, "printer-state", 3),
        *[(ENUM, "" if n else "operations-supported", op) for n, op in enumerate(_OPERATIONS)],
    ],
    CREATE_JOB: _JOB,
    SEND_DOCUMENT: _JOB,
    GET_JOB: [(ENUM, "job-state", 9)],  # completed
    CANCEL_JOB: [],
}


class Incoming:
    """
    One POST, as it comes.

    @ivar whole: whether its content has come to its end.
    """

    def __init__(self, caller: Caller) -> None:
        self.whole = False
        self._caller = caller
        self._rest = b""
        head = []
        while line := self._line():
            head.append(line.lower())
        self._chunked = b"transfer-encoding: chunked" in head
        lengths = [line.split()[1] for line in head if line.startswith(b"content-length:")]
        self._left = int(lengths[0]) if lengths else 0

    def operation(self) -> tuple[int, bytes]:
        """
        Read the IPP request up to its document.

        @return: the operation, and the number of the request.
        """
        _, operation, number = struct.unpack(">HH4s", self._octets(8))
        while (tag := self._octets(1)) != b"\3":
            if tag >= b"\x10":
                for _ in "name", "value":
                    self._octets(int.from_bytes(self._octets(2), "big"))
        return operation, number

    def content(self, limit: int) -> bytes:
        """
        Some of what comes next.

        @return: none at its end, or the connection's.
        """
        if not self._left and self._chunked and not self.whole:
            self._left = int(self._line() or b"0", 16)
            if not self._left:
                self.whole = self._line() == b"" and not self._over
        if not self._left:
            self.whole = self.whole or not self._chunked
            return b""
        piece = self._some(min(limit, self._left))
        self._left -= len(piece)
        if not self._left and self._chunked and piece:
            self._line()
        return piece

    _over = False

    def _some(self, limit: int) -> bytes:
        if not self._rest:
            self._rest = self._caller.read()
            self._over = not self._rest
        piece, self._rest = self._rest[:limit], self._rest[limit:]
        return piece

    def _line(self) -> bytes:
        # Without its end; what the connection's end has cut off is none.
        line = b""
        while not line.endswith(b"\r\n"):
            if not (octet := self._some(1)):
                return b""
            line += octet
        return line[:-2]

    def _octets(self, count: int) -> bytes:
        octets = b""
        while len(octets) < count:
            if not (piece := self.content(count - len(octets))):
                raise ConnectionError("cut in the middle of a request")
            octets += piece
        return octets


def answer(status: int, number: bytes, attributes: Sequence[tuple[int, str, int]]) -> bytes:
    """
    An answer over HTTP; its attributes are numbers.
    """
    body = struct.pack(">BBH4sB", 1, 1, status, number, 4)
    for tag, name, value in attributes:
        body += struct.pack(">BH", tag, len(name)) + name.encode() + struct.pack(">Hi", 4, value)
    body += b"\3"
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body


class IPPStand(TCPStand):
    """
    A printer that speaks IPP.

    @ivar documents: the documents, as far as they came.
    """

    documents: list[Within]

    def listening(self, host: str) -> RawPrinter:
        self.documents = []
        return RawPrinter(self._answers, host=host, receiveBuffer=RECEIVE_BUFFER)

    def address(self, *options: str) -> str:
        return f"ipp://{self.printer.host}:{self.printer.port}/ipp/print?{'&'.join(options)}"

    def got(self) -> bytes:
        documents = getattr(self, "documents", [])
        return b"".join(bytes(document.data) for document in documents)

    def _answers(self, caller: Caller) -> None:
        incoming = Incoming(caller)
        operation, number = incoming.operation()
        busy = self.fault == "busy" and operation == CREATE_JOB
        if operation == SEND_DOCUMENT:
            document = Within(caller, incoming.content)
            self.documents.append(document)
            stream(self.fault, self.paper)(document)
            if not incoming.whole:
                return
        caller.say(answer(BUSY if busy else 0, number, [] if busy else _ANSWERS[operation]))
        caller.readAll()


IPP = Kind("ipp", IPPStand)
