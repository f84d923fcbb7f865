"""
A spool without a gateway: what is in it, and what can be mended.

It is looked at as a gateway would at its start, so what that does is done: a job that was coming in
is removed, one that cannot be used is set aside.  Beyond that all bytes are compared with their
hashes.  No job is printed or deleted.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TextIO

from ..text import presentable
from .directory import SpoolDirectory, Taken
from .disk import RealDisk
from .record import BadRecord, Found, JobPlace, SpoolRecord
from .store import Store

STATES = {
    JobPlace.ACTIVE: "processing",
    JobPlace.QUEUE: "pending",
    JobPlace.HELD: "pending-held",
    JobPlace.DONE: "",
}
"""In the words of RFC 8011, section 5.3.7; what has ended says itself how."""

HELD_BY = "jetdirect spool"


def showSpool(path: str, holdAll: bool, out: TextIO) -> bool:
    """
    Write one line for each job, and one for each thing that is wrong.

    @param holdAll: hold all jobs that a gateway would print: of a restored backup nobody knows
        which of them are on paper.
    @return: nothing is wrong.
    @raise ValueError: it cannot be looked at; the message says why, and what to do.
    """
    with opened(path) as store:
        return Shown(store, out).show(holdAll)


@contextmanager
def opened(path: str) -> Iterator[Store]:
    """
    A spool that no gateway has meanwhile.

    @raise ValueError: it cannot be looked at; the message says why, and what to do.
    """
    if not os.path.isdir(f"{path}/ports"):
        raise ValueError("it is no spool of this program: it has no directory 'ports'")
    with _asOwner(path):
        try:
            directory = SpoolDirectory(path)
        except Taken:
            remedy = "ask it (jetdirect jobs), or end it first"
            raise ValueError(f"a gateway has this spool; {remedy}") from None
        try:
            yield Store(RealDisk(directory.path))
        except BrokenPipeError:
            raise  # it is no disk's
        except OSError as error:
            raise ValueError(f"{error.strerror}: {error.filename}; mend the disk first") from None
        finally:
            directory.release()


def interrupted(store: Store, number: int, record: SpoolRecord) -> SpoolRecord:
    """What is to be said of a job that was being printed when the last gateway ended."""
    sent = store.noted(number)
    reason = f"interrupted; at least {sent} of {record.size} bytes sent"
    return record.but(sent=sent, reason=reason, by=HELD_BY)


@contextmanager
def _asOwner(path: str) -> Iterator[None]:
    # What root made here, the gateway could not read.
    owner = os.stat(path)
    if os.geteuid() or not owner.st_uid:
        yield
        return
    os.setegid(owner.st_gid)
    os.seteuid(owner.st_uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


class Shown:
    """The jobs of a spool, a line for each."""

    def __init__(self, store: Store, out: TextIO) -> None:
        self._store = store
        self._out = out
        self._wrong: list[str] = []

    def show(self, holdAll: bool) -> bool:
        """L{showSpool}."""
        self._wrong += self._store.strangers()
        for port in self._store.portNames():
            found = self._store.addPort(port)
            self._wrong += found.complaints
            self._port(port, found, holdAll)
        return self._sayWrong()

    def _sayWrong(self) -> bool:
        for each in self._wrong:
            self._say(each)
        return not self._wrong

    def _port(self, port: str, found: Found, holdAll: bool) -> None:
        counts = [f"{len(found.jobs[place])} {place.value}" for place in STATES]
        self._say(f"{port}: {', '.join(counts)}")
        if aside := self._store.corrupt(port):
            self._say(f"    set aside before, and not printed: {', '.join(aside)} in corrupt")
        for place in STATES:
            for job in found.jobs[place]:
                record = self._checked(job.number, place)
                if record is None:
                    continue
                if holdAll and place in (JobPlace.QUEUE, JobPlace.ACTIVE):
                    record = self._held(record, place)
                    self._show(record, JobPlace.HELD)
                else:
                    self._show(record, place)

    def _checked(self, number: int, place: JobPlace) -> SpoolRecord | None:
        path = os.path.dirname(self._store.dataPath(number))
        try:
            record = self._store.record(number)
            if place is not JobPlace.DONE:
                self._store.verify(number)
        except BadRecord as why:
            self._store.setAside(number)
            self._wrong.append(f"{path} cannot be used: {why}; it is set aside")
            return None
        return record

    def _held(self, record: SpoolRecord, place: JobPlace) -> SpoolRecord:
        if place is JobPlace.ACTIVE:
            record = interrupted(self._store, record.number, record)
        else:
            record = record.but(reason="held by --hold-all", by=HELD_BY)
        self._store.change(record, JobPlace.HELD)
        return record

    def _show(self, record: SpoolRecord, place: JobPlace) -> None:
        state = STATES[place] or record.outcome or "ended"
        when = datetime.fromtimestamp(record.received, UTC)
        words = [f"{record.number:>8}", f"{state:<12}", f"{record.size:>11}"]
        words += [f"{when:%Y-%m-%dT%H:%M:%SZ}", record.host, record.user or "-", record.name]
        if record.reason:
            words.append(f"({record.reason})")
        self._say("  ".join(words))

    def _say(self, line: str) -> None:
        self._out.write(f"{presentable(line)}\n")
