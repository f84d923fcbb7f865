"""
A sender's end of a TCP connection, with or without TLS, which can end it in every way there is.
"""

from __future__ import annotations

import contextlib
import fcntl
import select
import socket
import ssl
import struct
import termios
import time
from pathlib import Path

from tests.support.caller import resetConnection
from tests.support.peer import PATIENCE


class Wire:
    """
    One connection; nothing blocks.

    @ivar closed: it is closed from here.
    @ivar over: the other side has ended its direction, or broken the connection.
    @ivar broken: it was an RST.
    """

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        self.socket = connection
        self.closed = False
        self.over = False
        self.broken = False

    def fileno(self) -> int:
        """For C{select}."""
        return self.socket.fileno()

    def send(self, data: bytes) -> int:
        """
        @return: how many bytes were taken; 0 when there is no room.
        @raise OSError: the connection is broken.
        """
        try:
            return self.socket.send(data)
        except BlockingIOError:
            return 0
        except OSError:
            self.over = self.broken = True
            raise

    def recv(self) -> bytes:
        """What is there, if anything; C{over} when there will be no more."""
        try:
            data = self.socket.recv(65536)
        except BlockingIOError:
            return b""
        except OSError:
            self.broken = self.over = True
            return b""
        self.over = not data
        return data

    def sendAll(self, data: bytes, seconds: float = PATIENCE) -> bool:
        """Send all of it; C{False} when it cannot be done in time."""
        deadline = time.monotonic() + seconds
        try:
            while data:
                data = data[self.send(data) :]
                left = deadline - time.monotonic()
                if data and (left <= 0 or not select.select([], [self], [], left)[1]):
                    return False
        except OSError:
            return False
        return True

    def urgent(self, data: bytes) -> None:
        """Send with the urgent pointer behind the last byte (Telnet's Synch, RFC 854)."""
        with contextlib.suppress(OSError):
            self.socket.send(data, socket.MSG_OOB)

    def unread(self) -> int:
        """How many of our bytes has the other program, on this machine, not read yet?"""
        try:
            here, there = self.socket.getsockname()[1], self.socket.getpeername()[1]
        except OSError:  # it has read all of them, and closed
            return 0
        family = "tcp6" if self.socket.family == socket.AF_INET6 else "tcp"
        for line in Path(f"/proc/net/{family}").read_text().splitlines()[1:]:
            _, local, remote, _, queues, *_ = line.split()
            ports = tuple(int(each.rpartition(":")[2], 16) for each in (local, remote))
            if ports == (there, here):
                return int(queues.rpartition(":")[2], 16)
        return 0

    def acknowledged(self, seconds: float = 2.0) -> bool:
        """Wait until the other kernel has all that was sent, our FIN included."""
        deadline = time.monotonic() + seconds
        while struct.unpack("i", fcntl.ioctl(self.socket, termios.TIOCOUTQ, bytes(4)))[0]:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.005)
        return True

    def forgetful(self, seconds: int) -> None:
        """Its kernel forgets it so soon after it was closed from here."""
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_LINGER2, seconds)

    def finish(self) -> bool:
        """End our direction in order; C{False}: it was too late for that."""
        return self.cut()

    def cut(self) -> bool:
        """Send a FIN, and under TLS not a word before."""
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            return False
        return True

    def close(self) -> None:
        """As the kernel does it for a process that ends."""
        self.closed = True
        self.socket.close()

    def reset(self) -> None:
        """Break it with an RST."""
        if not self.closed:
            self.closed = True
            resetConnection(self.socket)


class TLSWire(Wire):
    """The same, encrypted; the handshake is over when it is made."""

    def __init__(self, connection: socket.socket) -> None:
        super().__init__(connection)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out)
        self._pending = b""
        self._shakeHands()

    def _shakeHands(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                self._flushAll()
                left = deadline - time.monotonic()
                if left <= 0 or not select.select([self], [], [], left)[0]:
                    raise TimeoutError("no handshake") from None
                self._feed()
                if self.over:
                    raise ConnectionError("closed in the handshake") from None
            else:
                self._flushAll()
                return

    def _feed(self) -> None:
        data = super().recv()
        if data:
            self._in.write(data)

    def _flush(self) -> bool:
        self._pending += self._out.read()
        while self._pending:
            sent = super().send(self._pending)
            if not sent:
                return False
            self._pending = self._pending[sent:]
        return True

    def _flushAll(self) -> bool:
        pending, self._pending = self._pending + self._out.read(), b""
        return Wire.sendAll(_Bare(self.socket), pending)

    def send(self, data: bytes) -> int:
        """L{Wire}; what was taken may still have to leave."""
        if not self._flush():
            return 0
        taken = self._tls.write(data[:16384])
        self._flush()
        return taken

    def recv(self) -> bytes:
        """L{Wire}."""
        if not self.over:
            self._feed()
        try:
            data = self._tls.read(65536)
        except ssl.SSLWantReadError:
            return b""
        except ssl.SSLError:
            data = b""
        self.over = self.over or not data
        return data

    def sendAll(self, data: bytes, seconds: float = PATIENCE) -> bool:
        """L{Wire}."""
        return super().sendAll(data, seconds) and self._flushed()

    def _flushed(self) -> bool:
        try:
            return self._flushAll()
        except OSError:
            return False

    def finish(self) -> bool:
        """Send close_notify, then the FIN."""
        with contextlib.suppress(ssl.SSLError):
            self._tls.unwrap()
        return self._flushed() and super().cut()

    def cut(self) -> bool:
        """L{Wire}."""
        return self._flushed() and super().cut()


class _Bare(Wire):
    """The connection below."""
