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
from jetdirect.spool.beat import Beat, Told
from jetdirect.spool.postgresql.opening import lookAtDatabase, openDatabase
from jetdirect.spool.record import JobPlace
from jetdirect.testing.rules import hear
from jetdirect.testing.spoolcontract import RECORD, RULES, Rule, TestedSpool
from tests.support.peer import PATIENCE
from tests.support.pgbouncer import PgBouncer
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


def keptJob(spool: Any, reactor: ThreadedReactor) -> Any:
    """The record of a job that waits on the port lab."""
    settled(spool.addPort("lab"), reactor)
    draft = settled(spool.begin("lab", settled(spool.reserve(1), reactor)), reactor)
    return settled(draft.commit(RECORD, JobPlace.QUEUE), reactor)


def databaseOf(uri: str) -> Any:
    """It, without a gateway; psycopg may be missing, and the server is not there then."""
    from jetdirect.spool.postgresql.database import Database

    return Database(uri)


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

    def of(session: Any) -> object:
        return session.execute("SHOW synchronous_commit").fetchone()[0]

    database = databaseOf(server.fresh())
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
    record = keptJob(spool, reactor)
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
    record = keptJob(spool, reactor)
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


def test_othersSettings(server: PostgreSQL) -> None:
    """What an administrator has set for other programs of the role changes nothing here."""
    uri = server.fresh()
    theirs = {
        "client_encoding": "LATIN1",
        "datestyle": "German",
        "default_transaction_isolation": "serializable",
        "idle_session_timeout": "1s",
        "lock_timeout": "1ms",
        "statement_timeout": "1s",
    }
    for name, value in theirs.items():
        server.sql(f"ALTER ROLE jetdirect SET {name} = '{value}'")
    try:
        with databaseOf(uri).connect() as session:
            found = {name: session.execute(f"SHOW {name}").fetchone()[0] for name in theirs}
        tested: Any = TestedDatabase(server)
        beat = settled(tested.spool.beat(Told({"lab"})), tested._reactor)
    finally:
        server.sql("ALTER ROLE jetdirect RESET ALL")
    assert isinstance(beat, Beat), beat
    assert found == {
        "client_encoding": "UTF8",
        "datestyle": "German, DMY",
        "default_transaction_isolation": "read committed",
        "idle_session_timeout": "0",
        "lock_timeout": "0",
        "statement_timeout": "0",
    }


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_encodings(server: PostgreSQL, encoding: str) -> None:
    """Names in any script are kept; a database that cannot is refused."""
    server.sql("DROP DATABASE IF EXISTS other")
    server.sql(f"CREATE DATABASE other ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0")
    if encoding == "LATIN1":
        wrong, _ = lookAtDatabase(server.uri("other"))
        [told] = wrong
        assert "its encoding is LATIN1" in told and "ENCODING 'UTF8'" in told
        return
    reactor = ThreadedReactor()
    spool: Any = openDatabase(server.uri("other"), reactor)
    assert settled(spool.join(), reactor) is None
    assert settled(spool.setPaused({"lab": "祐美"}), reactor) is None
    assert settled(spool.beat(Told({"lab"})), reactor).paused == {"lab": "祐美"}
    settled(spool.close(), reactor)


@pytest.mark.parametrize(
    "table",
    ["jobs (number integer)", "version (text text)", "version (version integer)"],
)
def test_anothersTables(server: PostgreSQL, table: str) -> None:
    """A schema that another program has is not touched, and said to be one."""
    uri = server.fresh()
    server.sql(f"CREATE SCHEMA jetdirect; CREATE TABLE jetdirect.{table}")
    with pytest.raises(ValueError, match="schema jetdirect is another program's; name a"):
        openDatabase(uri, ThreadedReactor())
    assert "another program's" in lookAtDatabase(uri)[0][0]
    assert server.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'jetdirect'") == "1"


def test_poorRole(server: PostgreSQL) -> None:
    """A role that may make no schema is told the remedy; one of its own will do."""
    uri = server.fresh().replace("jetdirect@", "poor@")
    server.sql("DROP ROLE IF EXISTS poor")
    server.sql("CREATE ROLE poor LOGIN")
    with pytest.raises(ValueError, match=r"permission denied.*; make our role the owner"):
        openDatabase(uri, ThreadedReactor())
    assert "permission denied" in lookAtDatabase(uri)[0][0]
    server.sql("CREATE SCHEMA jetdirect AUTHORIZATION poor")
    openDatabase(uri, ThreadedReactor())
    assert server.sql("SELECT version FROM jetdirect.version") == "1"
    server.fresh()


