"""
A real serial server, ser2net, between TCP and a serial line that a pseudo terminal plays.

A pseudo terminal has no speed, and tells nobody what waits in it (C{TIOCOUTQ} is always 0), so
ser2net throws away what it has at the end of a connection: a test lets the printer read before.
"""

from __future__ import annotations

import os
import select
import socket
import threading
import tty
from collections.abc import Callable
from pathlib import Path

from tests.support.p910nd import listens
from tests.support.peer import PATIENCE, Peer, Printer
from tests.support.started import Daemon, borrowed, freePort

#: Says the printer to ser2net, which must know of it: C{xonxoff} among the settings of the line.
XON, XOFF = b"\x11", b"\x13"


class SerialPrinter(Peer):
    """
    A printer at the far end of a serial line.

    @ivar path: the device file of the near end.
    """

    def __init__(self) -> None:
        self._wire, self._line = self._ends()
        self._printed = bytearray()
        self._news = threading.Condition()
        self._paper = threading.Event()
        self._paper.set()
        self._off, self._switch = os.pipe()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _ends(self) -> tuple[int, int]:
        """Both ends of the line: ours to read from, and the near one, so that it never hangs up."""
        wire, line = os.openpty()
        tty.setraw(line)
        self.path = os.ttyname(line)
        return wire, line

    def _read(self) -> None:
        while True:
            self._paper.wait()
            if self._off in select.select([self._wire, self._off], [], [])[0]:
                return
            if self._paper.is_set():
                some = os.read(self._wire, 65536)
                with self._news:
                    self._printed += some
                    self._news.notify_all()

    def paperOut(self) -> None:
        """Read no more; some bytes may still be on their way into L{printed}."""
        self._paper.clear()

    def paperIn(self) -> None:
        """Go on."""
        self._paper.set()

    def say(self, text: bytes) -> None:
        """Something of its own."""
        os.write(self._wire, text)

    @property
    def printed(self) -> bytes:
        """All that was printed so far."""
        with self._news:
            return bytes(self._printed)

    def waitFor(self, count: int, seconds: float = PATIENCE) -> bytes:
        """
        Wait until so many bytes were printed since the start.

        @return: all that was printed since the start.
        """
        return self.waitUntil(lambda printed: len(printed) >= count, seconds)

    def waitUntil(self, fact: Callable[[bytearray], bool], seconds: float = PATIENCE) -> bytes:
        """
        Wait until what was printed since the start is so.

        @return: all of it.
        """
        with self._news:
            there = self._news.wait_for(lambda: fact(self._printed), seconds)
            assert there, f"{len(self._printed)} bytes, ends {bytes(self._printed[-20:])!r}"
            return bytes(self._printed)

    def stop(self) -> None:
        """Unplug it: the line hangs up."""
        if self._reader.is_alive():
            os.write(self._switch, b"x")
            self._paper.set()
            self._reader.join(PATIENCE)
            for each in (self._wire, self._line, self._off, self._switch):
                os.close(each)


class _Server(Daemon):
    def waitForListener(self, port: int) -> None:
        """Other than by connecting, which would open the line."""
        self._waitFor(lambda: listens(port), f"listener on port {port}")


class Ser2net(Printer):
    """
    ser2net on a free port of the loopback interface.
    """

    def __init__(self, directory: Path, connector: str, *options: str) -> None:
        """
        @param connector: what ser2net is to connect with TCP, such as
            C{serialdev,/dev/ttyS0,9600n81,local}.
        @param options: of the connection, such as C{kickolduser: true}.
        """
        found = borrowed("ser2net", "ser2net")
        self.host = "127.0.0.1"
        self.port = freePort()
        lines = [
            "connection: &printer",
            f"  accepter: tcp,{self.host},{self.port}",
            f"  connector: {connector}",
            *(["  options:"] if options else []),
            *(f"    {each}" for each in options),
        ]
        self._settings = directory / "ser2net.yaml"
        self._settings.write_text("\n".join(lines) + "\n")
        self._program = found
        self.start()

    def start(self) -> None:
        """Come back when it listens."""
        # In the foreground, no lock files below /var/lock, these settings.
        command = [self._program, "-n", "-d", "-u", "-c", str(self._settings)]
        self._daemon = _Server(command, self._settings.with_suffix(".log"))
        self._daemon.waitForListener(self.port)

    def connect(self) -> socket.socket:
        """A connection beside the gateway."""
        return socket.create_connection((self.host, self.port), PATIENCE)

    def waitForPath(self, path: Path) -> None:
        """Wait until it has made a line of its own (C{pty(link=PATH)})."""
        self._daemon.waitForPath(path)

    def stop(self) -> None:
        """End it."""
        self._daemon.stop()
