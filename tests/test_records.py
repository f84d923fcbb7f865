"""
Where TLS records end, whatever pieces they come in.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from jetdirect.ftp.records import RecordBoundaries


def record(body: bytes) -> bytes:
    """A record of TLS 1.2."""
    return b"\x17\x03\x03" + len(body).to_bytes(2, "big") + body


@given(st.lists(st.binary(max_size=20), max_size=4), st.data())
def test_boundaries(bodies: list[bytes], data: st.DataObject) -> None:
    """Only at the end of a record is everything made of whole ones, however it was split."""
    ends, stream = {0}, b""
    for body in bodies:
        stream += record(body)
        ends.add(len(stream))
    boundaries, at = RecordBoundaries(), 0
    while at < len(stream):
        step = data.draw(st.integers(1, len(stream) - at))
        boundaries.feed(stream[at : at + step])
        at += step
        assert boundaries.between is (at in ends)
