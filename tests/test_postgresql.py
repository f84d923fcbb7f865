"""
A spool in a database keeps the rules of a spool, and says in a sentence which database is refused.

A real server, Debian's, which the tests start.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from twisted.logger import capturedLogs, formatEvent
from zope.interface.verify import verifyObject

from jetdirect.errors import PortLost, SpoolFailed, SpoolSilent
from jetdirect.interfaces import ISharedSpool, ISpool
from jetdirect.spool.beat import Told
from jetdirect.spool.postgresql.opening import lookAtDatabase, openDatabase
from jetdirect.spool.record import JobPlace
from jetdirect.testing.rules import hear
from jetdirect.testing.spoolcontract import RECORD, RULES, Rule, TestedSpool
from tests.support.peer import PATIENCE
from tests.support.postgresql import PostgreSQL
from tests.support.started import freePort
from tests.support.threaded import ThreadedReactor

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server() -> Iterator[PostgreSQL]:
    """A server for all of them; each test has a database."""
    with PostgreSQL() as server:
        yield server


class TestedDatabase(TestedSpool):
    """The spool of a gateway that others take for dead as soon as it is."""

    def __init__(self, server: PostgreSQL) -> None:
        from jetdirect.spool.postgresql.spool import PostgreSQLSpool

        self._make = PostgreSQLSpool
        self._uri = server.fresh()
        self._reactor = ThreadedReactor()
        super().__init__(self._start())

    def turn(self) -> None:
        self._reactor.turn()

    def _start(self) -> ISpool:
        spool = self._make(self._uri, self._reactor, dead=0, alone=True)
        joined = hear(spool.join())
        while not joined:
            self.turn()
        assert joined == [None], joined
        return spool

    def restart(self) -> ISpool:
        # Its sessions end as those of a process that is killed.
        self._kill()
        return self._start()

    def _kill(self) -> None:
        spool: Any = self.spool
        spool._member.leave()
        spool._database.close()

    def fail(self) -> bool:
        spool: Any = self.spool
        spool._database._words["port"] = "1"
        spool._database.forget()
        return True


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_contract(server: PostgreSQL, rule: Rule, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each rule of a spool."""
    monkeypatch.setattr("jetdirect.spool.postgresql.draft.ASKED_FOR", 0.1)
    tested = TestedDatabase(server)
    assert verifyObject(ISharedSpool, tested.spool)
    rule(tested)


def settled(answer: Any, reactor: ThreadedReactor) -> Any:
    """What a Deferred fires with."""
    told = hear(answer)
    while not told:
        reactor.turn()
    return told[0]


def test_notDurable(server: PostgreSQL) -> None:
    """A database that would lose what it has is refused by the setting's name."""
    uri = server.fresh()
    server.sql("ALTER ROLE jetdirect SET synchronous_commit = off")
    try:
        with pytest.raises(ValueError, match="synchronous_commit is off; set it to on"):
            openDatabase(uri, ThreadedReactor())
        wrong, _ = lookAtDatabase(uri)
        assert wrong == [
            "synchronous_commit is off; set it to on for this role, or queued would not be true"
        ]
    finally:
        server.sql("ALTER ROLE jetdirect RESET synchronous_commit")


def test_notDurableLater(server: PostgreSQL) -> None:
    """What the server's file says later changes nothing for a session, and new ones are refused."""
    from jetdirect.spool.postgresql.database import Database

    def of(session: Any) -> object:
        return session.execute("SHOW synchronous_commit").fetchone()[0]

    database = Database(server.fresh())
    with database.connect() as session:
        server.sql("ALTER SYSTEM SET synchronous_commit = off")
        try:
            server.sql("SELECT pg_reload_conf()")
            server.until("SHOW synchronous_commit", "off")
            assert of(session) == "on"
            with pytest.raises(ValueError, match="synchronous_commit is off"):
                database.connect()
        finally:
            server.sql("ALTER SYSTEM RESET synchronous_commit")
            server.sql("SELECT pg_reload_conf()")
            server.until("SHOW synchronous_commit", "on")


def test_check(server: PostgreSQL) -> None:
    """Looking on makes nothing, and says that a failover may lose jobs."""
    uri = server.fresh()
    wrong, notSo = lookAtDatabase(uri)
    assert wrong == [] and "synchronous_standby_names" in notSo[0]
    assert server.sql("SELECT to_regnamespace('jetdirect')") == ""
    server.sql("ALTER ROLE jetdirect SET synchronous_commit = local")
    server.sql("ALTER SYSTEM SET synchronous_standby_names = '*'")
    try:
        server.sql("SELECT pg_reload_conf()")
        server.until("SHOW synchronous_standby_names", "*")
        wrong, notSo = lookAtDatabase(uri)
        assert wrong == [] and "synchronous_commit is local" in notSo[0]
    finally:
        server.sql("ALTER SYSTEM RESET synchronous_standby_names")
        server.sql("SELECT pg_reload_conf()")
        server.sql("ALTER ROLE jetdirect RESET synchronous_commit")
        server.until("SHOW synchronous_standby_names", "")
    wrong, _ = lookAtDatabase(uri.replace("/postgres", "/nothing"))
    assert len(wrong) == 1


