"""
Kept jobs as rows: each step is one transaction, and with its commit it counts.

Every method may sleep: none is called in the reactor's thread.  Several threads may use it, not two
at a time for one job.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from typing import Protocol

from ...errors import PortLost, SpoolFailed
from ..duplicates import WINDOW
from ..record import BadRecord, Found, JobPlace, Kept, Room, SpoolRecord, decode
from .database import Database, Session

CHUNK = 1 << 18
"""Bytes of a row of data: as many as one piece on the way to a printer (chosen)."""

GONE = "gone"
"""The state of a row whose job is no more; it stays for a while for those who follow."""

_NOWHERE = 1 << 62
"""Bytes of room: how much a database's disk has, it does not say."""

_KEPT = [place.value for place in (JobPlace.QUEUE, JobPlace.ACTIVE, JobPlace.HELD, JobPlace.DONE)]
_CLAIM = """
    INSERT INTO ports (name, owner) VALUES (%(port)s, %(me)s)
    ON CONFLICT (name) DO UPDATE SET owner = %(me)s, since = clock_timestamp()
    WHERE ports.owner IS NULL
"""
# Jobs of the same bytes that came lately from the same host, which cannot have heard of them; and
# whether the gateway that took them lives.
_SAME = """
    SELECT number, origin IN (SELECT id FROM gateways) FROM jobs
    WHERE host = %(host)s AND size = %(size)s AND NOT heard AND sha256 = %(sha256)s
        AND port = %(port)s AND state IN ('queue', 'active', 'held', 'done')
        AND committed > clock_timestamp() - make_interval(secs => %(window)s)
        AND number <> %(number)s AND number <> ALL(%(heard)s)
    ORDER BY number
"""
_CHANGE = """
    WITH mine AS (
        SELECT name FROM ports
        WHERE name = (SELECT port FROM jobs WHERE number = %(number)s) AND owner = %(me)s
        FOR SHARE
    )
    UPDATE jobs SET port = %(port)s, state = %(state)s, place = %(place)s, host = %(host)s,
        sha256 = %(sha256)s, reason = %(reason)s, outcome = %(outcome)s, record = %(record)s,
        intake = NULL, changed = pg_current_xact_id()
    FROM mine
    WHERE number = %(number)s AND port = mine.name AND state <> 'gone'
"""


class Numbered(Protocol):
    """Has the number of a gateway."""

    @property
    def me(self) -> int: ...


