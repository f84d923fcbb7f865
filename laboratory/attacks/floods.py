"""
Floods: one session sends one command as fast as it can, and another host prints beside it.

    python -m laboratory.attacks.floods                 the table of docs/evidence/attacks.rst
    python -m laboratory.attacks.floods HELP LIST       these
    python -m laboratory.attacks.floods --prints 5      with fewer prints beside each
    python -m laboratory.attacks.floods --sessions 50 NOOP    with so many sessions of one host
    python -m laboratory.attacks.floods --hosts 5 --sessions 10 "all commands"

The commands are those of the command table, before a login and after one with 1,000 names stored,
and some more that are no commands.
"""

from __future__ import annotations

import argparse
import contextlib
import ftplib
import math
import re
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from jetdirect.ftp.commands.table import COMMANDS
from laboratory.attacks.figures import Figures
from laboratory.attacks.victim import GATEWAY, HONEST, HOSTILE, KIB, Innocent, Victim
from tests.support.peer import PATIENCE

SEGMENT = 64 * KIB
"""Bytes that are sent at a time: as many as Twisted reads at a time."""

NAMES = 1000
"""Names that the flooding session stores first, as many as it may."""

MEDIAN, MOST = 0.15, 2.0
"""Seconds from connect to 226 for a job of 1,000 bytes beside a flood: median, and at most."""

ENOUGH = 15.0
"""Seconds after which a flood has shown what it can."""

_ARGUMENTS = {
    "ALLO": "1000",
    "AUTH": "TLS",
    "CDUP": "",
    "CWD": "d0",
    "DELE": "d/n1",
    "EPRT": "|1|192.0.2.1|2000|",
    "MDTM": "d/n1",
    "MFMT": "20260101000000 d/n1",
    "MKD": "d0/x",
    "MLSD": "d",
    "MLST": "d/n1",
    "MODE": "S",
    "NLST": "d",
    "LIST": "d",
    "OPTS": "UTF8 ON",
    "PASS": "x",
    "PBSZ": "0",
    "PORT": "192,0,2,1,8,0",
    "PROT": "C",
    "REST": "0",
    "RETR": "x",
    "RMD": "d",
    "RNFR": "d",
    "RNTO": "e",
    "SITE": "CHMOD 644 d/n1",
    "SIZE": "d/n1",
    "STOR": "x",
    "STRU": "F",
    "TYPE": "I",
    "USER": "a",
    "XCWD": "d0",
    "XMKD": "d0/x",
    "XRMD": "d",
}
_MORE = {
    "nothing": b"",  # what the machine itself takes
    "empty lines": b"\n",
    "unknown words": b"XYZZY\n",
    "long lines": b"x" * 5000 + b"\n",
    "Telnet": b"\xff\xf1",
    "NUL": b"\0",
    "USER, PASS": b"USER a\nPASS x\n",
    "EPSV, LIST": b"EPSV\nLIST d\n",
    "EPSV, STOR, ABOR": b"EPSV\nSTOR x\nABOR\n",
    "EPSV, STOR, ABOR x 40": b"EPSV\nSTOR x\n" + b"ABOR\n" * 40,
    "STAT, names": b"STAT d\n",
    "rename and list": b"RNFR d\nRNTO e\nRNFR e\nRNTO d\n",
}
VERBS = sorted(COMMANDS)
"""All commands there are."""

_COMMANDS = {verb: f"{verb} {_ARGUMENTS.get(verb, '')}".rstrip().encode() + b"\n" for verb in VERBS}

LINES = {
    **_COMMANDS,
    **_MORE,
    "all commands": b"".join(line for verb, line in _COMMANDS.items() if verb != "QUIT"),
}
"""What is sent again and again, by its name in the table."""


@dataclass
class Flood:
    """
    What was found beside one flood.

    @ivar prints: seconds from connect to 226 of each print of the other host.
    @ivar descriptors: the most that were open.
    @ivar grown: by how many bytes the resident set grew at most.
    @ivar log: bytes of log lines that the flood had written.
    @ivar sent: bytes of the flood.
    """

    name: str
    login: bool
    prints: list[float] = field(default_factory=list)
    descriptors: int = 0
    grown: int = 0
    log: int = 0
    sent: int = 0

    @property
    def row(self) -> str:
        """A line of the table."""
        middle, most = statistics.median(self.prints) * 1000, max(self.prints) * 1000
        when = "after" if self.login else "before"
        return (
            f"{self.name:<22} {when:<7} {middle:>8.0f} {most:>8.0f} {self.descriptors:>6}"
            f" {self.grown // KIB:>9} {self.log:>9} {self.sent // KIB:>9}"
        )

    @property
    def bounded(self) -> bool:
        """Did the other host print in time?"""
        return statistics.median(self.prints) <= MEDIAN and max(self.prints) <= MOST


HEADER = (
    f"{'flood':<22} {'login':<7} {'median':>8} {'most':>8} {'fds':>6} {'KiB RSS':>9} {'log':>9}"
    f" {'KiB sent':>9}"
)
RULE = " ".join("=" * width for width in (22, 7, 8, 8, 6, 9, 9, 9))


