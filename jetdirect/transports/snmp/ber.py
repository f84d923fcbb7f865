"""
As much of SNMP's Basic Encoding Rules (RFC 1157, section 4; X.690) as one GetRequest and its answer
need.  Pure functions.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

INTEGER, OCTETS, NULL, OBJECT_ID, SEQUENCE = 0x02, 0x04, 0x05, 0x06, 0x30
COUNTER, GET, RESPONSE = 0x41, 0xA0, 0xA2


class Value(NamedTuple):
    """One value: its tag and its content."""

    tag: int
    content: bytes

    def __bytes__(self) -> bytes:
        """As it goes over the wire."""
        size = len(self.content)
        if size < 0x80:
            length = bytes([size])
        else:
            octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
            length = bytes([0x80 | len(octets)]) + octets
        return bytes([self.tag]) + length + self.content

    @property
    def number(self) -> int:
        """
        A number of SNMP's, which has 32 bits (RFC 2578, section 7.1).

        @raise ValueError: it is none.
        """
        if self.tag not in (INTEGER, COUNTER) or not self.content:
            raise ValueError(f"tag {self.tag:#x} is no number")
        number = int.from_bytes(self.content, "big", signed=self.tag == INTEGER)
        lowest, highest = (-(2**31), 2**31) if self.tag == INTEGER else (0, 2**32)
        if not lowest <= number < highest:
            raise ValueError(f"{len(self.content)} octets are no number of 32 bits")
        return number

    @property
    def values(self) -> list[Value]:
        """
        What a constructed value holds.

        @raise ValueError: it is cut or holds something else.
        """
        return list(_valuesIn(self.content))


def whole(data: bytes) -> Value:
    """
    The only value in C{data}.

    @raise ValueError: there is none, or more.
    """
    [value] = _valuesIn(data)
    return value


def _valuesIn(data: bytes) -> Iterator[Value]:
    at = 0
    while at < len(data):
        if len(data) < at + 2:
            raise ValueError("cut behind a tag")
        tag, size = data[at], data[at + 1]
        at += 2
        if size >= 0x80:
            octets = size & 0x7F
            size = int.from_bytes(data[at : at + octets], "big")
            at += octets
        if len(data) < at + size:
            raise ValueError("cut in a value")
        yield Value(tag, data[at : at + size])
        at += size


def integer(number: int) -> Value:
    """A number."""
    return Value(INTEGER, number.to_bytes(number.bit_length() // 8 + 1, "big", signed=True))


def octets(text: bytes) -> Value:
    """A string."""
    return Value(OCTETS, text)


def sequence(*values: Value, tag: int = SEQUENCE) -> Value:
    """Several values in one."""
    return Value(tag, b"".join(map(bytes, values)))


def objectID(dotted: str) -> Value:
    """An object identifier such as C{1.3.6.1}."""
    first, second, *others = map(int, dotted.split("."))
    content = bytearray([first * 40 + second])
    for arc in others:
        septets = [arc & 0x7F]
        while arc := arc >> 7:
            septets.append(0x80 | arc & 0x7F)
        content += bytes(reversed(septets))
    return Value(OBJECT_ID, bytes(content))
