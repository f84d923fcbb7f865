"""
An FTP client in memory.
"""

from __future__ import annotations

import re
from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.testing import MemoryReactorClock

from ..ftp.control import ControlConnection
from ..ftp.factory import PrintFTPFactory
from .wire import MemoryWire

_LAST_LINE = re.compile(r"^\d{3} ", re.MULTILINE)


class FakeSender:
    """
    One control connection to a L{PrintFTPFactory} whose reactor is a L{MemoryReactorClock}.

    @ivar reactor: it; C{advance} makes time pass.
    @ivar greeting: what the gateway said first.
    @ivar wire: the wire of the control connection.
    @ivar control: the gateway's end of it.
    @ivar session: who listens there: a session, or its refusal.
    @ivar data: the last data connection.
    """

    def __init__(
        self, factory: PrintFTPFactory, host: str = "192.0.2.1", local: str = "192.0.2.9"
    ) -> None:
        """
        @param host: the sender's address, IPv4 or IPv6.
        @param local: the gateway's address, as the sender sees it.
        """
        assert isinstance(factory.reactor, MemoryReactorClock)
        self.reactor = factory.reactor
        self.host = host
        there = _address(host, 40001)
        control = factory.buildProtocol(there)
        assert isinstance(control, ControlConnection)
        self.control = control
        self.session = control.listener
        self.wire = MemoryWire(control, hostAddress=_address(local, 21), peerAddress=there)
        self.data: MemoryWire | None = None
        self.greeting = self.hear()

    def hear(self) -> str:
        """What the gateway has said since the last call, without the last line's end."""
        return self.wire.said().decode("utf-8").replace("\r\n", "\n").rstrip("\n")

    def say(self, line: str | bytes) -> str:
        """Send a command, hear the replies."""
        raw = line if isinstance(line, bytes) else line.encode()
        self.wire.receive(raw + b"\r\n")
        return self.hear()

    def login(self, user: str = "anonymous", password: str = "") -> str:
        """USER and PASS; the last reply."""
        self.say(f"USER {user}")
        return self.say(f"PASS {password}")

    def passive(self) -> str:
        """Ask for a passive data connection, and make it."""
        answer = self.say("EPSV")
        self.connect()
        return answer

    def connect(self, host: str | None = None) -> MemoryWire | None:
        """Connect to the last passive port, from C{host} or from here."""
        listener = self.reactor.tcpServers[-1][1]
        there = _address(host or self.host, 40002)
        protocol = listener.buildProtocol(there)
        if protocol is None:
            return None
        self.data = MemoryWire(protocol, peerAddress=there)
        return self.data

    def begin(self, name: str, verb: str = "STOR") -> str:
        """Begin an upload over a new passive data connection; the replies so far."""
        self.passive()
        return self.say(f"{verb} {name}")

    def upload(self, name: str, data: bytes, verb: str = "STOR") -> str:
        """A whole upload; all its replies."""
        replies = self.begin(name, verb)
        return f"{replies}\n{self.send(data)}".strip("\n")

    def send(self, data: bytes) -> str:
        """Send the bytes of the upload and their end; the replies."""
        assert self.data is not None
        if self.data.connected:
            self.data.receive(data)
        if self.data.connected:
            self.data.fin()
        return self.hear()

    def settle(self) -> None:
        """Say nothing until the gateway knows that its reply was heard."""
        self.reactor.pump([0.5] * 2)


def _address(host: str, port: int) -> Any:
    kind = IPv6Address if ":" in host else IPv4Address
    return kind("TCP", host, port)
