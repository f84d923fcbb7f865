"""
PostgreSQL as Debian has it: a server of our own in a directory of its own, which nobody else sees.

It needs a user that is not root: as root its programs run as C{nobody}.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from tests.support.peer import PATIENCE, Peer, mortal
from tests.support.process import cpuSeconds
from tests.support.started import freePort

_PLACES = ":".join(
    str(each) for each in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
)
_CONFIGURATION = """
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = '{directory}'
logging_collector = off
log_min_messages = warning
max_connections = 200
"""


def binary(name: str) -> str:
    """The whole path of one of its programs; or skip the test that asks."""
    for place in (_PLACES or None, None):
        found = shutil.which(name, path=place)
        if found is not None:
            return found
    pytest.skip(f"{name} is missing: apt-get install postgresql")


class PostgreSQL(Peer):
    """
    A server.

    @ivar port: where it listens on 127.0.0.1.
    """

    def __init__(
        self,
        *settings: str,
        trusted: str = "",
        place: Path | None = None,
        primary: PostgreSQL | None = None,
    ) -> None:
        """
        @param settings: lines of C{postgresql.conf}.
        @param trusted: a network besides this machine from which it may be reached.
        @param place: where its directory is; by default where temporary ones are.
        @param primary: be the replica of this one.
        """
        pytest.importorskip("psycopg", reason="pip install jetdirect[postgresql]")
        self._bin = binary("postgres")
        self._directory = Path(tempfile.mkdtemp(prefix="jd-pg-", dir=place))
        self._user, self._as = unprivileged()
        if self._user is not None:
            os.chown(self._directory, self._user.pw_uid, self._user.pw_gid)
        self.port = freePort()
        self._data = self._directory / "data"
        self._process: subprocess.Popen[bytes] | None = None
        if primary is not None:
            self.follow(primary)
            return
        self._run(
            binary("initdb"),
            *("--no-sync", "--auth=trust", "--username=jetdirect", "--encoding=UTF8"),
            *("--locale=C", "--pgdata", str(self._data)),
        )
        self._configure(*settings)
        if trusted:
            with (self._data / "pg_hba.conf").open("a") as file:
                file.write(f"host all all {trusted} trust\n")
        self.start()

    def _configure(self, *settings: str) -> None:
        # The last line of a setting counts.
        text = _CONFIGURATION.format(port=self.port, directory=self._directory)
        with (self._data / "postgresql.conf").open("a") as file:
            file.write(text + "\n".join(settings) + "\n")

    def follow(self, primary: PostgreSQL) -> None:
        """Begin again as the replica of another one, which streams to it what it commits."""
        self.halt("QUIT")
        shutil.rmtree(self._data, ignore_errors=True)
        self._run(
            binary("pg_basebackup"),
            *("--no-sync", "--checkpoint=fast", "--write-recovery-conf", "--username=jetdirect"),
            *("--host=127.0.0.1", f"--port={primary.port}", "--pgdata", str(self._data)),
        )
        self._configure("wal_retrieve_retry_interval = 200ms")
        self.start()

    def promote(self) -> None:
        """Be a primary from now on."""
        self._run(binary("pg_ctl"), "promote", "--wait", "--pgdata", str(self._data))

    def uri(self, database: str = "postgres", port: int = 0) -> str:
        """Its URI, or that of a proxy before it."""
        return f"postgresql://jetdirect@127.0.0.1:{port or self.port}/{database}"

    @property
    def pid(self) -> int:
        """Of the process that listens."""
        assert self._process is not None
        return self._process.pid

    @property
    def cpuSeconds(self) -> float:
        """The processor time of all that it has started and that runs or has ended."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        ended = sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return ended + sum(cpuSeconds(int(child)) for child in children)

    def start(self) -> None:
        """Let it serve."""
        self._process = subprocess.Popen(
            mortal(*self._as, self._bin, "-D", str(self._data)),
            cwd=self._directory,
            stdin=subprocess.DEVNULL,
            stdout=(self._directory / "log").open("a"),
            stderr=subprocess.STDOUT,
        )
        deadline = time.monotonic() + PATIENCE
        ready = [binary("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        while subprocess.run(ready, check=False).returncode:
            assert self._process.poll() is None and time.monotonic() < deadline, self.log
            time.sleep(0.05)

    def halt(self, signal: str = "INT") -> None:
        """End it: C{INT} quickly, C{QUIT} as in a crash."""
        if self._process is not None:
            subprocess.run(["kill", f"-{signal}", str(self._process.pid)], check=False)
            self._process.wait(PATIENCE)
            self._process = None

    def fresh(self) -> str:
        """Its URI, without what was in it: nobody else uses it."""
        self.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
        self.sql("SET client_min_messages = warning; DROP SCHEMA IF EXISTS jetdirect CASCADE")
        return self.uri()

    def sql(self, text: str, database: str = "postgres") -> str:
        """What C{psql} says to that, a line for each row."""
        words = ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", text]
        done = subprocess.run(
            [binary("psql"), *words[1:], self.uri(database)],
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def until(self, text: str, wanted: str) -> None:
        """Wait until L{sql} says so."""
        deadline = time.monotonic() + PATIENCE
        while (found := self.sql(text)) != wanted:
            assert time.monotonic() < deadline, f"{text}: {found}, not {wanted}"
            time.sleep(0.05)

    @property
    def log(self) -> str:
        """What it has logged."""
        return (self._directory / "log").read_text()

    def stop(self) -> None:
        """End it, and remove all of it."""
        self.halt("QUIT")  # without a checkpoint: nobody reads it again
        shutil.rmtree(self._directory, ignore_errors=True)

    def _run(self, *command: str) -> None:
        subprocess.run([*self._as, *command], cwd=self._directory, check=True, capture_output=True)


def unprivileged() -> tuple[pwd.struct_passwd | None, list[str]]:
    """Who is to run what does not run as root, and what stands before its command line then."""
    if os.geteuid():
        return None, []
    user = pwd.getpwnam("nobody")
    ids = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}"]
    return user, ["setpriv", *ids, "--clear-groups"]


def either(*ports: int) -> str:
    """The URI of the primary, whichever of these ports it listens on."""
    hosts = ",".join(f"127.0.0.1:{port}" for port in ports)
    return f"postgresql://jetdirect@{hosts}/postgres?target_session_attrs=read-write"
