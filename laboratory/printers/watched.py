"""
Runs twistd's command line with an eye on its reactor.

    python -m laboratory.printers.watched twistd -n jetftp --printer socket://printer

On SIGRTMIN it logs the longest turn of the reactor since the last time, in milliseconds.  A turn is
what lies between two waits for something to happen: the time during which nobody else was served.
What the thread only waited for a processor (Linux's schedstat) does not count: that is the
machine's doing.  Its own work does, and what it was blocked in the kernel, or by other threads.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import Any


class WatchedPoll:
    """
    The reactor's poll object, which it calls between two turns.

    @ivar longest: seconds of the longest turn.
    """

    def __init__(self, poll: Any) -> None:
        self.longest = 0.0
        self._poll = poll
        self._began: float | None = None
        try:
            self._queue = os.open("/proc/thread-self/schedstat", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            self._queue = -1

    def __getattr__(self, name: str) -> Any:
        return getattr(self._poll, name)

    def poll(self, *arguments: Any) -> Any:
        """Wait; before it a turn ends, after it one begins."""
        if self._began is not None:
            self.longest = max(self.longest, self._seconds() - self._began)
        try:
            return self._poll.poll(*arguments)
        finally:
            self._began = self._seconds()

    def _seconds(self) -> float:
        # The second number: nanoseconds spent ready to run, with no processor to run on.
        if self._queue < 0:
            return time.monotonic()
        return time.monotonic() - int(os.pread(self._queue, 100, 0).split()[1]) / 1e9


def watch(reactor: Any) -> WatchedPoll:
    """
    Watch a reactor from now on.
    """
    watched = WatchedPoll(reactor._poller)
    reactor._poller = watched

    def tell(_number: int, _frame: object) -> None:
        longest, watched.longest = watched.longest, 0.0
        print(f"longest turn: {longest * 1000:.1f} ms", flush=True)

    signal.signal(signal.SIGRTMIN, tell)
    return watched


def main() -> None:
    """
    What comes is C{twistd} and its words; or C{python -c PROGRAM} and its words, as tests call it.
    """
    sys.path = [each for each in sys.path if each != os.path.dirname(__file__)]
    words = sys.argv[1:]
    program = "from twisted.scripts.twistd import run; run()"
    if words[1:2] == ["-c"]:
        program, words = words[2], [words[0], *words[3:]]
    sys.argv = words
    from twisted.internet import reactor

    watch(reactor)
    exec(program, {"__name__": "__main__"})


if __name__ == "__main__":
    main()
