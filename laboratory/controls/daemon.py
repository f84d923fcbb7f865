"""
An FTP server that is not ours: a process of its own, its directory, its log.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import pwd
import re
import signal
import subprocess
import tempfile
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path

from laboratory.controls.server import Record, Server, until
from laboratory.controls.talk import Talk
from tests.support.gateway import LAST_WORDS
from tests.support.packages import program
from tests.support.started import freePort

#: Who runs what would insist on privileges if it had them.
_NOBODY = "nobody"


class Daemon(Server):
    """
    Starts when it is made.

    @ivar place: a directory of its own; uploads are in C{place / "uploads"}.
    """

    def __init__(self) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="jetdirect-controls-")
        self.place = Path(self._temporary.name)
        self.uploads = self.place / "uploads"
        self.uploads.mkdir()
        self.port = freePort()
        words = ["setpriv", "--pdeathsig", "TERM", *self._unprivileged(), *self.command()]
        self._give()
        with self._said.open("wb") as said:
            self._process = subprocess.Popen(
                [program("setpriv", "util-linux"), *words[1:]],
                cwd=self.place,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        atexit.register(self.stop)
        until(lambda: self._process.poll() is not None or self._answers())
        if not self._answers():
            log = self.log
            self.stop()
            raise AssertionError(f"{words} does not answer:\n{log}")

    #: Run it as nobody, if we are root.
    unprivileged = False

    @abstractmethod
    def command(self) -> Sequence[str]:
        """The command line; what it needs in L{place} is written here."""

    @abstractmethod
    def records(self) -> Mapping[str, Record]:
        """L{Server}."""

    def environment(self) -> Mapping[str, str]:
        """The process's environment."""
        return {**os.environ, "PYTHONUNBUFFERED": "1"}

    @property
    def _said(self) -> Path:
        return self.place / "said"

    def _unprivileged(self) -> list[str]:
        if not self.unprivileged or os.geteuid() != 0:
            return []
        who = pwd.getpwnam(_NOBODY)
        return [f"--reuid={who.pw_uid}", f"--regid={who.pw_gid}", "--clear-groups"]

    def _give(self) -> None:
        if not self._unprivileged():
            return
        who = pwd.getpwnam(_NOBODY)
        for path in [self.place, *self.place.rglob("*")]:
            if not path.is_symlink():
                os.chown(path, who.pw_uid, who.pw_gid)

    def _answers(self) -> bool:
        with contextlib.suppress(OSError, EOFError), Talk(self.port, login=False) as talk:
            return talk.greeting.startswith("220")
        return False

    @property
    def log(self) -> str:
        """L{Server}: all log files together."""
        files = [self._said, *sorted(self.place.glob("*.log"))]
        texts = [file.read_bytes() for file in files if file.exists()]
        return b"".join(texts).decode("latin-1")

    def kept(self) -> Sequence[bytes]:
        """L{Server}: also what it keeps under other names as long as it is not whole."""
        return [file.read_bytes() for file in self.uploads.rglob("*") if file.is_file()]

    def memory(self) -> int:
        """L{Server}."""
        pid = self._process.pid
        return sum(_resident(each) for each in [pid, *_descendants(pid)])

    def askToEnd(self) -> None:
        """L{Server}."""
        self._process.terminate()

    def stop(self) -> None:
        """L{Server}: with all its processes."""
        atexit.unregister(self.stop)
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(LAST_WORDS)
        self._temporary.cleanup()


def _resident(pid: int) -> int:
    try:
        found = re.search(r"^VmRSS:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text(), re.M)
    except OSError:  # it has just ended
        return 0
    return int(found[1]) * 1024 if found is not None else 0


def _descendants(pid: int) -> list[int]:
    parents: dict[int, int] = {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            stat = Path("/proc", entry, "stat").read_text()
        except OSError:
            continue
        parents[int(entry)] = int(stat.rpartition(")")[2].split()[1])
    family = {pid}
    while grown := {each for each, parent in parents.items() if parent in family} - family:
        family |= grown
    return sorted(family - {pid})
