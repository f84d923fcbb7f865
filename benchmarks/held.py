"""
What an idle session keeps of the memory that Python allocates, and which line asked for it.

    python -m benchmarks.held 2000

The process is the gateway; its senders are another one.  The first sessions are not counted: they
make what all of them share.
"""

from __future__ import annotations

import gc
import resource
import sys
import tracemalloc
from pathlib import Path
from typing import Any

from twisted.internet import epollreactor, protocol

epollreactor.install()  # before anything else imports one

from twisted.internet import reactor as _reactor  # noqa: E402

from benchmarks.figures.idle import login  # noqa: E402
from benchmarks.process import ROOT  # noqa: E402
from benchmarks.servers.server import freePort  # noqa: E402
from jetdirect.configuration import Configuration  # noqa: E402
from jetdirect.ftp.settings import SessionSettings  # noqa: E402
from jetdirect.gateway import Gateway  # noqa: E402
from jetdirect.net.tuning import BACKLOG  # noqa: E402
from jetdirect.transports.build import transportFor  # noqa: E402

FIRST = 20
"""Sessions that are not counted (chosen)."""

LINES = 40
"""Of the source that are shown, those that keep most."""

reactor: Any = _reactor


class Senders(protocol.ProcessProtocol):
    """Senders that log in and say nothing more: some at first, the others when they are told to."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._before: tracemalloc.Snapshot | None = None

    def outReceived(self, data: bytes) -> None:
        """So many are there: a line, whole or in pieces."""
        if data.endswith(b"\n"):
            reactor.callLater(0.5, self._look)

    def _look(self) -> None:
        gc.collect()
        if self._before is None:
            tracemalloc.start()
            self._before = tracemalloc.take_snapshot()
            assert self.transport is not None
            self.transport.write(b"\n")
            return
        grown = tracemalloc.take_snapshot().compare_to(self._before, "lineno")
        kept = [each for each in grown if each.traceback[0].filename != tracemalloc.__file__]
        total = sum(each.size_diff for each in kept) / self._count
        print(f"{total / 1024:.2f} KiB a session, {self._count:,} held")
        for each in kept[:LINES]:
            frame = each.traceback[0]
            place = f"{Path(frame.filename).parent.name}/{Path(frame.filename).name}:{frame.lineno}"
            print(f"{each.size_diff / self._count:8.0f} {place}")
        reactor.stop()


def serve(count: int) -> None:
    """Hold so many sessions, and tell what they keep."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    settings = SessionSettings(maxSessions=count + FIRST, loginTimeout=3600)
    printer = transportFor(reactor, "socket://127.0.0.1:9")
    port = freePort()
    where = f"tcp:{port}:interface=127.0.0.1:backlog={BACKLOG}"
    gateway = Gateway(Configuration([printer], [where], settings), reactor)
    gateway.privilegedStartService()
    gateway.startService()

    def begin() -> None:
        words = [sys.executable, "-m", "benchmarks.held", str(count), str(port)]
        reactor.spawnProcess(Senders(count), sys.executable, words, env=None, path=str(ROOT))

    reactor.callLater(0.1, begin)
    reactor.run()


def hold(count: int, port: int) -> None:
    """Log in so often, in two parts, and stay."""
    wires = [login(port) for _ in range(FIRST)]
    print(len(wires), flush=True)
    sys.stdin.readline()
    wires += [login(port) for _ in range(count)]
    print(len(wires), flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    if len(sys.argv) > 2:
        hold(int(sys.argv[1]), int(sys.argv[2]))
    else:
        serve(int(sys.argv[1]))
