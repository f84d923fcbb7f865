"""
A gateway in memory, with printers and senders in memory.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import fields
from typing import Any, ClassVar

from twisted.cred.checkers import ICredentialsChecker
from twisted.internet.address import IPv4Address
from twisted.internet.testing import MemoryReactorClock

from jetdirect.configuration import Configuration
from jetdirect.ftp.settings import SessionSettings
from jetdirect.gateway import Gateway
from jetdirect.named import PortSettings
from jetdirect.record import JobRecord
from jetdirect.testing import FakePrinter, FakeSender, MemoryWire

_OF_SESSIONS = {each.name for each in fields(SessionSettings)}


class MemoryGateway(Gateway):
    """
    A gateway without a socket, whose time passes when the test says so.

    @cvar connected: the senders of all of them, who leave at the end of each test.
    @ivar reactor: a L{MemoryReactorClock}.
    @ivar printers: what it prints on; C{printer} is the first of them.
    """

    connected: ClassVar[list[FakeSender]] = []

    def __init__(
        self,
        *printers: FakePrinter,
        reactor: Any = None,
        checkers: Sequence[ICredentialsChecker] = (),
        **settings: Any,
    ) -> None:
        """
        @param printers: none: one of them.
        @param settings: what L{SessionSettings} or L{PortSettings} know.
        """
        self.reactor: Any = reactor or MemoryReactorClock()
        self.printers = printers or (FakePrinter(),)
        self.printer = self.printers[0]
        sessions = {name: value for name, value in settings.items() if name in _OF_SESSIONS}
        ports = {name: value for name, value in settings.items() if name not in _OF_SESSIONS}
        super().__init__(
            Configuration(
                self.printers, [], SessionSettings(**sessions), PortSettings(**ports), checkers
            ),
            self.reactor,
        )

    def stranger(self, host: str = "192.0.2.1", **addresses: str) -> FakeSender:
        """Somebody who has just connected."""
        sender = FakeSender(self.factory, host, **addresses)
        self.connected.append(sender)
        return sender

    def user(self, host: str = "192.0.2.1", **addresses: str) -> FakeSender:
        """Somebody who has logged in."""
        sender = self.stranger(host, **addresses)
        assert codes(sender.login()) == [230]
        return sender

    def dialled(self) -> MemoryWire:
        """The last data connection that was dialled, as the sender sees it."""
        host, port, factory, *_ = self.reactor.tcpClients[-1]
        sender = IPv4Address("TCP", host, port)
        return MemoryWire(factory.buildProtocol(sender), peerAddress=sender)

    @property
    def job(self) -> JobRecord:
        """The last job."""
        return max(self.server.jobs, key=lambda job: job.number)

    @property
    def pages(self) -> list[bytes]:
        """What the first printer has printed, job by job."""
        return [job.data for job in self.printer.jobs if job.ended == "finished"]


def everybodyLeaves() -> None:
    """What is under way would end, and complain, when the garbage is collected."""
    while MemoryGateway.connected:
        MemoryGateway.connected.pop().wire.rst()


def codes(heard: str) -> list[int]:
    """The codes of the replies that were heard, one for each."""
    return [int(code) for code in re.findall(r"^(\d{3}) ", heard, re.MULTILINE)]
