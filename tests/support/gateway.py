"""
The gateway as a user runs it: C{twistd -n jetftp ...} in a process of its own.

Bytes may stay inside the kernel on their way to a printer.  C{JETDIRECT_TEST_SPLICE=off} in the
environment has them copied in every test: C{splice=off} is in every C{socket:} and C{endpoint:} URI
then.
"""

from __future__ import annotations

import atexit
import codecs
import functools
import io
import os
import re
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from tests.support.peer import PATIENCE, Peer, mortal
from tests.support.process import scheduled

#: Seconds which the process gets to end by itself once it was asked to: ten times what it takes.
LAST_WORDS = 30.0

#: Any free port, this machine only.
IPV4 = "tcp:0:interface=127.0.0.1"
IPV6 = "tcp6:0:interface=\\:\\:1"

_ROOT = Path(__file__).resolve().parents[2]
# twistd ends by the very signal that stopped it, past the exit at which coverage saves its data.
_TWISTD = """
import sys
from twisted.scripts.twistd import run
if "coverage" in sys.modules:
    from coverage import Coverage
    from twisted.internet import reactor
    reactor.addSystemEventTrigger("after", "shutdown", lambda: Coverage.current().save())
run()
"""
_STARTED = r" starting on (\d+)"


@functools.cache
def environment() -> dict[str, str]:
    """
    The environment in which C{twistd} knows C{jetftp}: as installed, else from this checkout.
    """
    known = dict(os.environ, PYTHONUNBUFFERED="1")
    probe = [sys.executable, "-c", "import jetdirect, twisted.plugins.jetftp"]
    if subprocess.run(probe, cwd="/", env=known, capture_output=True).returncode != 0:
        known["PYTHONPATH"] = os.pathsep.join(
            [str(_ROOT), *filter(None, [known.get("PYTHONPATH")])]
        )
    return known


def command(*options: str) -> list[str]:
    """
    The command line of a gateway with these options.
    """
    if os.environ.get("JETDIRECT_TEST_SPLICE") == "off":
        options = tuple(map(copying, options))
    return [sys.executable, "-c", _TWISTD, "-n", "--pidfile=", "jetftp", *options]


def copying(word: str) -> str:
    """
    A device URI with C{splice=off}; any other word of a command line as it is.
    """
    if not re.match(r"(--printer=)?(socket|endpoint):", word) or "splice=" in word:
        return word
    return f"{word}{'&' if '?' in word else '?'}splice=off"


