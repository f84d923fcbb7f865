"""
What is written about a kept job beside its data: C{job.json}.

A record is read by later versions of this program, and by people.  It holds names, so its file is
private; no name of a sender's is ever a file name.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NamedTuple, get_type_hints

VERSION = 1
"""Raised with each value that a record has more or less, or whose meaning changes: an older program
leaves what it does not know."""

BEYOND = 1 << 63
"""Numbers in a record are below that: more is no time, and has no room in a database."""

OUTCOMES = ("", "completed", "canceled", "aborted")
"""How a job may have ended (RFC 8011, section 5.3.7); the first: it has not."""

ERASED = "erased"
"""The reason of a job whose names were removed."""


class JobPlace(Enum):
    """Where a job in a spool is: in one of the directories of its printing port, as files."""

    COMING = "tmp"
    QUEUE = "queue"
    ACTIVE = "active"
    HELD = "held"
    DONE = "done"
    CORRUPT = "corrupt"


class Kept(NamedTuple):
    """A kept job, as far as its queue needs to know it; its L{SpoolRecord} has the rest."""

    place: int
    """Jobs print in the order of their places."""

    number: int
    size: int
    """Bytes of its data."""

    host: str = ""
    """The sender's address."""

    received: float = 0.0
    """When it came, in seconds since the epoch; 0: that is not known."""


@dataclass
class Found:
    """
    What was found of one printing port when the spool was opened.

    @ivar jobs: all that are kept, by where they are, in the order of their places.
    @ivar complaints: what is wrong with what else is there, one sentence each.
    """

    jobs: dict[JobPlace, list[Kept]] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)


class Room(NamedTuple):
    """What a spool can still take, in bytes."""

    free: int
    total: int


class BadRecord(ValueError):
    """
    A record that cannot be used.

    Its job is never printed and never deleted.
    """


class NewerRecord(BadRecord):
    """
    One that a newer program has written.

    Its job stays where it is, for that program.
    """


class SpoolRecord(NamedTuple):
    """
    A kept job.

    @ivar number: never given twice in the life of a spool.
    @ivar place: jobs print in the order of their places; it is taken when the commit begins.
    @ivar port: the printing port's name, as the operator writes it.
    @ivar uri: where that port printed when the job came; without secrets.
    @ivar name: what the sender calls it: printable.
    @ivar user: the name given at login: printable.
    @ivar host: the sender's address.
    @ivar size: bytes of C{data}.
    @ivar sha256: of C{data}, in hexadecimal.
    @ivar received: when its first byte was awaited, in seconds since the epoch.
    @ivar committed: when its commit began, or a person last released or moved it, likewise: it
        expires so many seconds after that.
    @ivar attempts: how often printing was begun, without those that sent nothing.
    @ivar started: when that was last, likewise; L{None}: never.
    @ivar ended: when it ended, likewise; L{None}: it has not.
    @ivar outcome: one of L{OUTCOMES}.
    @ivar delivery: the level that was reached, or C{""}.
    @ivar reason: why it is held, or ended as it did.
    @ivar sent: bytes of it that are known to have left in its last attempt.
    @ivar heard: C{False}: its sender cannot have heard of the commit; L{None}: nothing is known.
    @ivar reprintOf: the number of the job whose data it prints again; 0: it is none.
    @ivar by: the operator whose verb changed it last; empty: no person has.
    """

    number: int
    port: str
    name: str
    user: str
    host: str
    received: float
    place: int = 0
    uri: str = ""
    size: int = 0
    sha256: str = ""
    committed: float = 0.0
    attempts: int = 0
    started: float | None = None
    ended: float | None = None
    outcome: str = ""
    delivery: str = ""
    reason: str = ""
    sent: int = 0
    heard: bool | None = None
    reprintOf: int = 0
    by: str = ""

    def but(self, **changes: Any) -> SpoolRecord:
        """The same record with some values changed."""
        return self._replace(**changes)

    @property
    def erased(self) -> bool:
        """Has an operator removed its bytes and names?"""
        return bool(self.outcome) and not self.sha256

    def encode(self) -> bytes:
        """As it stands in the file: JSON, one value a line, so that a person can read it."""
        values = {"version": VERSION, **self._asdict()}
        # Not with C{indent}: that is a fifth as fast, and holds the interpreter meanwhile.
        text = _ENCODER.encode(values)
        return f"{{\n {text[1:-1]}\n}}\n".encode("ascii")


_ENCODER = json.JSONEncoder(separators=(",\n ", ": "))

_KINDS: Mapping[object, tuple[type, ...]] = {
    int: (int,),
    float: (int, float),
    str: (str,),
    float | None: (int, float, type(None)),
    bool | None: (bool, type(None)),
}
_FIELDS = {name: _KINDS[kind] for name, kind in get_type_hints(SpoolRecord).items()}


def decode(data: bytes) -> SpoolRecord:
    """
    Read a record.

    @raise BadRecord: it is none; the message says what is wrong with it.
    """
    values = _values(data)
    for name, value in values.items():
        kinds = _FIELDS.get(name)
        if kinds is None:
            raise BadRecord(f"it has a value {name!r} that this program does not know")
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            raise BadRecord(f"its {name} is {value!r}")
        least = -BEYOND if name == "place" else 0
        if isinstance(value, (int, float)) and not least <= value < BEYOND:
            raise BadRecord(f"its {name} is {value!r}")
    if values.get("outcome", "") not in OUTCOMES:
        raise BadRecord(f"its outcome is {values['outcome']!r}")
    try:
        return SpoolRecord(**values)
    except TypeError:
        needed = [name for name in _FIELDS if name not in values]
        raise BadRecord(f"it lacks {needed[0]}") from None


def glance(data: bytes) -> Kept:
    """
    What a queue needs of each of a hundred thousand jobs at the start.

    @raise BadRecord: it is not even that.
    """
    values = _values(data)
    place, number, size = values.get("place"), values.get("number"), values.get("size")
    if type(place) is int and type(number) is int and type(size) is int:
        host, received = sys.intern(str(values.get("host", ""))), values.get("received")
        if not isinstance(received, int | float) or not 0 <= received < BEYOND:
            received = 0.0  # the whole record is found wanting when the job's turn comes
        return Kept(place, number, size, host, received)
    decode(data)
    raise BadRecord("it lacks its place, its number or its size")


def _values(data: bytes) -> dict[str, Any]:
    try:
        values = json.loads(data)
    except ValueError:  # which a wrong encoding is, too
        raise BadRecord("it is no JSON") from None
    if not isinstance(values, dict):
        raise BadRecord("it is no JSON object")
    version = values.pop("version", None)
    if type(version) is int and version > VERSION:
        told = f"its version is {version}, this program knows version {VERSION}"
        raise NewerRecord(f"{told}: a newer jetdirect has written it")
    if version != VERSION or isinstance(version, bool):
        raise BadRecord(f"its version is {version!r}, this program knows version {VERSION}")
    return values