def test_pooler(server: PostgreSQL) -> None:
    """A pooler, which would give our locks and settings to others, is refused."""
    server.fresh()
    with PgBouncer(server) as pooler:
        wrong, _ = lookAtDatabase(server.uri(port=pooler.port))
    assert wrong == ["a pooler such as PgBouncer is before it; name the server itself"]


def test_endedSessions(server: PostgreSQL) -> None:
    """A session that the server has ended meanwhile is not tried: nobody is refused for it."""
    database = databaseOf(server.fresh())
    with database.session() as one, database.session() as other:
        assert one is not other
    server.sql(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE application_name = 'jetdirect'"
    )
    with database.session() as session:
        assert session.execute("SELECT 1").fetchone() == (1,)


def test_fsyncOffLater(server: PostgreSQL) -> None:
    """A server that syncs no more keeps no job, also for those who are there already."""
    tested = TestedDatabase(server)
    reactor, spool = tested._reactor, tested.spool
    settled(spool.addPort("lab"), reactor)
    server.sql("ALTER SYSTEM SET fsync = off")
    try:
        server.sql("SELECT pg_reload_conf()")
        server.until("SHOW fsync", "off")
        for data in (b"a page", b"x" * 300_000):
            draft = settled(spool.begin("lab", settled(spool.reserve(1), reactor)), reactor)
            settled(draft.write(data), reactor)
            told = settled(draft.commit(RECORD, JobPlace.QUEUE), reactor)
            assert isinstance(told, SpoolFailed) and "its fsync is off" in told.reason
        assert server.sql("SELECT count(*) FROM jetdirect.jobs WHERE state <> 'tmp'") == "0"
    finally:
        server.sql("ALTER SYSTEM RESET fsync")
        server.sql("SELECT pg_reload_conf()")
        server.until("SHOW fsync", "on")


def test_askedLongAgo(server: PostgreSQL) -> None:
    """What was wanted, and not done in time, is never done: who wanted it was told so."""
    from jetdirect.spool.postgresql.member import CLEANED

    tested: Any = TestedDatabase(server)
    reactor, spool = tested._reactor, tested.spool
    settled(spool.addPort("lab"), reactor)
    for number in (1, 2):
        settled(spool.ask("lab", "cancel", number, "", "anna"), reactor)
    server.sql("UPDATE jetdirect.asked SET at = at - interval '9 s' WHERE number = 1")
    beat = settled(spool.beat(Told({"lab"})), reactor)
    assert [asked.number for asked in beat.asked] == [2]
    server.sql("UPDATE jetdirect.asked SET at = at - interval '2 min'")
    spool._member._cleaned = -CLEANED
    settled(spool.beat(Told({"lab"})), reactor)
    assert server.sql("SELECT count(*) FROM jetdirect.asked") == "0"


def test_readOnly(server: PostgreSQL) -> None:
    """A database that may only be read is refused before a job comes."""
    uri = server.fresh()
    openDatabase(uri, ThreadedReactor())
    server.sql("ALTER ROLE jetdirect SET default_transaction_read_only = on")
    try:
        assert lookAtDatabase(uri)[0] == [
            "it may only be read; reset default_transaction_read_only for this role"
        ]
    finally:
        server.sql(
            "SET TRANSACTION READ WRITE; ALTER ROLE jetdirect RESET default_transaction_read_only"
        )


def test_heardAtTheEnd(server: PostgreSQL) -> None:
    """Who has heard of its job is known also when the gateway ends before its next beat."""
    tested = TestedDatabase(server)
    reactor, spool = tested._reactor, tested.spool
    record = keptJob(spool, reactor)
    settled(spool.noteHeard(record.number), reactor)
    settled(spool.close(), reactor)
    assert server.sql("SELECT heard FROM jetdirect.jobs") == "t"


def test_hintsAreNotWaitedFor(server: PostgreSQL) -> None:
    """A database that is away when a port is taken over does not leave that half open."""
    tested = TestedDatabase(server)
    tested.fail()
    assert settled(tested.spool.noted(1), tested._reactor) == 0
