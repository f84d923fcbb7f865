"""
TLS, from the sender's side: real TLS, on simulated connections.
"""

from __future__ import annotations

import datetime
import functools
import socket
import ssl
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from jetdirect.certificate import ServerCertificate

from .kernel import End

_RECORD = 16384


@functools.cache
def certificate() -> ServerCertificate:
    """
    The gateway's, made once in a process.

    Everything in it is of a fixed length, so that every process sends as many bytes.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.x509.oid import NameOID

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "gateway")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime.datetime(2020, 1, 1))
        .not_valid_after(datetime.datetime(2049, 1, 1))
        .sign(key, hashes.SHA256())
    )
    with TemporaryDirectory() as directory:
        file = Path(directory) / "both.pem"
        file.write_bytes(
            made.public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.TraditionalOpenSSL,
                serialization.NoEncryption(),
            )
        )
        return ServerCertificate(str(file), str(file))


@functools.cache
def _client() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class SecureEnd:
    """
    An L{End} that may be encrypted: what is not said here is the connection's own.

    @ivar end: the connection itself.
    @ivar secure: from now on everything is encrypted.
    @ivar ready: the handshake is over.
    @ivar flights: how often there was something to be sent; after two of them it may be over for
        the other side.
    """

    def __init__(self, end: End) -> None:
        self.end = end
        self.secure = False
        self.ready = False
        self.flights = 0
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls: ssl.SSLObject
        self._waiting = b""
        self._held: bytes | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.end, name)

    @property
    def label(self) -> str:
        """What the trace calls it."""
        return self.end.label

    @label.setter
    def label(self, label: str) -> None:
        self.end.label = label

    @property
    def segment(self) -> int:
        """The longest segment."""
        return self.end.segment

    @segment.setter
    def segment(self, size: int) -> None:
        self.end.segment = size

    def hold(self) -> None:
        """What is sent from now on waits for the end of the handshake."""
        self._held = b""

    def startTLS(self) -> None:
        """
        Begin the handshake.

        @raise OSError: as L{turn}.
        """
        self.secure = True
        self._tls = _client().wrap_bio(self._in, self._out)
        self.turn()

    def turn(self) -> bool:
        """
        Read and write what the handshake needs.

        @return: is there nothing left to be written, and may the program write?
        @raise OSError: there will be no handshake, or the connection is broken.
        """
        self._feed()
        if not self.ready:
            try:
                self._tls.do_handshake()
                self.ready = True
                held, self._held = self._held, None
                if held:
                    self._tls.write(held)
            except ssl.SSLWantReadError:
                pass
        return self._flush() and self.ready

    def send(self, data: bytes) -> int:
        """As L{End.send}."""
        if self._held is not None:
            self._held += data
            return len(data)
        if not self.secure:
            return self.end.send(data)
        if not self.turn():
            raise BlockingIOError
        size = self._tls.write(data[:_RECORD])
        self._flush()
        return size

    def recv(self, limit: int) -> bytes:
        """As L{End.recv}."""
        if not self.secure:
            return self.end.recv(limit)
        self.turn()
        if not self.ready:
            raise BlockingIOError
        try:
            return self._tls.read(limit)
        except ssl.SSLWantReadError:
            raise BlockingIOError from None
        except ssl.SSLZeroReturnError:
            return b""

    def notify(self) -> bool:
        """
        Say with close_notify that this is the end.

        @return: it went out, and all before it.
        """
        try:
            if not self.turn():
                return False
            self._tls.unwrap()
        except ssl.SSLWantReadError:
            pass
        except OSError:
            return False
        return self._flush()

    @property
    def wholeRecords(self) -> bool:
        """The kernel has everything that was ever to be sent, and no half of a record."""
        return not self.secure or not (self._waiting or self._out.pending)

    def cutRecord(self) -> None:
        """Send the first half of a record that will have no second one."""
        if self.turn():
            self._tls.write(b"cut off")
            record = self._out.read()
            self.end.send(record[: len(record) // 2])

    def shutdown(self, how: int = socket.SHUT_WR) -> None:
        """As L{End.shutdown}, and not a word of TLS."""
        self.end.shutdown(how)

    def _feed(self) -> None:
        try:
            while data := self.end.recv(65536):
                self._in.write(data)
            self._in.write_eof()
        except BlockingIOError:
            pass

    def _flush(self) -> bool:
        self.flights += bool(self._out.pending)
        self._waiting += self._out.read()
        try:
            while self._waiting:
                self._waiting = self._waiting[self.end.send(self._waiting) :]
        except BlockingIOError:
            return False
        return True


def secured(end: End) -> SecureEnd:
    """A connection that is encrypted from its first byte."""
    wrapped = SecureEnd(end)
    wrapped.startTLS()
    return wrapped


Connection = End | SecureEnd
"""What a sender may hold."""
