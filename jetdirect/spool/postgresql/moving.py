"""
The kept jobs of a directory move into a database, while no gateway has the directory.

A job is written down as moving before it is in the database, and leaves the directory after that;
so a machine that dies meanwhile leaves at most one in both.  The next run finds it there, or holds
it: what is not there was perhaps printed, and forgotten.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TextIO

from ...errors import SpoolFailed, SpoolFull, SpoolSilent
from ..offline import HELD_BY, Shown, interrupted
from ..record import BadRecord, JobPlace, Kept, SpoolRecord
from ..store import PIECE, Store
from .database import Database
from .draft import Draft
from .member import Member
from .table import Table

_MOVES = "it moves into the database, as job {number}"
_MOVED = re.compile(_MOVES.format(number=r"(\d+)"))

INTERRUPTED = "was interrupted; look whether it is printed"

PLACES = (JobPlace.QUEUE, JobPlace.ACTIVE, JobPlace.HELD)


class Moving(Shown):
    """All that waits, prints or is held; what has ended stays."""

    def __init__(self, store: Store, out: TextIO, uri: str) -> None:
        """@raise ValueError: it cannot be used, or does not answer; the message says why."""
        super().__init__(store, out)
        self._database = Database(uri)
        # Alive, as a gateway without a port: else the others would clear away what comes.
        self._member = Member(self._database)
        self._table = Table(self._database, self._member, claims=False)
        self._same = False
        try:
            self._member.join()
        except SpoolFailed as error:
            raise ValueError(error.reason) from None

    def all(self) -> bool:
        """Move them.  @return: nothing is wrong."""
        try:
            return self._all()
        except (SpoolFailed, SpoolFull) as error:
            told = "what was listed is there, the rest is here; do it again"
            raise ValueError(f"{error.reason}; {told}") from None
        finally:
            self._member.retire()
            self._database.close()

    def _all(self) -> bool:
        self._wrong += self._store.strangers()
        lines: dict[str, list[tuple[Kept, JobPlace]]] = {}
        for port in self._store.portNames():
            found = self._store.addPort(port)
            self._wrong += found.complaints
            jobs = [(job, place) for place in PLACES for job in found.jobs[place]]
            lines[port] = sorted(jobs, key=lambda each: each[0])
        self._same = self._numbersAreFree(job.number for jobs in lines.values() for job, _ in jobs)
        paused, there = self._store.paused(), self._table.paused()
        for port, jobs in lines.items():
            if jobs and port in paused.keys() - there.keys():
                self._table.setPaused({}, {port: paused[port]})
                self._say(f"{port}: paused there, too")
            for job, place in jobs:
                record = self._checked(job.number, place)
                if record is not None:
                    self._move(record, place)
        return self._sayWrong()

    def _numbersAreFree(self, numbers: Iterable[int]) -> bool:
        # Senders were told them.  They stay if the fleet has not come to them yet.
        first, lowest = self._table.reserve(1), min(numbers, default=0)
        beyond = self._store.reserve("number", 1)
        return first <= lowest and self._table.reserve(beyond - first) == first + 1

    def _move(self, record: SpoolRecord, place: JobPlace) -> None:
        old, begun = record.number, _MOVED.fullmatch(record.reason)
        if begun is not None and self._isThere(record, int(begun[1])):
            self._store.remove(old)
            return
        number = old if self._same else self._table.reserve(1)
        moved, to = record.but(number=number), place
        if place is JobPlace.ACTIVE:
            moved, to = interrupted(self._store, old, moved), JobPlace.HELD
        elif begun is not None:
            moved = moved.but(reason=f"its move {INTERRUPTED}", by=HELD_BY)
        if number != old:
            was = f"it was job {old}"
            moved = moved.but(reason=f"{moved.reason}; {was}" if moved.reason else was)
        self._store.change(record.but(reason=_MOVES.format(number=number)), JobPlace.HELD)
        try:
            self._keep(old, moved, to)
        except SpoolSilent:
            raise  # nobody knows where it is: the next run looks
        except (SpoolFailed, SpoolFull):
            self._store.change(record, place)  # it is not there, for good
            raise
        self._store.remove(old)
        self._show(moved, to)

    def _isThere(self, record: SpoolRecord, number: int) -> bool:
        try:
            there = self._table.record(number)
        except (BadRecord, KeyError):
            return False
        return (there.size, there.sha256) == (record.size, record.sha256)

    def _keep(self, old: int, record: SpoolRecord, to: JobPlace) -> None:
        self._table.addPort(record.port)
        draft = Draft(self._table, self._database, record.port, record.number)
        reader = self._store.read(old)
        try:
            while piece := reader.read(PIECE):
                draft.write(piece)
        finally:
            reader.close()
        [place] = self._table.places(1)
        draft.commit(record.but(place=place), to)
        if self._store.wasHeard(old):
            self._table.noteHeard([record.number])
        self._table.handOver([record.number])