class Flooder:
    """
    One host with one session that is made anew whenever it ends.

    @ivar sent: bytes that it has sent.
    """

    def __init__(
        self, port: int, line: bytes, login: bool, sessions: int = 1, host: str = HOSTILE
    ) -> None:
        """@param sessions: how many there are, which share a processor with the other host."""
        self.sent = 0
        self._host = host
        self._pause = 0.0005 * sessions
        self._port = port
        self._login = login
        self._segment = line * (SEGMENT // max(len(line), 1))
        self._over = threading.Event()
        self._begun = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Flooder:
        self._thread.start()
        assert self._begun.wait(PATIENCE), "the flood did not begin"
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(PATIENCE)

    def _run(self) -> None:
        while not self._over.is_set():
            with contextlib.suppress(OSError), self._connected() as wire:
                self._flood(wire)

    def _connected(self) -> socket.socket:
        return socket.create_connection((GATEWAY, self._port), PATIENCE, (self._host, 0))

    def _flood(self, wire: socket.socket) -> None:
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._login:
            _store(wire)
        wire.setblocking(False)
        while not self._over.is_set():
            with contextlib.suppress(BlockingIOError):
                self.sent += wire.send(self._segment)
                self._begun.set()
            with contextlib.suppress(BlockingIOError):
                if not wire.recv(SEGMENT):
                    return
            time.sleep(self._pause)  # the other host, in the same process, is to be measured


def _store(wire: socket.socket) -> None:
    # Log in, and store as many names as there may be, in one directory.
    heard = b""

    def hear(count: int) -> None:
        nonlocal heard
        while len(re.findall(rb"^\d{3} .*\r\n", heard, re.MULTILINE)) < count:
            data = wire.recv(SEGMENT)
            if not data:
                raise ConnectionError
            heard += data

    wire.sendall(b"USER mallory\r\nPASS x\r\nMKD d\r\n")
    hear(4)
    for start in range(0, NAMES, 20):
        heard = b""
        wire.sendall(b"".join(b"MKD d/n%d\r\n" % n for n in range(start, start + 20)))
        hear(20)


def flood(
    place: Path, name: str, login: bool, prints: int, sessions: int = 1, hosts: int = 1
) -> Flood:
    """
    One flood, and C{prints} prints beside it.

    @param login: the flooding session has logged in, and stored its names.
    @param sessions: how many of each host do the same.
    @param hosts: how many hosts do it.
    """
    found = Flood(name, login)
    job = b"%!PS\n" + b"x" * 995
    many = sessions * hosts
    options = (f"--max-sessions={many + 2}", f"--max-sessions-per-host={sessions + 1}")
    with Victim(place, *options) as victim:
        victim.works(source=HONEST)
        memory, log = victim.memory, len(victim.gateway.log)
        victim.forgetPeak()
        with contextlib.ExitStack() as hostile:
            flooders = [
                hostile.enter_context(Flooder(victim.port, LINES[name], login, many, host))
                for host in [HOSTILE, *(f"127.0.1.{n}" for n in range(1, hosts))]
                for _ in range(sessions)
            ]
            begun = time.monotonic()
            for _ in range(prints):
                found.prints.append(_print(victim.port, job))
                found.descriptors = max(found.descriptors, victim.descriptors)
                if time.monotonic() - begun > ENOUGH:
                    break
            found.sent = sum(each.sent for each in flooders)
        found.grown = max(victim.peak - memory, 0)
        found.log = len(victim.gateway.log) - log
        victim.works(source=HONEST)
    return found


def _print(port: int, job: bytes) -> float:
    # Seconds from connect to 226; without end if there is none.
    began = time.perf_counter()
    try:
        with Innocent(port, HONEST) as session:
            reply = session.send(job)
    except (OSError, EOFError, ftplib.Error):
        return math.inf
    return time.perf_counter() - began if reply.startswith("226") else math.inf


def floods(
    place: Path, prints: int, names: Sequence[str] = (), sessions: int = 1, hosts: int = 1
) -> Iterator[Flood]:
    """Each flood before and after login."""
    for name in names or LINES:
        for login in (False, True):
            directory = place / f"{list(LINES).index(name)}-{login:d}"
            directory.mkdir()
            yield flood(directory, name, login, prints, sessions, hosts)


def everything(place: Path, count: int) -> Figures:
    """All of them, with C{count} prints of the other host beside each."""
    found = list(floods(place, count))
    late = [each.row for each in found if not each.bounded]
    assert not late, "\n".join(late)
    return {
        "floods": len(found),
        "median of the slowest, ms": round(1000 * max(statistics.median(f.prints) for f in found)),
        "slowest print, ms": round(1000 * max(max(each.prints) for each in found)),
    }


def main(words: list[str] | None = None) -> int:
    """Exit status 1 if one of them keeps the other host waiting."""
    parser = argparse.ArgumentParser(
        prog="python -m laboratory.attacks.floods",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(LINES))
    parser.add_argument("--prints", type=int, default=20, help="of the other host, beside each")
    parser.add_argument("--sessions", type=int, default=1, help="of a host that flood")
    parser.add_argument("--hosts", type=int, default=1, help="that flood")
    options = parser.parse_args(words)
    unknown = set(options.names) - set(LINES)
    if unknown:
        parser.error(f"no such flood: {', '.join(sorted(unknown))}")
    late = 0
    print(HEADER, RULE, sep="\n", flush=True)
    with tempfile.TemporaryDirectory(prefix="jetdirect-floods-") as place:
        found = floods(Path(place), options.prints, options.names, options.sessions, options.hosts)
        for each in found:
            print(each.row, flush=True)
            late += not each.bounded
    print(RULE, f"{late} beyond {MEDIAN:g} s in the middle or {MOST:g} s at most", sep="\n")
    return 1 if late else 0


if __name__ == "__main__":
    sys.exit(main())
