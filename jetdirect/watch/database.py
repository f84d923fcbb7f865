"""
The history's file: a database of SQLite (WAL, synchronous FULL), which other programs may read.

Every method may sleep: none is called in the reactor's thread once that runs, and one at a time.  A
file that is damaged is put aside, and a new one begun.
"""

from __future__ import annotations

import os
import re
import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import astuple
from functools import cache
from itertools import chain
from operator import itemgetter
from typing import Any, TypeVar

from ..errors import HistoryUnfit
from ..record import JobEvent, JobRecord, JobState, Sum
from ..wanted import Wanted
from .retention import Retention

VERSION = 1
"""The version of the tables; it grows when an older program could misunderstand them."""

APPLICATION = 0x4A444831
"""C{application_id} of SQLite's header: the letters JDH1."""

PRIVATE = 0o600
"""Names are personal: nobody but the gateway's own user reads them."""

BUSY = 5.0
"""Seconds that another program may keep the file to itself (chosen)."""

CHECKED = 64 << 20
"""A file of so many bytes at most is read whole at the start, to see whether it is sound (0.3 s,
measured with 100,000 jobs; chosen)."""

AT_A_TIME = 1000
"""Jobs that are deleted in one turn, between which questions are answered (chosen)."""

TOGETHER = (64, 8, 1)
"""Jobs that one statement writes.  A thread lets go of the interpreter at each, and waits until the
reactor lets go of it: one for each job cost three times as much as its row (measured; chosen)."""

ALIKE = ("outcome", "reasons", "delivery", "attempts", "reply", "printed", "heard")
"""What is the same for most jobs: told once for each statement.  To bind a value costs as much as a
row of an index does (measured)."""

SELDOM = ("sha256", "size", "pages")
"""What most jobs have none of: that is not told then.  To bind none costs three times as much, as
Python's module looks how it could become something (measured)."""

EVENTS = 100
"""The most events of one job: a printer that refuses it every minute makes no more (chosen)."""

DAY = 86_400.0

_Result = TypeVar("_Result")

_MAGIC = b"SQLite format 3\0"
"""Begins each database (SQLite's file format, section 1.3); one that a crash has emptied has
zeros."""

_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}

_FIELDS = [each for each in JobRecord._fields if each not in ("blocked", "outcome")]
_COLUMNS = ", ".join(f'"{name}"' for name in _FIELDS)

_TABLES = """
CREATE TABLE job (
    number INTEGER PRIMARY KEY, port TEXT COLLATE NOCASE, name TEXT, user TEXT COLLATE NOCASE,
    host TEXT, printer TEXT, bytes INTEGER, state TEXT, reasons TEXT, delivery TEXT,
    attempts INTEGER, created REAL, started REAL, completed REAL, seconds REAL, reply INTEGER,
    printed TEXT, reason TEXT, heard INTEGER, sha256 TEXT, size INTEGER, sent INTEGER,
    pages INTEGER);
CREATE INDEX job_port ON job (port, number);
CREATE INDEX job_user ON job (user, number);
CREATE INDEX job_host ON job (host, number);
CREATE INDEX job_state ON job (state, number) WHERE state <> 'completed';
CREATE INDEX job_created ON job (created);
CREATE INDEX job_completed ON job (completed);
CREATE TABLE event (number INTEGER, time REAL, what TEXT, by TEXT, text TEXT, bytes INTEGER);
CREATE INDEX event_number ON event (number, time);
CREATE TABLE counter (mark INTEGER);
INSERT INTO counter VALUES (0);
"""

_TEXTS = ("name", "user", "host", "reason")
_ENDED_BEFORE = "SELECT number FROM job WHERE completed < ? AND reason <> 'erased'"
_ERASED = "name = '', user = '', host = '', sha256 = NULL, reason = 'erased'"


class _Damaged(sqlite3.DatabaseError):
    """What SQLite found when it looked."""

    sqlite_errorcode = sqlite3.SQLITE_CORRUPT


