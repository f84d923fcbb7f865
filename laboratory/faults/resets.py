"""
Count what senders are told whose data connection was reset:
C{python -m laboratory.faults.resets --jobs 100000 --mode both --seed 1}.

A reset is no end of a file, and an end of a file is one, whatever the sender's machine says after
it, unless there was an ABOR before it.  Each sender prints on a port of its own.  Of 20 jobs 16 end
in a reset, two in order, one in order behind an ABOR, and one in order with a reset behind it: as
of a machine that has forgotten the connection when it is asked about it.  The seed decides sizes
and pauses; it does not decide when the kernel runs which process, and that is where a reset is
taken for an end: give it many jobs.

A reset or an ABOR that is told 226, an end in order that is not, and one with a reset behind it
that is told 5xx, are violations: exit status 1.
"""

from __future__ import annotations

import argparse
import contextlib
import re
import select
import socket
import struct
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

from tests.support.gateway import Gateway

HOST = "127.0.0.1"
MODES = ("active", "passive")
PATIENCE = 60.0
"""Seconds without a reply that make a sender give up."""

_NO_LINGER = struct.pack("ii", 1, 0)
_SIZES = (0, 1, 1000, 1000, 1000, 1460, 5000, 70_000)
_PAUSES = (0.0, 0.0, 0.0, 0.00002, 0.0001, 0.001)
"""Seconds between the bytes and the end."""

_PATIENT, _HASTY = 1.5, 0.98
"""The wait before the bytes grows by the first when the gateway had not taken the connection yet
(425: nothing is learned of an end then), and shrinks by the second when it had."""

_ENDS = ("reset",) * 16 + ("in order",) * 2 + ("forgotten", "aborted")


class Told:
    """The replies by mode and end, for threads to count in."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.replies: Counter[tuple[str, str, int]] = Counter()

    def count(self, mode: str, end: str, code: int) -> None:
        """One more."""
        with self._lock:
            self.replies[mode, end, code] += 1

    def of(self, mode: str, end: str) -> dict[int, int]:
        """How often which code was told."""
        return {
            code: n for (m, e, code), n in sorted(self.replies.items()) if (m, e) == (mode, end)
        }

    @property
    def violations(self) -> int:
        """How many replies were wrong."""
        return sum(n for (_, end, code), n in self.replies.items() if _isWrong(end, code))

    def __str__(self) -> str:
        lines = []
        for mode in MODES:
            for end in dict.fromkeys(_ENDS):
                told = ", ".join(f"{code}: {n}" for code, n in self.of(mode, end).items())
                if told:
                    lines.append(f"{mode}, {end}: {told}")
        return "\n".join(lines)


def _isWrong(end: str, code: int) -> bool:
    if end == "forgotten" and 400 <= code < 500:
        return False  # reset before the gateway took it: nothing was printed
    return (code == 226) is (end in ("reset", "aborted"))


class Printers(threading.Thread):
    """One that listens for all printing ports, reads what comes and closes when it ends."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._listener = socket.create_server((HOST, 0), backlog=511)
        self.port = self._listener.getsockname()[1]
        self._stopped = False

    def run(self) -> None:
        poll = select.epoll()
        poll.register(self._listener, select.EPOLLIN)
        wires: dict[int, socket.socket] = {}
        while not self._stopped:
            for descriptor, _ in poll.poll(0.2):
                wire = wires.get(descriptor)
                if wire is None:
                    wire, _ = self._listener.accept()
                    wires[wire.fileno()] = wire
                    poll.register(wire, select.EPOLLIN)
                    continue
                with contextlib.suppress(ConnectionError):
                    if wire.recv(1 << 18):
                        continue
                del wires[descriptor]
                wire.close()
        poll.close()
        for each in (*wires.values(), self._listener):
            each.close()

    def stop(self) -> None:
        """Be gone."""
        self._stopped = True
        self.join()


