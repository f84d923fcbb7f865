"""
One POST over HTTP/1.1 and its answer, in bytes.  No I/O.

The framing is h11's.  Ours are the limits of an answer, which h11 leaves to its user, and the last
byte of the content, which is held back: CUPS's library takes a reset between two chunks for the end
of the content, so a content that is cut must be cut within a chunk.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import h11

LONGEST_FRAMING = 16 * 1024
"""Bytes of an answer beside its content: heads, interim ones (1xx) too, sizes of chunks, trailers.
A printer's head has some hundreds.  As many in chunks of one byte take 25 ms to read (measured)."""

LONGEST_CONTENT = 2**20
"""Bytes of its content; what IPP is asked for here has some kilobytes."""

_SLICE = 4096
"""Bytes that are read before the limits are looked at again (chosen)."""

_QUOTED = re.compile(r"[: (]*(?:bytearray\()?b['\"].*", re.DOTALL)
"""What h11 quotes behind its words: all of a bad line, as Python writes it."""

_NOT_READ = {401, 403, 404, 405, 411, 417, 426, 501, 505}
"""Status codes that refuse a request for what its head says (RFC 9110, section 15)."""


class Post:
    """
    A request, its answer, and how far they have come.

    @ivar code: the status code of the answer, or 0.
    @ivar whole: there is no more to come of the answer.  The content of an answer other than 200 is
        not waited for.
    """

    def __init__(self) -> None:
        self.code = 0
        self.content = bytearray()
        self.whole = False
        self._http = h11.Connection(h11.CLIENT, LONGEST_FRAMING)
        self._fields: list[tuple[bytes, bytes]] = []
        self._chunked = False
        self._held = b""
        self._received = 0

    # The request.

    def begin(self, path: str, host: str, headers: Mapping[str, str], size: int | None) -> bytes:
        """
        The head of the request, after which the connection is to be closed.

        @param path: percent-encoded.
        @param host: as in the URI, with its port.
        @param size: bytes of the content; L{None}: not known, so it goes in chunks.
        """
        self._chunked = size is None
        framing = (
            ("Transfer-Encoding", "chunked") if size is None else ("Content-Length", f"{size}")
        )
        said = [("Host", host), ("Connection", "close"), *headers.items(), framing]
        fields = [(name.encode("ascii"), value.encode("latin-1")) for name, value in said]
        return self._http.send(h11.Request(method="POST", target=path, headers=fields)) or b""

    def write(self, content: bytes) -> bytes:
        """
        More of the content.

        @return: what may leave now: all but the last byte.
        @raise ValueError: that is more than was announced.
        """
        try:
            framed = self._held + (self._http.send(h11.Data(data=content)) or b"")
        except h11.LocalProtocolError:
            raise ValueError("more bytes came than were announced") from None
        kept = 3 if self._chunked else 1  # behind it CR LF, which ends the chunk
        self._held = framed[-kept:]
        return framed[:-kept]

    def end(self) -> bytes:
        """
        That was all of the content.

        @return: what was held back, and the end.
        @raise ValueError: that is less than was announced.
        """
        try:
            return self._held + (self._http.send(h11.EndOfMessage()) or b"")
        except h11.LocalProtocolError:
            raise ValueError("fewer bytes came than were announced") from None

    # The answer.

    def receive(self, data: bytes) -> None:
        """
        More of the answer.

        @raise ValueError: it is not HTTP, or too much.
        """
        for at in range(0, len(data), _SLICE):
            if self.whole:
                return
            piece = data[at : at + _SLICE]
            self._received += len(piece)
            self._http.receive_data(piece)
            self._takeContent()

    def close(self) -> None:
        """The connection has ended in order: so has an answer without a length (RFC 9112, 6.3)."""
        if not self.whole:
            self._http.receive_data(b"")
            try:
                self._takeContent()
            except ValueError:
                return  # cut

    def field(self, name: str) -> list[str]:
        """The values of a header field of the answer."""
        wanted = name.lower().encode("ascii")
        return [value.decode("latin-1") for key, value in self._fields if key == wanted]

    @property
    def wantsSize(self) -> bool:
        """Does the server want to know the size of a content beforehand?"""
        # RFC 9112, section 6.1; and HTTP/1.0 knows no chunks: it has not found a content at all.
        old = self.code == 400 and self._http.their_http_version == b"1.0"
        return self._chunked and (old or self.code in (411, 501))

    @property
    def unread(self) -> bool:
        """Was the request refused for what its head says, its content being of no account?"""
        return self.wantsSize or 300 <= self.code < 400 or self.code in _NOT_READ

    def _takeContent(self) -> None:
        for event in self._events():
            if isinstance(event, h11.Response):
                self.code = event.status_code
                self._fields = list(event.headers)
                self.whole = self.code != 200
            elif isinstance(event, h11.Data):
                self.content += event.data
            elif isinstance(event, h11.EndOfMessage):
                self.whole = True
            if self.whole:
                break
        rest = self._http.trailing_data[0]
        behind = len(rest) if self.whole else 0
        if self._received - behind - len(self.content) > LONGEST_FRAMING:
            raise ValueError("its framing has no end")
        if len(self.content) > LONGEST_CONTENT:
            raise ValueError("it has no end")
        # h11 waits for an empty line; a server that speaks something else may never say one.
        if not self.code and not b"HTTP/".startswith(rest[:5]):
            raise ValueError("no HTTP")

    def _events(self) -> Iterator[h11.Event]:
        try:
            # Between events h11 gives classes: NEED_DATA, PAUSED.
            while not isinstance(event := self._http.next_event(), type):
                if isinstance(event, h11.ConnectionClosed):
                    return
                yield event
        except h11.RemoteProtocolError as why:
            raise ValueError(f"no HTTP: {_QUOTED.sub('', str(why))}") from None
