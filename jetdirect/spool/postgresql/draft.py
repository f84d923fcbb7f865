"""
A job that comes into a database.

What is small comes with its commit, in one transaction.  A longer one comes in rows before that,
which nobody reads until the commit; they are written without waiting for the disk, which the commit
then waits for.
"""

from __future__ import annotations

import hashlib
import threading
import time

import psycopg

from ...errors import SpoolFailed, SpoolSilent, TakenBack
from ..record import JobPlace, SpoolRecord
from .database import Database, Session
from .table import CHUNK, Table, values

ASKED_FOR = 20.0
"""Seconds for which it is asked what has become of a commit that was not answered; after 30 the
sender is told nothing anyway (L{SILENT_AFTER<jetdirect.spool.intake.SILENT_AFTER>})."""

ASKED = 0.5
"""Seconds between two such questions (chosen)."""

_BEGIN = """
    INSERT INTO jobs (number, port, state, place, size, host, received, sha256, reason, outcome,
        record, origin, intake)
    VALUES (%(number)s, %(port)s, 'tmp', 0, 0, '', 0, '', '', '', '', %(me)s, %(me)s)
"""
_WHOLE = """
    WITH chunk AS (
        INSERT INTO chunks SELECT %(number)s, 0, %(data)s
        WHERE %(size)s > 0 AND current_setting('fsync') = 'on'
    )
    INSERT INTO jobs (number, port, state, place, size, host, received, sha256, reason, outcome,
        record, origin, intake)
    SELECT %(number)s, %(port)s, %(state)s, %(place)s, %(size)s, %(host)s, %(received)s,
        %(sha256)s, %(reason)s, %(outcome)s, %(record)s, %(me)s, %(me)s
    WHERE current_setting('fsync') = 'on'
"""
_REST = """
    WITH chunk AS (
        INSERT INTO chunks SELECT %(number)s, %(part)s, %(data)s WHERE length(%(data)s) > 0
    )
    UPDATE jobs SET state = %(state)s, place = %(place)s, size = %(size)s, host = %(host)s,
        received = %(received)s, sha256 = %(sha256)s, reason = %(reason)s, outcome = %(outcome)s,
        record = %(record)s,
        committed = clock_timestamp(), changed = pg_current_xact_id()
    WHERE number = %(number)s AND state = 'tmp' AND origin = %(me)s
        AND current_setting('fsync') = 'on'
"""
_TAKE_BACK = """
    INSERT INTO jobs (number, port, state, place, size, host, received, sha256, reason, outcome,
        record, origin, intake)
    VALUES (%(number)s, %(port)s, 'gone', 0, 0, '', 0, '', '', '', '', %(me)s, NULL)
    ON CONFLICT (number) DO UPDATE
    SET state = 'gone', intake = NULL, changed = pg_current_xact_id()
    WHERE jobs.state = 'tmp' OR jobs.intake = %(me)s
"""


class Draft:
    """
    It comes.

    @ivar number: its number.
    @ivar size: the bytes written so far.
    """

    def __init__(self, table: Table, database: Database, port: str, number: int) -> None:
        self.number = number
        self.size = 0
        self._table = table
        self._database = database
        self._port = port
        self._hash = hashlib.sha256()
        self._lock = threading.Lock()
        self._over = False
        self._waiting = bytearray()
        self._part = 0

    @property
    def sha256(self) -> str:
        """The hash of the bytes so far, in hexadecimal."""
        return self._hash.hexdigest()

    def write(self, data: bytes) -> None:
        """Append bytes.  @raise SpoolFailed: the job is lost."""
        self._waiting += data
        self._hash.update(data)
        self.size += len(data)
        if len(self._waiting) > CHUNK:
            with self._database.session() as session, session.transaction():
                session.execute("SET LOCAL synchronous_commit = off")
                self._flush(session)

    def _flush(self, session: Session) -> None:
        if not self._part:
            session.execute(_BEGIN, self._words())
        while len(self._waiting) > CHUNK:
            data = bytes(self._waiting[:CHUNK])
            session.execute(
                "INSERT INTO chunks VALUES (%s, %s, %s)", [self.number, self._part, data]
            )
            self._part += 1
            del self._waiting[:CHUNK]

    def commit(self, record: SpoolRecord, to: JobPlace) -> SpoolRecord:
        """
        Keep the job: when this returns it is on the server's stable storage.

        @param record: with its place.
        @raise TakenBack: L{cut} was called in time.
        @raise SpoolFailed: it is not kept.
        @raise SpoolSilent: nobody knows.
        """
        record = record.but(number=self.number, port=self._port, size=self.size, sha256=self.sha256)
        if not self._decide():
            raise TakenBack
        data = bytes(self._waiting)
        words = {**values(record), **self._words(), "state": to.value, "data": data}
        try:
            with self._database.session() as session:
                kept = session.execute(_REST if self._part else _WHOLE, words).rowcount
        except SpoolFailed as error:
            self._takeBack(error)
            raise
        if not kept:
            # Somebody may turn it off while we are there, and no session can keep it on.
            told = "its fsync is off, or it took this gateway for dead and removed the job"
            raise SpoolFailed(f"the database has not kept it: {told}")
        self._table.kept(self.number)
        return record

    def cut(self) -> bool:
        """Decide that the job is not kept; C{False}: too late."""
        return self._decide()

    def discard(self) -> None:
        """Remove what came of a job that was not committed."""
        if not self._part:
            return
        with self._database.session() as session, session.transaction():
            session.execute("DELETE FROM chunks WHERE number = %s", [self.number])
            session.execute("DELETE FROM jobs WHERE number = %s AND state = 'tmp'", [self.number])

    # Inside.

    def _words(self) -> dict[str, object]:
        return {
            "number": self.number,
            "port": self._port.lower(),
            "part": self._part,
            "me": self._table.me,
        }

    def _decide(self) -> bool:
        with self._lock:
            first, self._over = not self._over, True
        return first

    def _takeBack(self, error: SpoolFailed) -> None:
        # The commit may have come to its end all the same, or may yet: a row of the same number
        # waits for it, whichever session it was in, and tells for good.
        if not isinstance(error.__cause__, psycopg.OperationalError):
            return  # the server has refused it
        end = time.monotonic() + ASKED_FOR
        while True:
            try:
                with self._database.session() as session, session.transaction():
                    taken = session.execute(_TAKE_BACK, self._words()).rowcount
                    if taken:
                        session.execute("DELETE FROM chunks WHERE number = %s", [self.number])
                break
            except SpoolFailed:
                if time.monotonic() > end:
                    told = "the database does not say whether the job is kept"
                    raise SpoolSilent(told) from error
                time.sleep(ASKED)
        if not taken:
            raise SpoolSilent("the job is kept, and prints already") from error
