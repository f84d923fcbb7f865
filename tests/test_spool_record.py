"""
What is written about a kept job: nothing is read that could not have been written.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jetdirect.spool.record import (
    OUTCOMES,
    BadRecord,
    Kept,
    NewerRecord,
    SpoolRecord,
    decode,
    glance,
)
from tests.support.spooled import RECORD


@given(
    st.builds(
        SpoolRecord,
        number=st.integers(0, 1 << 60),
        place=st.integers(-(1 << 60), 1 << 60),
        port=st.text(),
        name=st.text(),
        user=st.text(),
        host=st.text(),
        received=st.floats(0, 1e12),
        size=st.integers(0, 1 << 60),
        committed=st.floats(0, 1e12),
        attempts=st.integers(0, 1 << 60),
        started=st.none() | st.floats(0, 1e12),
        ended=st.none() | st.floats(0, 1e12),
        sent=st.integers(0, 1 << 60),
        reprintOf=st.integers(0, 1 << 60),
        heard=st.none() | st.booleans(),
        outcome=st.sampled_from(OUTCOMES),
    )
)
def test_readAgain(record: SpoolRecord) -> None:
    """What was written is read again; a person can read it, too: one value a line, all ASCII."""
    data = record.encode()
    assert decode(data) == record
    assert data.isascii() and b'\n "number": %d,\n' % record.number in data
    assert glance(data) == Kept(
        record.place, record.number, record.size, record.host, record.received
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ((b'"name"', b'"colour"'), "it has a value 'colour' that this program does not know"),
        ((b'"received": 1.0', b'"received": NaN'), "its received is nan"),
        ((b'"received": 1.0', b'"received": -1'), "its received is -1"),
        ((b'"received": 1.0', b'"received": true'), "its received is True"),
        ((b'"received": 1.0', b'"received": 1' + b"0" * 400), "its received is 1000"),
        ((b'"place": 0', b'"place": -1' + b"0" * 20), "its place is -100"),
        ((b'"heard": null', b'"heard": 1'), "its heard is 1"),
        ((b'"outcome": ""', b'"outcome": "printed"'), "its outcome is 'printed'"),
        ((b'"version": 1', b'"version": true'), "its version is True"),
        ((RECORD.encode(), b"[]"), "it is no JSON object"),
        ((b'"user": "anna",', b""), "it lacks user"),
        ((b"\n}", b""), "it is no JSON"),
    ],
)
def test_badValue(change: tuple[bytes, bytes], said: str) -> None:
    """Nor is a record used of which one value is wrong."""
    data = RECORD.encode()
    assert decode(data) == RECORD
    with pytest.raises(BadRecord) as raised:
        decode(data.replace(*change))
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("said", "known"),
    [
        (b"1.0", 1.0),
        (b"7", 7.0),
        (b"NaN", 0.0),
        (b"-1", 0.0),
        (b'"x"', 0.0),
        (b"1e999", 0.0),
        (b"1" + b"0" * 400, 0.0),
    ],
)
def test_whenItCame(said: bytes, known: float) -> None:
    """When a job came is known without reading its record; what is no time does no harm."""
    data = RECORD.encode().replace(b'"received": 1.0', b'"received": ' + said)
    assert glance(data).received == known


@pytest.mark.parametrize("reader", [decode, glance])
def test_newer(reader: Callable[[bytes], object]) -> None:
    """A record of a newer program is told apart from a damaged one: its job waits for that."""
    with pytest.raises(NewerRecord, match="its version is 2, this program knows version 1"):
        reader(RECORD.encode().replace(b'"version": 1', b'"version": 2'))


def test_noGlance() -> None:
    """Nor is a job lined up whose place is no number."""
    with pytest.raises(BadRecord, match="its place is 'x'"):
        glance(RECORD.encode().replace(b'"place": 0', b'"place": "x"'))
