"""
Sessions with a database, for threads; and its errors in the words of a job's.
"""

from __future__ import annotations

import select
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Lock
from typing import Any, TypeAlias

import psycopg
from psycopg.conninfo import conninfo_to_dict

from ...errors import SpoolFailed, SpoolFull
from .schema import SCHEMA, TABLES, VERSION

Session: TypeAlias = "psycopg.Connection[Any]"

SILENT = 4000
"""Milliseconds that sent bytes may go unacknowledged, on both sides: then the server ends a session
whose gateway is gone from the network, and with it its lock (chosen)."""

_OURS = {
    "connect_timeout": 3,
    "keepalives": 1,
    "keepalives_idle": 1,
    "keepalives_interval": 1,
    "keepalives_count": 3,
    "tcp_user_timeout": SILENT,
    "application_name": "jetdirect",
}
"""Settings of libpq, unless the URI says otherwise."""

_THEIRS = {
    "search_path": SCHEMA,
    "tcp_keepalives_idle": "1",
    "tcp_keepalives_interval": "1",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": str(SILENT),
    "idle_in_transaction_session_timeout": "10s",
    "client_encoding": "UTF8",
    "default_transaction_isolation": "read committed",
    # Limits for other programs of the same role: here each would be a job that is refused, or cut.
    "idle_session_timeout": "0",
    "lock_timeout": "0",
    "statement_timeout": "0",
    "transaction_timeout": "0",
}
"""Settings of the server, for each session, as far as it knows them."""

_ENCODINGS = ("UTF8", "SQL_ASCII")
"""Of a database, that can hold what a person is called."""

_UNIQUE = 0x6A657464
"""The first half of all advisory locks here; the second is 0 for the schema, or a gateway."""


_ANOTHERS = f"its schema {SCHEMA} is another program's; name a database of the gateways' own"


class Unusable(ValueError):
    """The database cannot be a spool as it is; the message says why, and what to do."""


