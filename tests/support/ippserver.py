"""
IPP printers as there are in the field, on the standard library's HTTP server.
"""

from __future__ import annotations

import hashlib
import ssl
import struct
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.request import parse_http_list, parse_keqv_list

from tests.support.peer import PATIENCE, Printer

#: Operations and tags (RFC 8011, section 5.4.15; RFC 8010, section 3.5.2).
PRINT_JOB, GET_JOB, GET_PRINTER = 2, 9, 11
INTEGER, ENUM = 0x21, 0x23

_USER, _PASSWORD, _REALM = "bob", "secret", "printer"


class Handler(BaseHTTPRequestHandler):
    """
    One connection.  What a printer of some kind does otherwise is in a L{Kind}.

    @ivar saysLength: its answers say how long they are.
    """

    printer: IPPServer
    protocol_version = "HTTP/1.1"
    timeout = PATIENCE
    saysLength = True

    def do_POST(self) -> None:
        if self.printer.kind(self):
            self.operate()

    def operate(self, version: bytes = b"\1\1") -> None:
        """Do what the request asks for."""
        content = self.content()
        operation, number = struct.unpack(">HI", content[2:8])
        said, status = _ANSWERS.get(operation, []), 0
        if content[:2] != version:
            said, status = [], 0x0503
        elif operation == PRINT_JOB:
            self.printer.printed.append(_document(content))
        self.answer(200, version + struct.pack(">HI", status, number) + _attributes(said))

    def content(self) -> bytes:
        """The whole content of the request."""
        if self.headers["Transfer-Encoding"] != "chunked":
            return self.rfile.read(int(self.headers["Content-Length"]))
        pieces = b""
        while size := int(self.rfile.readline(), 16):
            pieces += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return pieces

    def answer(self, code: int, content: bytes = b"", **fields: str) -> None:
        """Answer, and close."""
        self.send_response(code)
        if self.saysLength:
            self.send_header("Content-Length", str(len(content)))
        for name, value in fields.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Tests look at what is printed."""


#: What a kind of printer does with a request; C{True}: what all do.
Kind = Callable[[Handler], bool]


class IPPServer(Printer):
    """
    One printer.

    @ivar printed: the documents, in the order in which they came.
    """

    host = "127.0.0.1"

    def __init__(self, kind: Kind = lambda _: True, certificate: Path | None = None) -> None:
        """@param certificate: a file with a key, too: it speaks TLS."""
        self.kind = kind
        self._scheme = "ipp" if certificate is None else "ipps"
        self.printed: list[bytes] = []
        self.asked = 0
        made = type("Bound", (Handler,), {"printer": self})
        self._http = ThreadingHTTPServer((self.host, 0), made)
        self.port = self._http.server_address[1]
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._http.socket = context.wrap_socket(
                self._http.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread = threading.Thread(target=self._http.serve_forever, args=[0.01])
        self._thread.start()

    def uri(self, *options: str, login: str = "") -> str:
        """Its device URI."""
        query = "?" + "&".join(options) if options else ""
        return f"{self._scheme}://{login}{self.host}:{self.port}/ipp/print{query}"

    def stop(self) -> None:
        """Switch it off."""
        self._http.shutdown()
        self._thread.join(PATIENCE)
        self._http.server_close()


def _attributes(said: list[tuple[int, str, int]]) -> bytes:
    data = b"\4"
    for tag, name, value in said:
        data += struct.pack(">BH", tag, len(name)) + name.encode() + struct.pack(">Hi", 4, value)
    return data + b"\3"


_ANSWERS = {
    GET_PRINTER: [(ENUM, "printer-state", 3)],
    PRINT_JOB: [(INTEGER, "job-id", 1)],
    GET_JOB: [(ENUM, "job-state", 9)],
}


def _document(content: bytes) -> bytes:
    # Behind the attributes (RFC 8010, section 3.1).
    at = 8
    while (tag := content[at]) != 3:
        at += 1
        if tag >= 0x10:
            for _ in "name", "value":
                at += 2 + int.from_bytes(content[at : at + 2], "big")
    return content[at + 1 :]


# Kinds.


def old(handler: Handler) -> bool:
    """Speaks IPP/1.0 and says so."""
    handler.operate(b"\1\0")
    return False


def endsByClosing(handler: Handler) -> bool:
    """Its answers are HTTP/1.0, and end with the connection (RFC 9112, section 6.3)."""
    handler.protocol_version = "HTTP/1.0"
    handler.saysLength = False
    handler.close_connection = True
    return True


def saysContinue(handler: Handler) -> bool:
    """Says that one may go on, to whoever comes."""
    handler.send_response_only(100)
    handler.end_headers()
    return True


def wantsLength(handler: Handler) -> bool:
    """Knows no chunks, and says so."""
    if "Content-Length" not in handler.headers:
        handler.answer(411)
        return False
    return True


def knowsNoChunks(handler: Handler) -> bool:
    """Is of HTTP/1.0, for which a request without a length is none."""
    if "Content-Length" not in handler.headers:
        handler.protocol_version = "HTTP/1.0"
        handler.answer(400)
        return False
    handler.protocol_version = "HTTP/1.0"
    return True


def busyTwice(handler: Handler) -> bool:
    """Is overloaded for a moment."""
    handler.printer.asked += 1
    if handler.printer.asked <= 2:
        handler.answer(503)
        return False
    return True


def moved(handler: Handler) -> bool:
    """Has another address."""
    handler.answer(301, Location="https://elsewhere.example/ipp")
    return False


def digest(handler: Handler) -> bool:
    """Lets in who knows the password without telling it; an answer to a challenge serves once."""
    said = handler.headers["Authorization"] or ""
    assert not said.startswith("Basic")
    known = parse_keqv_list(parse_http_list(said.removeprefix("Digest ")))
    fresh = f"n{handler.printer.asked}"
    if known.get("nonce") == fresh and known["response"] == _expected(known):
        handler.printer.asked += 1
        return True
    handler.printer.asked += 1
    challenge = f'Digest realm="{_REALM}", nonce="n{handler.printer.asked}", qop="auth"'
    handler.answer(401, WWW_Authenticate=f"{challenge}, algorithm=SHA-256")
    return False


def _expected(known: dict[str, str]) -> str:
    def digested(text: str) -> str:
        return hashlib.sha256(text.encode()).hexdigest()

    secret = digested(f"{_USER}:{_REALM}:{_PASSWORD}")
    what = digested(f"POST:{known['uri']}")
    middle = f"{known['nonce']}:{known['nc']}:{known['cnonce']}:auth"
    return digested(f"{secret}:{middle}:{what}")