class Database:
    """
    One file.

    @ivar putAside: told the name of a damaged file that was put aside; empty: it was gone.
    """

    def __init__(
        self, path: str, putAside: Callable[[str], None] = lambda name: None, own: bool = False
    ) -> None:
        """@param own: nobody else has files in its directory."""
        self.path = path
        self.putAside = putAside
        self._own = own
        self._open: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        self._given = 0

    def prepare(self, numbers: int) -> int:
        """
        See whether the file can be used, and make it if there is none.  It is closed again: the
        process may yet become another one.

        @param numbers: reserve so many.
        @return: the first of them.
        @raise HistoryUnfit: it cannot be.
        """
        try:
            if not self._own:
                _refuseOthers(self.path)
            self._do(self._check)
            return self.reserve(numbers)
        except (OSError, sqlite3.Error) as error:
            why = error.strerror if isinstance(error, OSError) else error
            raise HistoryUnfit(f"{why}; name a file in a directory of the gateway's own") from None
        finally:
            self.close()

    def close(self) -> None:
        """Be done with it; it is opened again when it is needed."""
        database, self._open = self._open, None
        if database is not None:
            database.close()

    # To write

    def write(
        self,
        records: Iterable[JobRecord],
        events: Iterable[JobEvent] = (),
        restored: Iterable[JobRecord] = (),
    ) -> None:
        """
        Keep jobs that have ended, and what happened to jobs: durable when this returns.

        @param restored: these are left as they are if they are known.
        """
        happened = [(*astuple(event), event.by, event.number, EVENTS) for event in events]

        def work(database: sqlite3.Connection) -> None:
            _insert(database, "INSERT OR REPLACE", records)
            _insert(database, "INSERT OR IGNORE", restored)
            database.executemany(
                "INSERT INTO event SELECT ?, ?, ?, ?, ?, ? WHERE ? <> ''"
                " OR (SELECT count(*) FROM event WHERE number = ?) < ?",
                happened,
            )

        self._change(work)

    def erase(self, number: int) -> bool:
        """Leave nothing of a job that could lead to a person.  @return: is it known?"""
        return bool(self._erase("SELECT ?", number))

    def eraseBefore(self, when: float, by: str, now: float) -> int:
        """Do so with all that ended before, and note who wanted it.  @return: how many."""
        return self._erase(_ENDED_BEFORE, when, (now, by))

    def _erase(self, which: str, value: float, note: tuple[float, str] | None = None) -> int:
        def work(database: sqlite3.Connection) -> int:
            database.execute(f"DELETE FROM event WHERE number IN ({which})", (value,))
            if note is not None:
                noted = f"SELECT number, ?, 'erase', ?, '', NULL FROM ({which})"
                database.execute(f"INSERT INTO event {noted}", (*note, value))
            done = database.execute(f"UPDATE job SET {_ERASED} WHERE number IN ({which})", (value,))
            return done.rowcount

        done = self._change(work)
        # The pages as they were before are in the log; nobody is to find names there.
        self._do(lambda database: database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall())
        return done

    def retain(self, retention: Retention, now: float) -> bool:
        """
        Forget what is not to be kept any longer, a thousand jobs at a time.

        @return: there is more of it.
        """
        last = now - retention.days * DAY

        def surplus(database: sqlite3.Connection) -> tuple[int, int]:
            old = "SELECT count(*) FROM (SELECT 1 FROM job WHERE completed < ? LIMIT ?)"
            [many] = _oneRow(database, old, (last, AT_A_TIME))
            [rows] = _oneRow(database, "SELECT count(*) FROM job")
            more = max(rows - retention.rows, 0)
            if _used(database) > retention.bytes:
                more = max(more, rows // 100 + 1)
            return many, min(more, rows, AT_A_TIME)

        old, more = self._do(surplus)
        if not old and not more:
            return False
        self._change(lambda database: _forget(database, "completed", old))
        self._change(lambda database: _forget(database, "number", more - old))
        # A page at each step of the statement, and Python takes but one step of those.
        vacuum = f"PRAGMA incremental_vacuum({AT_A_TIME});"
        self._do(lambda database: database.executescript(vacuum))
        return True

    def reserve(self, count: int) -> int:
        """Take numbers for jobs that nobody has had.  @return: the first of them."""

        def work(database: sqlite3.Connection) -> int:
            mark = max(_mark(database), self._given)
            database.execute("UPDATE counter SET mark = ?", (mark + count,))
            return mark + 1

        first = self._change(work)
        self._given = first + count - 1
        return first

    # To read

    def jobs(self, wanted: Wanted) -> list[JobRecord]:
        """The jobs that are wanted, the newest number first."""
        where, values = _where(wanted)
        query = f"SELECT {_COLUMNS} FROM job{where} ORDER BY number DESC LIMIT ?"
        return [*map(_record, self._rows(query, *values, wanted.limit))]

    def job(self, number: int) -> JobRecord | None:
        """One of them."""
        query = f"SELECT {_COLUMNS} FROM job WHERE number = ?"
        return next(map(_record, self._rows(query, number)), None)

    def events(self, number: int) -> list[JobEvent]:
        """What was noted of a job."""
        query = "SELECT * FROM event WHERE number = ? ORDER BY time, rowid"
        return [JobEvent(*row) for row in self._rows(query, number)]

    def sums(self, wanted: Wanted, skip: int) -> list[Sum]:
        """The jobs that are wanted, counted: the newest day first."""
        where, values = _where(wanted)
        query = (
            "SELECT date(created, 'unixepoch', 'localtime'), user, host, port,"
            " sum(state = ?), sum(iif(state = ?, bytes, 0)), sum(state <> ?), sum(pages)"
            f" FROM job{where} GROUP BY 1, 2, 3, 4 ORDER BY 1 DESC, 2, 3, 4 LIMIT ? OFFSET ?"
        )
        completed = [JobState.COMPLETED.value] * 3
        return [Sum(*row) for row in self._rows(query, *completed, *values, wanted.limit, skip)]

    # Inside

    def _rows(self, query: str, *values: Any) -> list[Any]:
        return self._do(lambda database: database.execute(query, values).fetchall())

    def _change(self, work: Callable[[sqlite3.Connection], _Result]) -> _Result:
        def change(database: sqlite3.Connection) -> _Result:
            database.execute("BEGIN IMMEDIATE")
            try:
                result = work(database)
                database.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):  # some errors have done it already
                    database.execute("ROLLBACK")
                raise
            return result

        return self._do(change)

    def _do(self, work: Callable[[sqlite3.Connection], _Result]) -> _Result:
        # Once more with a new file, if this one is damaged; what somebody has removed, or put
        # another in place of, is written to by nobody else and lost with the process.
        if self._open is not None and self._file != _identity(self.path):
            self._beginAnew()
        try:
            return work(self._connected())
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF not in _DAMAGED:
                raise
        self._beginAnew()
        return work(self._connected())

    def _connected(self) -> sqlite3.Connection:
        if self._open is None:
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE))
            self._file = _identity(self.path)
            self._open = sqlite3.connect(
                self.path, timeout=BUSY, isolation_level=None, check_same_thread=False
            )
            try:
                _prepare(self._open)
            except BaseException:
                self.close()
                raise
        return self._open

    def _check(self, database: sqlite3.Connection) -> None:
        if os.stat(self.path).st_size <= CHECKED:
            [verdict] = _oneRow(database, "PRAGMA quick_check(1)")
            if verdict != "ok":
                raise _Damaged(verdict)

    def _beginAnew(self) -> None:
        mark = 0
        with suppress(sqlite3.Error, ValueError):
            mark = _mark(self._connected())
        self.close()
        aside = ""
        if self._file == _identity(self.path):
            aside = f"{self.path}.damaged-{time.strftime('%Y%m%d-%H%M%S')}"
            for end in ("", "-wal", "-shm"):
                with suppress(FileNotFoundError):
                    os.rename(self.path + end, aside + end)
        self.putAside(aside)
        # No number comes twice, if that can be read yet.
        self._connected().execute("UPDATE counter SET mark = max(mark, ?)", (mark,))