class Table:
    """The kept jobs of all printing ports, as one gateway may change them."""

    def __init__(self, database: Database, member: Numbered, claims: bool) -> None:
        """
        @param member: knows the number of this gateway.
        @param claims: a port that nobody prints on is this gateway's as soon as it is added.
        """
        self._claims = claims
        self._member = member
        self._database = database
        self._own: set[int] = set()

    @property
    def me(self) -> int:
        """The number of this gateway."""
        return self._member.me

    # Printing ports

    def addPort(self, name: str) -> Found:
        """The jobs of a printing port."""
        port = name.lower()
        with self._database.session() as session:
            if self._claims:
                session.execute(_CLAIM, {"port": port, "me": self.me})
            else:
                session.execute(
                    "INSERT INTO ports (name) VALUES (%s) ON CONFLICT DO NOTHING", [port]
                )
            return self._readJobs(session, port)

    def _readJobs(self, session: Session, port: str) -> Found:
        found = Found()
        with session.cursor() as cursor:
            cursor.execute(
                "SELECT state, place, number, size, host, received FROM jobs"
                " WHERE port = %s AND state = ANY(%s) AND (intake IS NULL OR intake = %s)"
                " ORDER BY place, number",
                [port, _KEPT, self.me],
            )
            for state, *kept in cursor:
                found.jobs.setdefault(JobPlace(state), []).append(Kept(*kept))
        return found

    def portNames(self) -> list[str]:
        """All that have a row."""
        with self._database.session() as session:
            rows = session.execute("SELECT name FROM ports ORDER BY name").fetchall()
        return [row[0] for row in rows]

    # Numbers

    def reserve(self, count: int) -> int:
        """Take so many numbers for jobs; the first of them."""
        with self._database.session() as session, session.transaction():
            # Whole blocks: others take theirs at the same time.
            session.execute("SELECT pg_advisory_xact_lock('jetdirect.numbers'::regclass::bigint)")
            row = session.execute(
                "SELECT setval('numbers', nextval('numbers') + %s)", [count - 1]
            ).fetchone()
        assert row is not None
        return int(row[0]) - count + 1

    def places(self, count: int) -> list[int]:
        """So many places behind all others."""
        with self._database.session() as session:
            rows = session.execute(
                "SELECT nextval('places') FROM generate_series(1, %s)", [count]
            ).fetchall()
        return sorted(row[0] for row in rows)

    # A job is kept

    def record(self, number: int) -> SpoolRecord:
        """
        What is written about a job.

        @raise BadRecord: it cannot be used.
        @raise KeyError: it is not kept.
        """
        with self._database.session() as session:
            row = session.execute(
                "SELECT record, place FROM jobs WHERE number = %s AND state = ANY(%s)",
                [number, _KEPT],
            ).fetchone()
        if row is None:
            raise KeyError(number)
        return decode(row[0].encode()).but(place=row[1])

    def change(self, record: SpoolRecord, place: JobPlace) -> None:
        """
        Write what has become of a job.

        @raise PortLost: another gateway prints where it is.
        @raise KeyError: it is not kept.
        """
        words = {**values(record), "state": place.value, "me": self.me}
        with self._database.session() as session:
            if session.execute(_CHANGE, words).rowcount:
                return
            self._notMine(session, record.number)

    def setAside(self, number: int) -> None:
        """Put a job that cannot be used where it is neither printed nor deleted."""
        self._put(number, JobPlace.CORRUPT.value, data=False)

    def remove(self, number: int) -> None:
        """Forget a job whole."""
        self._put(number, GONE, data=True)
        self._own.discard(number)

    def _put(self, number: int, state: str, data: bool) -> None:
        # The port's gateway may; so may the one that takes the job in, until others know of it.
        with self._database.session() as session, session.transaction():
            done = session.execute(
                "WITH mine AS (SELECT name FROM ports WHERE owner = %(me)s AND"
                " name = (SELECT port FROM jobs WHERE number = %(number)s) FOR SHARE)"
                " UPDATE jobs SET state = %(state)s, intake = NULL,"
                " committed = clock_timestamp(), changed = pg_current_xact_id()"
                " WHERE number = %(number)s AND state <> 'gone'"
                " AND (intake = %(me)s OR port = (SELECT name FROM mine))",
                {"me": self.me, "number": number, "state": state},
            )
            if not done.rowcount:
                self._notMine(session, number)
            if data:
                session.execute("DELETE FROM chunks WHERE number = %s", [number])

    def _notMine(self, session: Session, number: int) -> None:
        row = session.execute(
            "SELECT port FROM jobs WHERE number = %s AND state <> 'gone'", [number]
        ).fetchone()
        if row is None:
            raise KeyError(number)
        raise PortLost(f"another gateway prints on {row[0]} now")

    # Its bytes

    def chunk(self, number: int, part: int) -> bytes:
        """
        Some of the bytes of a job; behind the last ones there are none.

        @raise BadRecord: there are none at all.
        @raise KeyError: it is not kept.
        """
        with self._database.session() as session:
            row = session.execute(
                "SELECT data FROM chunks WHERE number = %s AND part = %s",
                [number, part],
                binary=True,
            ).fetchone()
            if row is None and not part:
                self._checkEmpty(session, number)
        return b"" if row is None else bytes(row[0])

    def _checkEmpty(self, session: Session, number: int) -> None:
        row = session.execute(
            "SELECT size FROM jobs WHERE number = %s AND state <> 'gone'", [number]
        ).fetchone()
        if row is None:
            raise KeyError(number)
        if row[0]:
            raise BadRecord("it has no data")

    def verify(self, number: int) -> None:
        """
        Read a job's bytes whole, and compare them with its record; what this process has kept is
        what it was.

        @raise BadRecord: they are others; the message says what is wrong.
        """
        if number in self._own:
            return
        record, found, size, part = self.record(number), hashlib.sha256(), 0, 0
        while piece := self.chunk(number, part):
            found.update(piece)
            size, part = size + len(piece), part + 1
        if size != record.size:
            raise BadRecord(f"it has {size} bytes, {record.size} were kept")
        if found.hexdigest() != record.sha256:
            raise BadRecord("its bytes are not what was kept: their hash is another one")

    def removeData(self, number: int) -> None:
        """Remove the bytes of a job whose end is recorded."""
        with self._database.session() as session:
            session.execute("DELETE FROM chunks WHERE number = %s", [number])

    def kept(self, number: int) -> None:
        """This process has kept it."""
        self._own.add(number)

    # Hints

    def note(self, number: int, sent: int) -> None:
        """Note how many bytes of a job have left."""
        with self._database.session() as session, session.transaction():
            session.execute("SET LOCAL synchronous_commit = off")
            session.execute("UPDATE jobs SET sent = %s WHERE number = %s", [sent, number])

    def noted(self, number: int) -> int:
        """What was noted last; 0: nothing that can be read now: nobody waits for a hint."""
        try:
            with self._database.session() as session:
                row = session.execute(
                    "SELECT sent FROM jobs WHERE number = %s", [number]
                ).fetchone()
        except SpoolFailed:
            return 0
        return 0 if row is None else int(row[0])

    def wasHeard(self, number: int) -> bool:
        """Has its sender heard of it?"""
        with self._database.session() as session:
            row = session.execute("SELECT heard FROM jobs WHERE number = %s", [number]).fetchone()
        return row is not None and bool(row[0])

    def noteHeard(self, numbers: Collection[int]) -> None:
        """Their senders have heard of them."""
        with self._database.session() as session:
            session.execute("UPDATE jobs SET heard = true WHERE number = ANY(%s)", [list(numbers)])

    def handOver(self, numbers: Collection[int]) -> None:
        """L{ISharedSpool.handOver<jetdirect.interfaces.ISharedSpool.handOver>}."""
        with self._database.session() as session:
            session.execute(
                "UPDATE jobs SET intake = NULL, changed = pg_current_xact_id()"
                " WHERE number = ANY(%s) AND intake = %s",
                [list(numbers), self.me],
            )

    # Duplicates

    def suspects(self, record: SpoolRecord, heard: Collection[int]) -> bool:
        """L{ISharedSpool.suspects<jetdirect.interfaces.ISharedSpool.suspects>}."""
        with self._database.session() as session:
            row = session.execute(f"{_SAME} LIMIT 1", self._same(record, heard)).fetchone()
        return row is not None

    def original(self, record: SpoolRecord, living: bool, heard: Collection[int]) -> int:
        """L{ISharedSpool.original<jetdirect.interfaces.ISharedSpool.original>}."""
        with self._database.session() as session:
            rows = session.execute(_SAME, self._same(record, heard)).fetchall()
            for number, lives in rows:
                if lives and not living:
                    continue
                absorbed = session.execute(
                    "UPDATE jobs SET heard = true WHERE number = %s AND NOT heard", [number]
                )
                if absorbed.rowcount:
                    return int(number)
        return 0

    def _same(self, record: SpoolRecord, heard: Collection[int]) -> dict[str, object]:
        return {**values(record), "heard": list(heard), "window": WINDOW}

    # What a person wants

    def ask(self, port: str, verb: str, number: int, target: str, by: str) -> int:
        """L{ISharedSpool.ask<jetdirect.interfaces.ISharedSpool.ask>}."""
        with self._database.session() as session:
            row = session.execute(
                "INSERT INTO asked (asker, port, verb, number, target, by)"
                " VALUES (%s, %s, %s, %s, %s, %s) RETURNING id",
                [self.me, port, verb, number, target, by],
            ).fetchone()
        assert row is not None
        return int(row[0])

    # The spool as a whole

    def room(self) -> Room:
        """More than anybody sends: the database says when its disk is full."""
        return Room(_NOWHERE, _NOWHERE)

    def paused(self) -> dict[str, str]:
        """The printing ports that were paused, each with the person who did it."""
        with self._database.session() as session:
            rows = session.execute("SELECT port, by FROM paused").fetchall()
        return dict(rows)

    def setPaused(self, before: Mapping[str, str], paused: Mapping[str, str]) -> None:
        """Write what has changed: others pause other ports."""
        gone = [port for port in before if port not in paused]
        with self._database.session() as session, session.transaction():
            session.execute("DELETE FROM paused WHERE port = ANY(%s)", [gone])
            for port, by in paused.items():
                if before.get(port) != by:
                    session.execute(
                        "INSERT INTO paused VALUES (%s, %s)"
                        " ON CONFLICT (port) DO UPDATE SET by = excluded.by",
                        [port, by],
                    )


def values(record: SpoolRecord) -> dict[str, object]:
    """A record as the columns of its row."""
    return {
        "number": record.number,
        "port": record.port.lower(),
        "place": record.place,
        "size": record.size,
        "host": record.host,
        "received": record.received,
        "sha256": record.sha256,
        "reason": record.reason,
        "outcome": record.outcome,
        "record": record.but(place=0).encode().decode("ascii"),
    }
