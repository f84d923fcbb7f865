"""
Which gateways live, and which of them prints on which port.

A gateway lives as long as one session of its holds its advisory lock: the server lets go of that
when the session ends, and of no other thing has it to be told.  A gateway that is stopped keeps its
session, and so its ports.  What one prints is written in a row for each port; the row changes only
when its owner gives it up, or is dead.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Collection, Mapping
from contextlib import suppress

import psycopg

from ...errors import SpoolFailed
from ..beat import Asked, Beat, Changed, Silent, Told
from ..record import JobPlace, Kept
from .database import Database, Session, Unusable, lockOf, whatFailed
from .fair import preferred

DEAD = 2.5
"""Seconds for which a gateway must be seen to say nothing, and its lock be free, before another one
prints in its place: more than L{LEASE<jetdirect.spool.shared.LEASE>}, which began before that."""

UNWANTED = 2.0
"""Seconds for which a port waits for the gateway that fits best, before any takes it (chosen)."""

CLEANED = 2.0
"""Seconds between two looks for what is left of gateways that are no more, beside the one when one
has gone: a commit of its may come to its end after that (chosen)."""

WANTED = 8.0
"""Seconds after which nobody does what a person wanted: its gateway says then that it was not done
(L{ANSWERED<jetdirect.spool.shared.ANSWERED>}, which is later)."""

GIVEN_AGAIN = 10_000
"""Transactions that a server may have lost in a crash or a failover, none of which anybody waited
for: 0.6 s of them (three times C{wal_writer_delay}); their numbers are given again (chosen)."""

_BURY = "DELETE FROM gateways WHERE id = %s AND (SELECT pg_try_advisory_xact_lock(%s, %s))"
_CHANGED = """
    SELECT pg_snapshot_xmin(pg_current_snapshot())::text, j.number, j.port, j.state, j.place,
        j.size, j.host, j.received, j.reason, j.outcome, j.intake
    FROM (VALUES (1)) AS one LEFT JOIN jobs AS j ON j.changed >= %s::xid8 AND j.state <> 'tmp'
"""


_NOBODYS_PORTS = """
    UPDATE ports SET owner = NULL, since = clock_timestamp()
    WHERE owner IS NOT NULL AND owner NOT IN (SELECT id FROM gateways)
"""
_NOBODYS_INTAKE = """
    UPDATE jobs SET intake = NULL, changed = pg_current_xact_id()
    WHERE intake IS NOT NULL AND state <> 'tmp' AND intake NOT IN (SELECT id FROM gateways)
"""
_NOBODYS_DRAFTS = """
    WITH lost AS (
        DELETE FROM jobs WHERE state = 'tmp' AND origin NOT IN (SELECT id FROM gateways)
        RETURNING number
    )
    DELETE FROM chunks WHERE number IN (SELECT number FROM lost)
"""
# A gateway that reads late still finds a job for an hour after it was removed.
_LONG_GONE = """
    DELETE FROM jobs WHERE state = 'gone' AND committed < clock_timestamp() - interval '1 hour'
