"""
A gateway whose system calls on its devices fail, as strace has them fail (C{inject}).

There is no parallel port here, and no USB printer: named pipes stand in for them.  They know no
C{LPABORT} and no C{LPGETSTATUS} (ENOTTY), which the gateway can do without.  The drivers themselves
are in C{laboratory/guest}.
"""

from __future__ import annotations

import contextlib
import ftplib
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from laboratory.printers.stands.stand import until
from tests.support.gateway import Gateway
from tests.support.peer import Peer
from tests.support.ser2net import SerialPrinter
from tests.support.session import Session, lastLine


class PipePrinter(SerialPrinter):
    """A printer that reads a named pipe."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)
        os.mkfifo(path)
        super().__init__()

    def _ends(self) -> tuple[int, int]:
        return os.open(self.path, os.O_RDONLY | os.O_NONBLOCK), os.open(self.path, os.O_WRONLY)


class FilePrinter(Peer):
    """A file, or a directory of files."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)

    @property
    def printed(self) -> bytes:
        """What others see."""
        path = Path(self.path)
        files = sorted(path.glob("[!.]*")) if path.is_dir() else [path]
        return b"".join(file.read_bytes() for file in files)

    def waitFor(self, count: int) -> bytes:
        """As that of a line."""
        return self.waitUntil(lambda printed: len(printed) >= count)

    def waitUntil(self, fact: Callable[[bytearray], bool]) -> bytes:
        """As that of a line."""
        until(lambda: fact(bytearray(self.printed)), "such a job")
        return self.printed

    def stop(self) -> None:
        pass


def stand(kind: str, place: Path) -> tuple[str, SerialPrinter | FilePrinter]:
    """A printer, and its device URI."""
    path = place / kind
    match kind:
        case "parallel":
            return f"parallel:{path}", PipePrinter(path)
        case "usb":
            return f"usb:{path}?bidir=off", PipePrinter(path)
        case "pipe":
            return f"file:{path}", PipePrinter(path)
        case "serial":
            line = SerialPrinter()
            return f"serial:{line.path}", line
    if kind == "directory":
        path.mkdir(0o700)
        return f"file:{path}", FilePrinter(path)
    path.touch(0o600)
    return f"file:{path}?append=on", FilePrinter(path)


class Machine(Peer):
    """
    A gateway with a printing port of each kind, whose system calls on these devices fail.
    """

    def __init__(self, place: Path, kinds: Iterable[str], *faults: str) -> None:
        """
        @param faults: as strace's C{inject} has them.
        """
        strace = shutil.which("strace")
        if strace is None:
            pytest.skip("strace is missing: apt-get install strace")
        # With -I 2 it can be ended while the gateway runs on.
        words = [strace, "-I", "2", "-f", "-qq", "-o", str(place / "trace")]
        calls = ",".join(each.partition(":")[0] for each in faults)
        words += ["-e", f"trace={calls}", *(f"--inject={each}" for each in faults)]
        options = ["--connect-timeout", "0"]
        self._all = contextlib.ExitStack()
        self.printers: dict[str, SerialPrinter | FilePrinter] = {}
        try:
            for kind in kinds:
                uri, printer = stand(kind, place)
                self._all.enter_context(printer)
                self.printers[kind] = printer
                options += ["--printer", uri]
                words += ["-P", printer.path]
            self.gateway = self._all.enter_context(Gateway(place, *options))
            # Behind the start, which tries the devices and refuses those that fail.
            self._break([*words, "-p", str(self.gateway.pid)])
        except BaseException:
            self._all.close()
            raise

    def send(self, kind: str, data: bytes, first: int = 0) -> str:
        """
        Print a job.

        @param first: how many bytes the printer is to have before the rest is sent.
        @return: the last line of the reply.
        """
        printer = self.printers[kind]
        port = list(self.printers).index(kind) + 1
        with Session(self.gateway.port) as session:
            try:
                wire = session.upload(f"PORT{port}/page")
            except ftplib.Error as refused:  # instead of the 150
                return lastLine(str(refused))
            with wire, contextlib.suppress(ConnectionError):
                wire.sendall(data[:first])
                printer.waitFor(first)
                wire.sendall(data[first:])
            return lastLine(session.reply())

    def mend(self) -> None:
        """Let no call fail any more: strace lets go of the process."""
        self._strace.terminate()
        self._strace.wait()
        until(lambda: not self._traced(), "end of strace")

    def stop(self) -> None:
        self._all.close()

    def _break(self, words: list[str]) -> None:
        self._strace = subprocess.Popen(words)
        self._all.callback(self._strace.wait)
        self._all.callback(self._strace.terminate)
        until(self._traced, "strace")

    def _traced(self) -> bool:
        states = []
        for task in Path(f"/proc/{self.gateway.pid}/task").iterdir():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # a thread that ends
                states.append((task / "status").read_text())
        return all(re.search(r"^TracerPid:\s+[1-9]", state, re.MULTILINE) for state in states)
