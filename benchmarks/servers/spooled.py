"""
jetdirect with a spool, on a disk.
"""

from __future__ import annotations

import contextlib
import ftplib
import io
import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from benchmarks.process import PATIENCE
from benchmarks.servers.ours import Ours
from jetdirect.spool.directory import SpoolDirectory
from jetdirect.spool.disk import File, RealDisk
from jetdirect.spool.record import SpoolRecord
from jetdirect.spool.store import Store

NOBODY = 1
"""A port of 127.0.0.1 at which no printer listens."""


class Spooled(Ours):
    """All jobs go to one printing port."""

    settings = "twistd -n jetftp --spool on a disk, logging to a file"
    jobName = "PORT1/job.prn"

    def __init__(
        self, place: Path, sinks: Sequence[int], spool: Path | str, sessions: int = 32
    ) -> None:
        """
        @param sinks: none: the printer is away.
        @param spool: a directory, or the URI of a database.
        """
        words = [f"--spool={spool}", "--max-queued=1000000", "--min-free=0"]
        super().__init__(place, sinks or [NOBODY], sessions, words)
        if not sinks:
            self._waitForNumbers()

    def _waitForNumbers(self) -> None:
        # Until the disk has given some, a job is told 450.
        end = time.monotonic() + PATIENCE
        with ftplib.FTP(timeout=PATIENCE) as session:
            session.connect("127.0.0.1", self.port)
            session.login("anonymous", "tester@example.org")
            while time.monotonic() < end:
                with contextlib.suppress(ftplib.error_temp):
                    session.storbinary("STOR PORT1/first.prn", io.BytesIO(b"x"))
                    return
                time.sleep(0.05)
        raise RuntimeError("the spool does not open")


@contextmanager
def spoolOn(disk: Path, waiting: int = 0, size: int = 10 * 1024) -> Iterator[Path]:
    """
    A spool on this disk, with so many jobs for PORT1.

    @raise RuntimeError: that is no disk.
    """
    spool = disk / "spool"
    directory = SpoolDirectory(str(spool))
    try:
        if not directory.durable:
            raise RuntimeError(f"{disk} is in memory; --disk names a place on a disk")
        if waiting:
            _fill(str(spool), waiting, size)
        directory.release()
        yield spool
    finally:
        directory.release()
        putAside(spool)


_used = count(1)


def putAside(path: Path) -> None:
    """
    Have a directory with many files out of the way, and remove it only at the end of the run.

    For minutes ext4 passes over each inode that was removed, one after the other, whenever it looks
    for a new one: what a round removes, the next ones pay for (measured: 0.3 ms of processor time
    for each new file, and four times as much for a whole job).
    """
    for file in path.rglob("data"):
        if file.stat().st_size >= _LARGE:
            os.truncate(file, 0)
    path.rename(path.with_name(f"{path.name}-used-{next(_used)}"))


_LARGE = 1 << 20  # bytes; these do not stay


def _fill(spool: str, waiting: int, size: int) -> None:
    # As senders would, but synced once for all.
    store, data = Store(_Hasty(spool)), bytes(size)
    store.addPort("PORT1")
    store.reserve("number", waiting)
    record = SpoolRecord(number=0, port="", name="job.prn", user="", host="", received=1.0)
    for number in range(1, waiting + 1):
        draft = store.begin("PORT1", number)
        draft.write(data)
        draft.commit(record.but(user="anonymous", host="127.0.0.1"))
    subprocess.run(["sync", "-f", spool], check=True)


class _Hasty(RealDisk):
    """Syncs nothing."""

    def create(self, path: str) -> File:
        file = super().create(path)
        file.sync = lambda: None  # type: ignore[method-assign]
        return file

    def syncDirectory(self, path: str) -> None:
        """Nothing."""

    def syncAll(self, files: Sequence[File], paths: Sequence[str]) -> list[OSError | None]:
        """Nothing."""
        return [None] * (len(files) + len(paths))
