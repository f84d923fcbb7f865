"""
What is in the database, in a schema of its own.

C{changed} is the transaction that wrote a row.  A gateway that follows asks for the rows from the
oldest transaction that was still running when it last asked, so no change is missed, in whichever
order they end.
"""

from __future__ import annotations

SCHEMA = "jetdirect"

VERSION = 1
"""Raised when an older program could misunderstand what is written."""

TABLES = """
CREATE TABLE version (version integer PRIMARY KEY);
INSERT INTO version VALUES (1);

-- Gateways that live; each holds the advisory lock of its number in one session. serial: raised
-- when it has other ports.
CREATE TABLE gateways (
    id bigint PRIMARY KEY,
    name text NOT NULL,
    seen timestamptz NOT NULL DEFAULT clock_timestamp(),
    ports text[] NOT NULL DEFAULT '{}',
    serial integer NOT NULL DEFAULT 0
);

-- Printing ports, in lower case, and which gateway prints there; none: NULL.
CREATE TABLE ports (
    name text PRIMARY KEY,
    owner bigint,
    since timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE INDEX ON ports (owner);

-- Kept jobs. state: tmp, queue, active, held, done, corrupt, gone. place: the order in a queue.
-- record: job.json, but for its place. origin: the gateway that took the job in; intake: the same,
-- until its sender has had the reply. heard: the sender has. sent: bytes that have left, a hint.
CREATE TABLE jobs (
    number bigint PRIMARY KEY,
    port text NOT NULL,
    state text NOT NULL,
    place bigint NOT NULL,
    size bigint NOT NULL,
    host text NOT NULL,
    received double precision NOT NULL,
    sha256 text NOT NULL,
    reason text NOT NULL,
    outcome text NOT NULL,
    record text NOT NULL,
    origin bigint NOT NULL,
    intake bigint,
    heard boolean NOT NULL DEFAULT false,
    sent bigint NOT NULL DEFAULT 0,
    committed timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed xid8 NOT NULL DEFAULT pg_current_xact_id()
);
CREATE INDEX ON jobs (port, place);
CREATE INDEX ON jobs (changed);
CREATE INDEX ON jobs (host, size) WHERE NOT heard;
CREATE INDEX ON jobs (intake) WHERE intake IS NOT NULL;
CREATE INDEX ON jobs (origin) WHERE state = 'tmp';
CREATE INDEX ON jobs (committed) WHERE state = 'gone';

-- The senders' bytes, in order. Not compressed: most are already, and they are read once.
CREATE TABLE chunks (
    number bigint,
    part integer,
    data bytea NOT NULL,
    PRIMARY KEY (number, part)
);
ALTER TABLE chunks ALTER COLUMN data SET STORAGE EXTERNAL;

CREATE TABLE paused (port text PRIMARY KEY, by text NOT NULL);

-- What a person wants of a job that another gateway prints, and its answer.
CREATE TABLE asked (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    asker bigint NOT NULL,
    port text NOT NULL,
    verb text NOT NULL,
    number bigint NOT NULL,
    target text NOT NULL,
    by text NOT NULL,
    begun boolean NOT NULL DEFAULT false,
    answer text,
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE SEQUENCE numbers;
CREATE SEQUENCE places;
CREATE SEQUENCE ids;
"""
