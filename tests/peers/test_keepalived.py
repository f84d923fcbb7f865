"""
Two machines, a gateway and Debian's keepalived on each, with the configuration of the documents:
the address is where the spool's lock is.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.gateway import Gateway
from tests.support.keepalived import Keepalived
from tests.support.namespaces import Namespaces
from tests.support.peer import PATIENCE
from tests.support.rawprinter import RawPrinter
from tests.support.session import Session, lastLine

pytestmark = pytest.mark.long


class Machines:
    """Two machines with one spool."""

    def __init__(self, folder: Path) -> None:
        self.net = Namespaces(2)
        self.address = f"{self.net.net}.100"
        self.printer = RawPrinter(host=f"{self.net.net}.254")
        self.folder = folder
        self.gateways: list[Gateway] = []
        self.keepers = []
        for number in (1, 2):
            place = folder / str(number)
            place.mkdir()
            self.start(number)
            self.keepers.append(Keepalived(place, self.net, number))

    def start(self, number: int) -> None:
        """Begin the gateway of a machine."""
        gateway = Gateway(
            self.folder / str(number),
            "--port=tcp:2121",
            f"--printer={self.printer.uri()}",
            f"--spool={self.folder / 'spool'}",
            "--web=tcp:8631:interface=127.0.0.1",
            "--standby",
            before=self.net.inside(number),
            ready="stands by|FTPFactory starting",
        )
        self.gateways.append(gateway)

    def waitForAddress(self, number: int) -> float:
        """Wait until a machine has the address; the seconds that it took."""
        began = time.monotonic()
        while f"{self.address}/" not in self.net.run(number, "ip addr show dev eth0"):
            assert time.monotonic() - began < PATIENCE, self.told()
            time.sleep(0.05)
        return time.monotonic() - began

    def told(self) -> str:
        """What keepalived and the gateways have logged."""
        files = [self.folder / str(number) / "keepalived.log" for number in (1, 2)]
        return "\n".join([*(each.read_text() for each in files), *(g.log for g in self.gateways)])

    def print(self, data: bytes) -> str:
        """Send a job to the address."""
        with Session(2121, self.address) as session:
            return lastLine(session.send(data, "page.ps"))

    def close(self) -> None:
        """The end."""
        for each in [*self.keepers, *self.gateways]:
            each.stop()
        self.net.stop()
        self.printer.stop()


@pytest.fixture
def machines(tmp_path: Path) -> Iterator[Machines]:
    """Two machines."""
    made = Machines(tmp_path)
    yield made
    made.close()


def test_addressFollowsTheLock(machines: Machines) -> None:
    """
    Senders reach the gateway that serves, at one address; when it is killed they reach the other
    one, and no job that was acknowledged is lost.
    """
    machines.waitForAddress(1)
    assert "queued" in machines.print(b"first")
    # Not before: who is killed between connecting and the first byte prints it again, rightly.
    assert machines.gateways[0].jobEnd(1).startswith("completed")
    os.kill(machines.gateways[0].pid, signal.SIGKILL)
    took = machines.waitForAddress(2)
    print(f"the address moved in {took:.1f} s")
    machines.gateways[1].waitFor("FTPFactory starting")
    assert "queued" in machines.print(b"second")
    machines.gateways[1].waitFor(r"job \d+ on PORT1: completed: .*6 bytes")
    # An attempt that ended before its first byte is a connection all the same.
    assert [job for job in machines.printer.jobs if job] == [b"first", b"second"]