"""
_LONG_ASKED = "DELETE FROM asked WHERE at < clock_timestamp() - interval '1 minute'"


class Member:
    """
    One gateway among others.  All methods may sleep, and are one thread's.

    @ivar me: its number; 0: it has none yet.
    """

    def __init__(self, database: Database, dead: float = DEAD) -> None:
        self.me = 0
        self._database = database
        self._dead = dead
        self._session: Session | None = None
        self._since = ""
        self._watched: dict[int, tuple[object, float]] = {}
        self._silent: dict[int, Silent] = {}
        self._fresh: Mapping[int, frozenset[str]] = {}
        self._best: dict[str, int | None] = {}
        self._served: dict[int, tuple[int, frozenset[str]]] = {}
        self._ports: frozenset[str] | None = None
        self._cleaned = -CLEANED

    def join(self) -> None:
        """
        Live from now on.

        @raise SpoolFailed: there is no database, or an older session still has our lock.
        @raise Unusable: it cannot be a spool.
        """
        try:
            self._join()
        except psycopg.Error as error:
            self.leave()
            raise whatFailed(error) from error

    def _join(self) -> None:
        session = self._session = self._database.connect()
        isNew = not self.me
        if isNew:
            # Durable: after a crash or a failover nobody else gets it.
            row = session.execute("SELECT nextval('ids')").fetchone()
            assert row is not None
            self.me = int(row[0])
        session.execute("SET synchronous_commit = off")
        row = session.execute("SELECT pg_try_advisory_lock(%s, %s)", lockOf(self.me)).fetchone()
        if row is None or not row[0]:
            if isNew:
                self.me = 0  # a database from a backup gives numbers again
            self.leave()
            raise SpoolFailed("the database still has our last session")
        self._ports = None
        self._register(session, frozenset())
        self._watched = {}  # of a server that may be another one now
        self._findLiving(session)
        if self._since:
            # What has changed meanwhile may have numbers that were seen before.
            self._since = str(max(int(self._since) - GIVEN_AGAIN, 0))
        else:
            # Before any jobs are looked at: what changes from here on is told.
            row = session.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text").fetchone()
            assert row is not None
            self._since = row[0]

    def beat(self, told: Told, heard: Collection[int] = ()) -> Beat:
        """
        Say what is to be said, and hear what is new.

        @param heard: jobs whose senders have heard of them.
        @raise SpoolFailed: the session is lost; L{join} again.
        """
        try:
            if self._session is None:
                self.join()
            assert self._session is not None
            return self._beat(self._session, told, heard)
        except (psycopg.Error, Unusable) as error:
            self.leave()
            self._database.forget()
            raise whatFailed(error) from error

    def _beat(self, session: Session, told: Told, heard: Collection[int]) -> Beat:
        self._say(session, told, heard)
        fresh = self._findLiving(session)
        mine, spare = self._own(session, told, fresh)
        return Beat(
            mine,
            spare,
            self._changed(session),
            dict(session.execute("SELECT port, by FROM paused").fetchall()),
            self._asked(session, mine),
            self._answers(session),
            self._silentAt(session),
        )

    def _say(self, session: Session, told: Told, heard: Collection[int]) -> None:
        ports = frozenset(told.ports)
        if ports != self._ports:
            self._register(session, ports)
        elif not session.execute(
            "UPDATE gateways SET seen = clock_timestamp() WHERE id = %s", [self.me]
        ).rowcount:
            self._register(session, ports)  # it was taken for dead
        if told.given:
            session.execute(
                "UPDATE ports SET owner = NULL, since = clock_timestamp()"
                " WHERE owner = %s AND name = ANY(%s)",
                [self.me, list(told.given)],
            )
        if heard:
            session.execute("UPDATE jobs SET heard = true WHERE number = ANY(%s)", [list(heard)])
        for id, answer in told.answers.items():
            session.execute("UPDATE asked SET answer = %s WHERE id = %s", [answer, id])

    def _register(self, session: Session, ports: frozenset[str]) -> None:
        session.execute(
            "INSERT INTO gateways (id, name, ports) VALUES (%s, %s, %s)"
            " ON CONFLICT (id) DO UPDATE"
            " SET seen = clock_timestamp(), ports = excluded.ports, serial = gateways.serial + 1",
            [self.me, f"{socket.gethostname()}, process {os.getpid()}", sorted(ports)],
        )
        session.execute(
            "INSERT INTO ports (name) SELECT unnest(%s::text[]) ON CONFLICT DO NOTHING",
            [sorted(ports)],
        )
        self._ports = ports

    def _findLiving(self, session: Session) -> dict[int, frozenset[str]]:
        """
        Look which gateways there are, and be done with the dead.

        What one has said of itself is not compared with any clock: after a failover it may be old
        though its owner is well.  It counts since when we have seen it unchanged.

        @return: those that are well, each with its ports.
        """
        rows = session.execute("SELECT id, name, serial, seen::text FROM gateways").fetchall()
        now, watched = time.monotonic(), self._watched
        self._watched, self._silent, gone = {}, {}, watched.keys() - {row[0] for row in rows}
        fresh: dict[int, frozenset[str]] = {}
        for id, name, serial, seen in rows:
            was = watched.get(id)
            since = was[1] if was is not None and was[0] == seen else now
            if id != self.me and now - since >= self._dead:
                if session.execute(_BURY, [id, *lockOf(id)]).rowcount:
                    gone.add(id)
                    continue
                self._silent[id] = Silent(name, now - since)
            else:
                fresh[id] = self._portsOf(session, id, serial)
            self._watched[id] = seen, since
        if (ports := bool(gone) or not self._since) or now - self._cleaned >= CLEANED:
            self._cleaned = now
            self._clean(session, ports)
        return fresh

    def _silentAt(self, session: Session) -> dict[str, Silent]:
        if not self._silent:
            return {}
        rows = session.execute(
            "SELECT name, owner FROM ports WHERE owner = ANY(%s)", [list(self._silent)]
        ).fetchall()
        return {name: self._silent[owner] for name, owner in rows}

    def _portsOf(self, session: Session, id: int, serial: int) -> frozenset[str]:
        known = self._served.get(id)
        if known is None or known[0] != serial:
            row = session.execute("SELECT ports FROM gateways WHERE id = %s", [id]).fetchone()
            known = self._served[id] = serial, frozenset(row[0] if row else ())
        return known[1]

    def _clean(self, session: Session, ports: bool) -> None:
        # What is left of gateways that are no more.  Each is a transaction of its own: a gateway
        # that is stopped between two of them must not hold up the others.
        if ports:
            session.execute(_NOBODYS_PORTS)
        session.execute(_NOBODYS_INTAKE)
        session.execute(_NOBODYS_DRAFTS)
        session.execute(_LONG_GONE)
        session.execute(_LONG_ASKED)

    def _own(
        self, session: Session, told: Told, fresh: Mapping[int, frozenset[str]]
    ) -> tuple[frozenset[str], frozenset[str]]:
        rows = session.execute(
            "SELECT name, owner, since < clock_timestamp() - make_interval(secs => %s)"
            " FROM ports WHERE owner = %s OR owner IS NULL",
            [UNWANTED, self.me],
        ).fetchall()
        mine = {name for name, owner, _ in rows if owner is not None}
        if fresh != self._fresh:
            self._fresh, self._best = fresh, {}
        for name, _, _ in rows:
            if name not in self._best:
                self._best[name] = preferred(name, fresh)
        best = self._best
        claimed = [
            name
            for name, owner, unwanted in rows
            if owner is None
            and name not in told.given
            and (best[name] == self.me or (unwanted and self._serves(name, best, fresh)))
        ]
        if claimed:
            taken = session.execute(
                "UPDATE ports SET owner = %s, since = clock_timestamp()"
                " WHERE owner IS NULL AND name = ANY(%s) RETURNING name",
                [self.me, claimed],
            ).fetchall()
            mine |= {name for [name] in taken}
        spare = {name for name in mine if best.get(name) not in (None, self.me)}
        return frozenset(mine), frozenset(spare)

    def _serves(
        self, name: str, best: Mapping[str, int | None], fresh: Mapping[int, object]
    ) -> bool:
        # A port that no gateway has any more has jobs yet, which may be moved.
        return name in (self._ports or ()) or (best[name] is None and self.me == min(fresh))

    def _changed(self, session: Session) -> list[Changed]:
        found = []
        for row in session.execute(_CHANGED, [self._since]).fetchall():
            self._since = row[0]
            if row[1] is not None:
                _, number, port, state, place, *more, reason, outcome, intake = row
                where = None if state in ("gone", "corrupt") else JobPlace(state)
                kept = Kept(place, number, *more)
                found.append(Changed(port, kept, where, reason, outcome, intake is not None))
        return found

    def _asked(self, session: Session, mine: Collection[str]) -> list[Asked]:
        rows = session.execute(
            "UPDATE asked SET begun = true WHERE NOT begun AND port = ANY(%s)"
            " AND at > clock_timestamp() - make_interval(secs => %s)"
            " RETURNING id, port, verb, number, target, by",
            [list(mine), WANTED],
        ).fetchall()
        return [Asked(*row) for row in rows]

    def _answers(self, session: Session) -> dict[int, str]:
        rows = session.execute(
            "DELETE FROM asked WHERE asker = %s AND answer IS NOT NULL RETURNING id, answer",
            [self.me],
        ).fetchall()
        return dict(rows)

    def probe(self) -> None:
        """
        Does it live, and can a transaction be written?

        @raise SpoolFailed: no.
        """
        if self._session is None:
            self.join()
        assert self._session is not None
        try:
            self._session.execute("SET synchronous_commit = on")
            self._register(self._session, self._ports or frozenset())
            self._session.execute("SET synchronous_commit = off")
        except psycopg.Error as error:
            self.leave()
            raise whatFailed(error) from error

    def leave(self) -> None:
        """Live no more; the server lets go of the lock."""
        session, self._session = self._session, None
        if session is not None:
            with suppress(psycopg.Error):
                session.close()

    def retire(self) -> None:
        """Likewise, and others need not wait to be sure of it."""
        if self._session is not None:
            with suppress(psycopg.Error):
                self._session.execute("DELETE FROM gateways WHERE id = %s", [self.me])
        self.leave()
