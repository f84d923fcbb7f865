"""
What a gateway and a spool that several share tell each other, several times a second.  No I/O.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from .record import JobPlace, Kept


class Changed(NamedTuple):
    """
    A job that somebody has changed.

    @ivar port: in lower case.
    @ivar place: where it is; L{None}: it is no more.
    @ivar reason: why it is held.
    @ivar outcome: how it ended.
    @ivar awaited: its sender has not had the reply yet, and may take it back.
    """

    port: str
    kept: Kept
    place: JobPlace | None
    reason: str
    outcome: str
    awaited: bool


class Asked(NamedTuple):
    """
    What a person wants of a port that this gateway prints on.

    @ivar id: the number of the question.
    @ivar number: of the job; 0: it is about the port.
    @ivar target: another port.
    """

    id: int
    port: str
    verb: str
    number: int
    target: str
    by: str


class Silent(NamedTuple):
    """
    A gateway that lives and says nothing.

    @ivar name: its machine, and its process.
    @ivar seconds: for how long it has been seen to say nothing.
    """

    name: str
    seconds: float


class Told(NamedTuple):
    """
    What a gateway has to say.

    @ivar ports: the printing ports that it has, in lower case.
    @ivar given: those that it prints on no more.
    @ivar answers: to what it was asked; empty: it is done.
    """

    ports: Collection[str] = ()
    given: Collection[str] = ()
    answers: Mapping[int, str] = {}


class Beat(NamedTuple):
    """
    What it hears.

    @ivar mine: the ports where it prints, and nobody else does.
    @ivar spare: those among them that another one should have.
    @ivar changed: since the last beat, or a little before.
    @ivar paused: ports that wait for a person, each with the person who paused it.
    @ivar answers: to what it has asked.
    @ivar silent: ports whose gateway says nothing: what prints there, and what waits, stands.
    """

    mine: frozenset[str]
    spare: frozenset[str]
    changed: Sequence[Changed]
    paused: Mapping[str, str]
    asked: Sequence[Asked]
    answers: Mapping[int, str]
    silent: Mapping[str, Silent]