def _identity(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _refuseOthers(path: str) -> None:
    # Only a history is put aside when it is damaged: whatever else has this name is somebody's.
    try:
        with open(path, "rb") as file:
            head = file.read(len(_MAGIC))
    except FileNotFoundError:
        return
    if head.strip(b"\0") and head != _MAGIC:
        raise HistoryUnfit("it is a file of another kind; name another file, or move this one away")


def _prepare(database: sqlite3.Connection) -> None:
    [application] = _oneRow(database, "PRAGMA application_id")
    [version] = _oneRow(database, "PRAGMA user_version")
    [tables] = _oneRow(database, "SELECT count(*) FROM sqlite_schema")
    if tables and application != APPLICATION:
        raise HistoryUnfit("it is a database of another program; name another file")
    if version > VERSION:
        told = f"its schema is {version}, this program knows {VERSION}"
        raise HistoryUnfit(f"{told}: a newer jetdirect has written it; use that, or another file")
    if not tables:
        database.execute("PRAGMA auto_vacuum = INCREMENTAL")
    database.execute("PRAGMA journal_mode = WAL").fetchall()
    database.execute("PRAGMA synchronous = FULL")
    database.execute("PRAGMA secure_delete = ON").fetchall()
    if not tables:
        marks = f"PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {VERSION}"
        database.executescript(f"BEGIN; {marks}; {_TABLES} COMMIT;")


def _mark(database: sqlite3.Connection) -> int:
    query = "SELECT max(mark, (SELECT coalesce(max(number), 0) FROM job)) FROM counter"
    [mark] = _oneRow(database, query)
    return int(mark)


def _used(database: sqlite3.Connection) -> int:
    [pages] = _oneRow(database, "PRAGMA page_count")
    [free] = _oneRow(database, "PRAGMA freelist_count")
    [size] = _oneRow(database, "PRAGMA page_size")
    return int((pages - free) * size)


def _forget(database: sqlite3.Connection, order: str, many: int) -> None:
    # The oldest: by their ends, or by their numbers.
    if many > 0:
        which = f"SELECT number FROM job ORDER BY {order} LIMIT ?"
        database.execute(f"DELETE FROM event WHERE number IN ({which})", (many,))
        database.execute(f"DELETE FROM job WHERE number IN ({which})", (many,))


def _oneRow(database: sqlite3.Connection, query: str, values: Sequence[Any] = ()) -> Any:
    return database.execute(query, values).fetchone()


def _insert(database: sqlite3.Connection, verb: str, records: Iterable[JobRecord]) -> None:
    kinds: dict[Any, list[JobRecord]] = {}
    last: Any = None
    for record in records:
        kind = _kind(record)
        if kind != last:  # as a rule it is the last one's
            last, alike = kind, kind[: len(ALIKE)]
            fields = _OWN if kind == (*alike, *_NONE) else _OWN_AND_SELDOM
            jobs = kinds.setdefault((fields, alike), [])
        jobs.append(record)
    for (fields, alike), jobs in kinds.items():
        outcome, reasons, *others = alike
        told, own, done = [outcome, " ".join(reasons), *others], _of(fields), 0
        for many in TOGETHER:
            while len(jobs) - done >= many:
                values = [*told, *chain.from_iterable(map(own, jobs[done : done + many]))]
                database.execute(_statement(verb, fields, many), values)
                done += many


@cache
def _statement(verb: str, fields: Sequence[str], many: int) -> str:
    columns = ", ".join(f'"{name}"' for name in ("state", *ALIKE[1:], *fields))
    told = ", ".join(f"?{place}" for place in range(1, len(ALIKE) + 1))
    rows = ", ".join([f"({', '.join('?' * len(fields))})"] * many)
    return f"{verb} INTO job ({columns}) SELECT {told}, * FROM (VALUES {rows})"


def _of(fields: Sequence[str]) -> Callable[[JobRecord], tuple[Any, ...]]:
    # A record is a tuple; by their names its fields are slower.
    return itemgetter(*map(JobRecord._fields.index, fields))


_OWN = tuple(name for name in _FIELDS if name not in ("state", *ALIKE, *SELDOM))
_OWN_AND_SELDOM = (*_OWN, *SELDOM)
_kind, _NONE = _of((*ALIKE, *SELDOM)), (None,) * len(SELDOM)


def _record(row: Sequence[Any]) -> JobRecord:
    values = dict(zip(_FIELDS, row, strict=True))
    values["state"] = state = JobState(values["state"])
    values["reasons"] = tuple(values["reasons"].split())
    values["heard"] = bool(values["heard"])
    return JobRecord(**values, blocked=0.0, outcome=state.value)


def _where(wanted: Wanted) -> tuple[str, list[Any]]:
    parts: list[str] = []
    values: list[Any] = []

    def add(part: str, *more: Any) -> None:
        parts.append(part)
        values.extend(more)

    for name in ("port", "state", "user", "host"):
        if value := getattr(wanted, name):
            add(f"{name} = ?", value)
    if wanted.state and wanted.state != JobState.COMPLETED:
        add("state <> 'completed'")  # which is what the index is of: most jobs cost it nothing
    if wanted.since is not None:
        add("created >= ?", wanted.since)
    if wanted.until is not None:
        add("created < ?", wanted.until)
    if wanted.before is not None:
        add("number < ?", wanted.before)
    if "\0" in wanted.q:  # which would end the pattern; no name has it
        add("0")
    elif wanted.q:
        # Upper and lower case are one for it, of ASCII; half as dear as lower() and instr().
        text = re.sub(r"([\\%_])", r"\\\1", wanted.q)
        likes = " OR ".join(f"{name} LIKE ? ESCAPE '\\'" for name in _TEXTS)
        add(f"({likes})", *[f"%{text}%"] * len(_TEXTS))
    return (f" WHERE {' AND '.join(parts)}" if parts else ""), values
