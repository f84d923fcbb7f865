"""
Where TLS records end (RFC 8446, section 5.1): an end of the connection elsewhere has cut one.  No
I/O.
"""

from __future__ import annotations

_HEADER = 5  # type, version, version, and two bytes of length


class RecordBoundaries:
    """Feed it what came over the wire."""

    def __init__(self) -> None:
        self._header = b""
        self._missing = 0

    @property
    def between(self) -> bool:
        """Is everything so far made of whole records?"""
        return not self._header and not self._missing

    def feed(self, data: bytes) -> None:
        """Some more bytes, in pieces of any size."""
        at = 0
        while at < len(data):
            if self._missing:
                step = min(self._missing, len(data) - at)
                self._missing -= step
            else:
                step = min(_HEADER - len(self._header), len(data) - at)
                self._header += data[at : at + step]
                if len(self._header) == _HEADER:
                    self._missing = int.from_bytes(self._header[3:], "big")
                    self._header = b""
            at += step