def test_newerTables(server: PostgreSQL) -> None:
    """Tables of a newer version are not touched."""
    uri = server.fresh()
    openDatabase(uri, ThreadedReactor())
    server.sql("UPDATE jetdirect.version SET version = 99")
    with pytest.raises(ValueError, match="is version 99, this program knows version 1"):
        openDatabase(uri, ThreadedReactor())


def test_notThere(server: PostgreSQL) -> None:
    """A database that does not answer now is no reason not to start."""
    with capturedLogs() as logs:
        openDatabase(f"postgresql://anna:s3cret@127.0.0.1:{freePort()}/print", ThreadedReactor())
    [told] = [formatEvent(each) for each in logs]
    assert "no job is taken or printed until it answers" in told and "s3cret" not in told


def test_fenced(server: PostgreSQL) -> None:
    """Who does not print on a port any more can change nothing of its jobs."""
    tested = TestedDatabase(server)
    reactor, spool = tested._reactor, tested.spool
    settled(spool.addPort("lab"), reactor)
    draft = settled(spool.begin("lab", settled(spool.reserve(1), reactor)), reactor)
    record = settled(draft.commit(RECORD, JobPlace.QUEUE), reactor)
    settled(spool.change(record, JobPlace.QUEUE), reactor)
    server.sql("UPDATE jetdirect.ports SET owner = 99")
    for step in (
        spool.change(record, JobPlace.ACTIVE),
        spool.remove(record.number),
        spool.setAside(record.number),
    ):
        assert isinstance(settled(step, reactor), PortLost)
    assert server.sql("SELECT state FROM jetdirect.jobs") == "queue"


def test_lostCommit(server: PostgreSQL) -> None:
    """
    A commit whose answer is lost is asked for, and taken back: the sender is told the truth,
    whether or not it had come to its end.
    """
    tested = TestedDatabase(server)
    reactor, spool = tested._reactor, tested.spool
    settled(spool.addPort("lab"), reactor)
    for fault in ("before", "after"):
        number = settled(spool.reserve(1), reactor)
        draft = settled(spool.begin("lab", number), reactor)
        settled(draft.write(b"a page"), reactor)
        inner = draft._draft
        inner._database = LosingDatabase(inner._database, fault)
        told = settled(draft.commit(RECORD, JobPlace.QUEUE), reactor)
        assert isinstance(told, SpoolFailed) and not isinstance(told, SpoolSilent), told
        assert server.sql(f"SELECT state FROM jetdirect.jobs WHERE number = {number}") == "gone"
        assert server.sql(f"SELECT count(*) FROM jetdirect.chunks WHERE number = {number}") == "0"


def test_numbersGivenAgain(server: PostgreSQL) -> None:
    """
    A server that has lost transactions gives their numbers again; who joins it anew misses nothing.
    """
    tested: Any = TestedDatabase(server)
    reactor, spool = tested._reactor, tested.spool
    member = spool._member
    settled(spool.addPort("lab"), reactor)
    draft = settled(spool.begin("lab", settled(spool.reserve(1), reactor)), reactor)
    record = settled(draft.commit(RECORD, JobPlace.QUEUE), reactor)
    member._since = str(int(server.sql("SELECT pg_current_xact_id()")) + 100)
    member.leave()
    began, beat = time.monotonic(), None
    while beat is None or isinstance(beat, SpoolFailed):  # the lock is not free yet
        assert time.monotonic() - began < PATIENCE, beat
        beat = settled(spool.beat(Told({"lab"})), reactor)
    assert [each.kept.number for each in beat.changed] == [record.number]


class LosingDatabase:
    """Loses its first session before, or after, what was to be done in it."""

    def __init__(self, database: Any, fault: str) -> None:
        self._database = database
        self._fault = fault

    @contextmanager
    def session(self) -> Iterator[Any]:
        import psycopg

        from jetdirect.spool.postgresql.database import whatFailed

        fault, self._fault = self._fault, ""
        with self._database.session() as session:
            lost = psycopg.OperationalError("the connection is lost")
            if fault == "before":
                raise whatFailed(lost) from lost
            yield session
            if fault == "after":
                raise whatFailed(lost) from lost
