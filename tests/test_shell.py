"""
The print shell: where a path leads, and what a session sees of its jobs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock

from jetdirect.configuration import Configuration
from jetdirect.ftp.shell import UNKNOWN_NAME, PrintShell
from jetdirect.gateway import Gateway
from jetdirect.job import Sender
from jetdirect.named import PortSettings
from jetdirect.server import PrintServer
from jetdirect.testing import FakePrinter, FakeSender

PAGE = b"%!PS\n\xff\xf4\r\n\n\r\x00\x1b%-12345X\x04showpage\n" * 1000
NOON = 1_750_000_000.0
KEYS = ("size", "directory", "permissions", "hardlinks", "modified", "owner", "group")


class ShellUser:
    """A shell with two printers."""

    def __init__(self, clock: Any = None) -> None:
        self.printers = [FakePrinter("HP LaserJet 4000"), FakePrinter("second")]
        self.server = PrintServer(
            self.printers, clock or Clock(), PortSettings(connectTimeout=0), wallClock=lambda: NOON
        )
        self.shell = PrintShell(self.server, Sender("bob", "192.0.2.1", 40001))


@pytest.fixture
def shellUser() -> ShellUser:
    """A fresh one."""
    return ShellUser()


@pytest.mark.parametrize(
    ("directory", "path", "port", "name"),
    [
        ((), "a.ps", "PORT1", "a.ps"),
        (("PORT2",), "a.ps", "PORT2", "a.ps"),
        (("PORT2",), "port1", "PORT1", UNKNOWN_NAME),
        ((), "/PORT2/x/y", "PORT2", "x/y"),
        (("PORT2",), "/x/y", "PORT2", "x/y"),
        (("PORT1",), "../PORT2/a", "PORT2", "a"),
        (("PORT2",), "../a", "PORT1", "a"),
        ((), "PORT2\\x.ps", "PORT2", "x.ps"),
        ((), r"c:\x.ps", "PORT1", r"c:\x.ps"),
        ((), "", "PORT1", UNKNOWN_NAME),
    ],
)
def test_where(
    shellUser: ShellUser, directory: Sequence[str], path: str, port: str, name: str
) -> None:
    """A job prints, and is named, where its path leads; elsewhere than in a port by default."""
    found = shellUser.shell.resolve(directory, path)
    job = shellUser.shell.submit(shellUser.shell.portOf(found), shellUser.shell.nameOf(found))
    assert (job.port, job.name) == (port, name)


def test_jobsOfAPort() -> None:
    """LIST of a printing port shows the session's jobs there, once each, with their states."""
    reactor = MemoryReactorClock()
    gateway = Gateway(Configuration([FakePrinter(), FakePrinter()], []), reactor)
    sender, other = FakeSender(gateway.factory), FakeSender(gateway.factory)
    sender.login()
    other.login()
    sender.upload("whole.ps", b"1234")
    sender.upload("PORT1/stored.ps", b"12")
    sender.begin("half.ps")
    assert sender.data is not None
    sender.data.receive(b"123")
    sender.data.rst()
    sender.hear()
    sender.upload("PORT2/elsewhere.ps", b"1")

    def listed(who: FakeSender, command: str) -> list[tuple[str, ...]]:
        who.passive()
        who.say(command)
        assert who.data is not None
        rows = [line.split() for line in who.data.said().decode().splitlines()]
        return [(row[-1], *row[2:5:2]) if len(row) > 1 else tuple(row) for row in rows]

    sender.settle()
    assert listed(sender, "LIST PORT1") == [
        ("stored.ps", "-", "2"),
        ("whole.ps", "completed", "4"),
        ("half.ps", "aborted", "3"),
    ]
    assert listed(sender, "NLST PORT1") == [("stored.ps",)]
    assert listed(other, "LIST PORT1") == []