class Sender(threading.Thread):
    """One session that uploads until there is nothing more to do."""

    def __init__(
        self, port: int, name: str, modes: Sequence[str], random: Random, work: Iterator[int]
    ) -> None:
        super().__init__(daemon=True)
        self._random = random
        self._modes = modes
        self._work = work
        self._directory = name
        self._wait = 0.001
        self.told = Told()
        self.failure: Exception | None = None
        self._control = socket.create_connection((HOST, port), PATIENCE)
        self._control.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = self._control.makefile("rb")
        self._listener = socket.create_server((HOST, 0), backlog=8)
        self._listener.settimeout(PATIENCE)

    def run(self) -> None:
        try:
            self._reply()
            for line in ("USER probe", "PASS x", f"CWD {self._directory}", "TYPE I"):
                self._say(line)
            for _ in self._work:
                mode, end = self._random.choice(self._modes), self._random.choice(_ENDS)
                code = self._upload(mode, end)
                self.told.count(mode, end, code)
                self._wait *= _PATIENT if code == 425 else _HASTY
            self._say("QUIT")
        except Exception as problem:
            self.failure = problem
        finally:
            for each in (self._file, self._control, self._listener):
                each.close()

    def _upload(self, mode: str, end: str) -> int:
        wire = self._dialled() if mode == "passive" else None
        if wire is None:
            high, low = divmod(self._listener.getsockname()[1], 256)
            self._say(f"PORT {HOST.replace('.', ',')},{high},{low}")
        code = self._say("STOR job")
        if wire is None:
            if code != 150:
                return code
            wire, _ = self._listener.accept()
        with wire, contextlib.suppress(OSError):
            time.sleep(self._wait)
            wire.sendall(bytes(self._random.choice(_SIZES)))
            time.sleep(self._random.choice(_PAUSES))
            if end == "forgotten":
                wire.shutdown(socket.SHUT_WR)
            if end == "aborted":
                self._control.sendall(b"ABOR\r\n")
            elif end != "in order":
                wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        if code == 150:
            code = self._reply()
            if end == "aborted":
                self._reply()  # ABOR's own
        return code

    def _dialled(self) -> socket.socket:
        self._control.sendall(b"EPSV\r\n")
        found = re.search(rb"\(\|\|\|(\d+)\|\)", self._file.readline())
        assert found is not None
        wire = socket.create_connection((HOST, int(found[1])), PATIENCE)
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return wire

    def _say(self, line: str) -> int:
        self._control.sendall(f"{line}\r\n".encode())
        return self._reply()

    def _reply(self) -> int:
        while True:
            line = self._file.readline()
            if not line:
                raise EOFError("the gateway has closed the control connection")
            if line[:3].isdigit() and line[3:4] == b" ":
                return int(line[:3])


def run(
    directory: Path, jobs: int, modes: Sequence[str], seed: int, senders: int, *options: str
) -> Told:
    """
    Upload C{jobs} times.

    @param senders: how many at a time, each on a printing port of its own.
    @param options: more of a device URI, such as C{splice=off}.
    """
    printers = Printers()
    printers.start()
    query = "?" + "&".join(options) if options else ""
    uri = f"--printer=socket://{HOST}:{printers.port}{query}"
    told, work = Told(), iter(range(jobs))
    try:
        with Gateway(directory, f"--max-sessions={senders}", *[uri] * senders) as gateway:
            threads = [
                Sender(gateway.port, f"/PORT{n + 1}", modes, Random(f"{seed}.{n}"), work)
                for n in range(senders)
            ]
            for sender in threads:
                sender.start()
            for sender in threads:
                sender.join()
                told.replies += sender.told.replies
                if sender.failure is not None:
                    raise sender.failure
    finally:
        printers.stop()
    return told


def main(arguments: list[str] | None = None) -> int:
    """Print the figures; exit status 1 if anything was violated."""
    parser = argparse.ArgumentParser(
        prog="python -m laboratory.faults.resets",
        description=(__doc__ or "").strip(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--jobs", type=int, default=10_000, help="in all; default 10000")
    parser.add_argument("--mode", choices=[*MODES, "both"], default="both", help="default both")
    parser.add_argument("--seed", type=int, default=1, help="default 1")
    parser.add_argument("--senders", type=int, default=8, help="at a time; default 8")
    parser.add_argument("--copying", action="store_true", help="no byte stays inside the kernel")
    options = parser.parse_args(arguments)
    modes = MODES if options.mode == "both" else (options.mode,)
    more = ("splice=off",) * options.copying
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as directory:
        told = run(Path(directory), options.jobs, modes, options.seed, options.senders, *more)
    seconds = time.monotonic() - begun
    print(told)
    print(f"{sum(told.replies.values())} jobs in {seconds:.0f} s, {told.violations} violations")
    return 1 if told.violations else 0


if __name__ == "__main__":
    sys.exit(main())