class Database:
    """
    Sessions with one database; as many as there are threads that need one at a time.

    Several threads may use it.
    """

    def __init__(self, uri: str) -> None:
        """
        @raise Unusable: it is no URI of a database.
        """
        try:
            self._words: dict[str, Any] = {**_OURS, **conninfo_to_dict(uri)}
        except psycopg.Error:  # its text may quote a password
            remedy = "write postgresql://USER@HOST/DATABASE, with options as libpq has them"
            raise Unusable(f"it is no URI of a database; {remedy}") from None
        self._lock = Lock()
        self._free: list[Session] = []
        self._closed = False

    def connect(self, make: bool = True) -> Session:
        """
        A new session; each statement is a transaction of its own.

        @param make: make the tables, if they are not there; else it is only tried.

        @raise Unusable: what is kept there would not be durable, or not be found again.
        @raise psycopg.Error: there is none.
        """
        session = psycopg.connect(**self._words, autocommit=True)
        try:
            self._prepare(session)
            self._checkTables(session, make)
        except BaseException:
            session.close()
            raise
        return session

    @contextmanager
    def session(self) -> Iterator[Session]:
        """
        A session for a moment.

        @raise SpoolFailed: the database did not do it, or nobody knows.
        @raise SpoolFull: it has no room.
        """
        session = None
        try:
            session = self._living() or self.connect()
            yield session
        except (psycopg.Error, Unusable) as error:
            if session is not None and session.closed:
                self.forget()  # the others are hardly better
            raise whatFailed(error) from error
        finally:
            if session is not None:
                with self._lock:
                    keep = not (self._closed or session.closed)
                    if keep:
                        self._free.append(session)
                if not keep:
                    session.close()

    def warnings(self) -> list[str]:
        """What may be wrong with it, as far as looking on shows it.  @raise psycopg.Error: all."""
        with self.connect(make=False) as session:
            names, commit = session.execute(
                "SELECT current_setting('synchronous_standby_names'),"
                " current_setting('synchronous_commit')"
            ).fetchone() or ("", "")
        if not names:
            why = "the database names no synchronous replica (synchronous_standby_names)"
        elif commit == "local":
            why = "the database does not wait for its replica (synchronous_commit is local)"
        else:
            return []
        return [f"{why}: a failover may lose jobs whose senders were told queued"]

    def forget(self) -> None:
        """The server is gone: no session with it is used again."""
        with self._lock:
            free, self._free = self._free, []
        for each in free:
            with suppress(psycopg.Error):
                each.close()

    def close(self) -> None:
        """Be done with it."""
        with self._lock:
            self._closed = True
        self.forget()

    # Inside.

    def _living(self) -> Session | None:
        # One of which the server has said nothing since: what it says unasked is the end.
        while True:
            with self._lock:
                if not self._free:
                    return None
                session = self._free.pop()
            poll = select.poll()
            poll.register(session.fileno(), select.POLLIN)
            if not poll.poll(0):
                return session
            session.close()

    def _prepare(self, session: Session) -> None:
        session.execute(
            "SELECT set_config(name, value, false)"
            " FROM unnest(%s::text[], %s::text[]) AS ours (name, value)"
            " WHERE current_setting(name, true) IS NOT NULL",
            [[*_THEIRS], [*_THEIRS.values()]],
        )
        found = session.execute(
            "SELECT current_setting('synchronous_commit'), current_setting('fsync'),"
            " pg_is_in_recovery(), current_setting('transaction_read_only'),"
            " current_setting('server_encoding'), pg_backend_pid()"
        ).fetchone()
        commit, sync, replica, readOnly, encoding, pid = found or ("", "", True, "", "", 0)
        if pid != session.info.backend_pid:
            # Locks and settings are a session's; a pooler gives them to its next client.
            raise Unusable("a pooler such as PgBouncer is before it; name the server itself")
        if encoding not in _ENCODINGS:
            remedy = "make one with ENCODING 'UTF8'"
            raise Unusable(f"its encoding is {encoding}, and names may be in any script; {remedy}")
        if commit == "off":
            remedy = "set it to on for this role, or queued would not be true"
            raise Unusable(f"synchronous_commit is off; {remedy}")
        if sync == "off":
            raise Unusable("fsync is off; set it to on, or queued would not be true")
        if replica:
            remedy = "name the primary, or both with target_session_attrs=read-write"
            raise Unusable(f"the server is a replica; {remedy}")
        if readOnly == "on":
            remedy = "reset default_transaction_read_only for this role"
            raise Unusable(f"it may only be read; {remedy}")
        # A reload of the server's file does not change what is promised in this session.
        session.execute("SELECT set_config('synchronous_commit', %s, false)", [commit])

    def _checkTables(self, session: Session, make: bool) -> None:
        if not self._areThere(session):
            self._make(session, make)
            if not make:
                return
        try:
            row = session.execute("SELECT max(version) FROM version").fetchone()
        except (psycopg.errors.UndefinedColumn, psycopg.errors.UndefinedFunction):
            row = None
        if row is None or row[0] is None:
            raise Unusable(_ANOTHERS)
        if row[0] != VERSION:
            told = f"its schema {SCHEMA} is version {row[0]}"
            raise Unusable(f"{told}, this program knows version {VERSION}; use one that knows it")

    def _make(self, session: Session, stay: bool) -> None:
        try:
            with session.transaction(force_rollback=not stay):
                session.execute("SELECT pg_advisory_xact_lock(%s, 0)", [_UNIQUE])
                if self._areThere(session):
                    return
                # Who may not make one may have been given one.
                row = session.execute("SELECT to_regnamespace(%s)", [SCHEMA]).fetchone()
                if row is None or row[0] is None:
                    session.execute(f"CREATE SCHEMA {SCHEMA}")
                session.execute(TABLES)
        except psycopg.errors.InsufficientPrivilege as error:
            remedy = f"make our role the owner of the database, or of a schema {SCHEMA} in it"
            raise Unusable(f"{lineOf(error)}; {remedy}") from None
        except psycopg.errors.DuplicateTable:
            raise Unusable(_ANOTHERS) from None

    @staticmethod
    def _areThere(session: Session) -> bool:
        row = session.execute("SELECT to_regclass('version')").fetchone()
        return row is not None and row[0] is not None


def lockOf(gateway: int) -> tuple[int, int]:
    """The advisory lock that a gateway has while it lives."""
    return _UNIQUE, gateway


def whatFailed(error: psycopg.Error | Unusable) -> SpoolFailed | SpoolFull:
    """An error of the database in the words of a job's."""
    if isinstance(error, psycopg.errors.DiskFull):
        return SpoolFull("the database's disk is full")
    return SpoolFailed(f"the database failed: {lineOf(error)}")


def lineOf(error: BaseException) -> str:
    """An error in one line; those behind the first say where and how."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
