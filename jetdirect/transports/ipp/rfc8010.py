"""
IPP messages in bytes (RFC 8010): as many kinds of values as printing needs.  No I/O.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import NamedTuple

OPERATION, JOB, END, PRINTER = 0x01, 0x02, 0x03, 0x04
"""The tags of groups of attributes, and of their end (section 3.5.1)."""

INTEGER, BOOLEAN, ENUM = 0x21, 0x22, 0x23
TEXT, NAME, KEYWORD, URI, CHARSET, LANGUAGE, MIME = 0x41, 0x42, 0x44, 0x45, 0x47, 0x48, 0x49
"""The tags of values (section 3.5.2)."""

_FIRST_VALUE, _FIRST_STRING, _EXTENSION = 0x10, 0x40, 0x7F
_WITH_LANGUAGE = (0x35, 0x36)

Version = tuple[int, int]

VERSION: Version = (1, 1)
"""What every printer since 2000 speaks."""

Item = int | bool | str | bytes
"""A value: what is neither number nor text stays as it is."""


class Attribute(NamedTuple):
    """What a request says; the tag tells which kind of value it is."""

    tag: int
    name: str
    values: Sequence[Item]


class Response(NamedTuple):
    """
    What a printer answers.

    @ivar status: the status code (RFC 8011, appendix B).
    @ivar version: of IPP, in which the printer answers.
    @ivar attributes: of all groups together, the values by name; of several groups of one kind (a
        list of jobs) the last.
    """

    status: int
    attributes: Mapping[str, list[Item]]
    version: Version = VERSION

    @property
    def good(self) -> bool:
        """Was the operation done (appendix B.1.2)?"""
        return self.status < 0x0100

    def number(self, name: str) -> int | None:
        """The first value of an attribute, if it is a number."""
        first = next(iter(self.attributes.get(name, [])), None)
        return first if isinstance(first, int) else None

    def text(self, name: str) -> str:
        """The first value of an attribute, if it is text; else C{""}."""
        first = next(iter(self.attributes.get(name, [])), None)
        return first if isinstance(first, str) else ""

    def words(self, name: str) -> list[str]:
        """The values of an attribute that are text."""
        return [each for each in self.attributes.get(name, []) if isinstance(each, str)]


def request(
    operation: int, number: int, attributes: Sequence[Attribute], version: Version = VERSION
) -> bytes:
    """
    A request, up to where a document may follow.

    @param operation: its code (RFC 8011, section 5.4.15).
    @param attributes: its operation attributes; charset and language come before them.
    """
    every = [
        Attribute(CHARSET, "attributes-charset", ["utf-8"]),
        Attribute(LANGUAGE, "attributes-natural-language", ["en"]),
        *attributes,
    ]
    head = struct.pack(">BBHIB", *version, operation, number, OPERATION)
    return head + b"".join(map(_encoded, every)) + bytes([END])


def _encoded(attribute: Attribute) -> bytes:
    name = attribute.name.encode("ascii")
    pieces = []
    for value in attribute.values:
        content = _content(value)
        sizes = struct.pack(">BH", attribute.tag, len(name)), struct.pack(">H", len(content))
        pieces.append(sizes[0] + name + sizes[1] + content)
        name = b""  # more values of the same attribute have no name
    return b"".join(pieces)


def _content(value: Item) -> bytes:
    if isinstance(value, bool):
        return bytes([value])
    if isinstance(value, int):
        return struct.pack(">i", value)
    return value.encode("utf-8", "replace") if isinstance(value, str) else value


def response(data: bytes, number: int) -> Response:
    """
    What a printer has answered.

    @raise ValueError: it is no answer to request C{number}, or cut.
    """
    if len(data) < 8:
        raise ValueError("no IPP")
    major, minor, status, answered = struct.unpack(">BBHI", data[:8])
    if answered != number:
        raise ValueError(f"an answer to request {answered}")
    attributes: dict[str, list[Item]] = {}
    at, name = 8, ""
    while True:
        tag = _octets(data, at, 1)[0]
        at += 1
        if tag == END:
            return Response(status, attributes, (major, minor))
        if tag < _FIRST_VALUE:
            name = ""
            continue  # another group begins
        size, at = _size(data, at)
        if size:
            name = _octets(data, at, size).decode("ascii", "replace")
            attributes[name] = []
        at += size
        size, at = _size(data, at)
        content = _octets(data, at, size)
        at += size
        if not name:
            raise ValueError("a value without a name")
        attributes[name].append(_item(tag, content))


def _size(data: bytes, at: int) -> tuple[int, int]:
    return int.from_bytes(_octets(data, at, 2), "big"), at + 2


def _octets(data: bytes, at: int, size: int) -> bytes:
    if len(data) < at + size:
        raise ValueError("cut")
    return data[at : at + size]


def _item(tag: int, content: bytes) -> Item:
    if tag == BOOLEAN and len(content) == 1:
        return content != b"\0"
    if tag in (INTEGER, ENUM) and len(content) == 4:
        return int.from_bytes(content, "big", signed=True)
    if tag in _WITH_LANGUAGE:
        size, at = _size(content, 0)
        size, at = _size(content, at + size)
        return _octets(content, at, size).decode("utf-8", "replace")
    if _FIRST_STRING <= tag < _EXTENSION:
        return content.decode("utf-8", "replace")
    return content