class Gateway(Peer):
    """
    One running gateway and what it logged.

    Without a C{--port} among the options it listens on a free IPv4 port of the loopback interface.

    @ivar ports: the TCP ports on which it listens, in the order of the options.
    """

    def __init__(
        self, directory: Path, *options: str, before: Sequence[str] = (), ready: str = _STARTED
    ) -> None:
        """
        @param before: what is to come before the command line, such as C{env} or C{unshare}.
        @param ready: the line of the log that says that it has begun.
        """
        listeners = len([option for option in options if option in ("-p", "--port")])
        if not listeners:
            options = ("--port", IPV4, *options)
        self._lines: list[str] = []
        self._unfinished = ""
        self._decoder = io.IncrementalNewlineDecoder(
            codecs.getincrementaldecoder("utf-8")("backslashreplace"), translate=True
        )
        self._heard = threading.Condition()
        self._silent = False
        self._late = 0.0
        self._process = subprocess.Popen(
            mortal(*before, *command(*options)),
            cwd=directory,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert self._process.stdout is not None
        self._output = self._process.stdout
        os.set_blocking(self._output.fileno(), False)
        atexit.register(self.stop)
        self._reader = threading.Thread(target=self._listen, daemon=True)
        self._reader.start()
        try:
            self.waitFor(ready, 3 * PATIENCE, listeners or 1)
            self.ports = [int(started[1]) for started in self.matches(_STARTED)]
        except BaseException:
            self.stop()
            raise

    @property
    def port(self) -> int:
        """The first TCP port on which it listens."""
        return self.ports[0]

    @property
    def pid(self) -> int:
        """The number of its process."""
        return self._process.pid

    def _listen(self) -> None:
        poll = select.poll()
        poll.register(self._output, select.POLLIN)
        while not self._silent:
            poll.poll()
            self._readLog()

    def _readLog(self) -> None:
        # All that was written until now: what is logged before a reply is known behind it.
        with self._heard:
            while not self._silent:
                try:
                    data = os.read(self._output.fileno(), 65536)
                except BlockingIOError:
                    return
                self._silent = not data
                text = self._unfinished + self._decoder.decode(data, final=self._silent)
                *lines, self._unfinished = text.split("\n")
                if self._silent and self._unfinished:
                    lines.append(self._unfinished)
                self._lines += lines
                self._heard.notify_all()

    @property
    def lines(self) -> list[str]:
        """The log so far, without line ends."""
        self._readLog()
        with self._heard:
            return list(self._lines)

    @property
    def log(self) -> str:
        """The whole log so far."""
        return "\n".join(self.lines)

    @property
    def late(self) -> float:
        """
        For how many seconds its reactor has been kept waiting for a processor: no fault of its own.
        """
        if self._process.returncode is None:
            self._late = scheduled(self.pid)[1]
        return self._late

    def matches(self, pattern: str) -> list[re.Match[str]]:
        """The lines logged so far in which the pattern is found."""
        return [found for line in self.lines if (found := re.search(pattern, line))]

    def waitFor(self, pattern: str, seconds: float = PATIENCE, count: int = 1) -> re.Match[str]:
        """
        Wait until the log has C{count} lines in which the pattern is found.

        @return: the C{count}-th of them.
        @raise AssertionError: the time is over, or the process ended without saying so.
        """
        with self._heard:
            self._heard.wait_for(
                lambda: self._silent or len(self.matches(pattern)) >= count, seconds
            )
            found = self.matches(pattern)
        if len(found) < count:
            raise AssertionError(f"{pattern!r} found {len(found)} times in the log:\n{self.log}")
        return found[count - 1]

    def jobEnd(self, number: int) -> str:
        """
        Wait until a job has come to its end.

        @return: what the log says of it, beginning with the final state.
        """
        return self.waitFor(rf"job {number} on PORT\d+: ((aborted|canceled|completed): .*)$")[1]

    def memory(self, field: str = "VmRSS") -> int:
        """
        How much memory the process has now (C{VmRSS}) or had at most (C{VmHWM}), in bytes.
        """
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        found = re.search(rf"^{field}:\s+(\d+) kB$", status, re.MULTILINE)
        assert found is not None, status
        return int(found[1]) * 1024

    def askToEnd(self, number: int = signal.SIGTERM) -> None:
        """
        Send SIGTERM or another signal, and go on when the process listens no more.
        """
        self.signal(number)
        for port in self.ports:
            self.waitFor(rf"TCP Port {port} Closed")

    def signal(self, number: int) -> None:
        """
        Send a signal to the process.
        """
        self._process.send_signal(number)

    def waitForEnd(self, seconds: float = PATIENCE) -> int:
        """
        Wait until the process has ended by itself, and read its log to the end.

        @return: its exit status.
        @raise AssertionError: it runs on.
        """
        if self._process.returncode is None:
            handle = os.pidfd_open(self.pid)
            ended, _, _ = select.select([handle], [], [], seconds)
            os.close(handle)
            assert ended, f"the gateway runs on:\n{self.log}"
            self._late = self.late  # as long as nobody has asked for its status
        return self.stop()

    def stop(self) -> int:
        """
        End the process, politely first, and read its log to the end.

        @return: its exit status.
        @raise AssertionError: it had to be killed.
        """
        atexit.unregister(self.stop)
        stubborn = False
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(LAST_WORDS)
            except subprocess.TimeoutExpired:
                stubborn = True
                self._process.kill()
        status = self._process.wait()
        self._reader.join(LAST_WORDS)
        if not self._reader.is_alive():
            self._output.close()
        if stubborn:
            raise AssertionError(f"the gateway did not end on SIGTERM:\n{self.log}")
        return status
