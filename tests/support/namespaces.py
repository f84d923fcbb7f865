"""
Machines with addresses of their own on one cable: network namespaces (Linux, as root).
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.peer import Peer


class Namespaces(Peer):
    """
    A cable, and machines at it; this one is at it, too, as number 254.

    Each cable has a net of its own (RFC 2544, for tests of networks): another process has others.

    @ivar net: the first three numbers of all addresses.
    @ivar names: the namespaces, one for each machine.
    """

    def __init__(self, count: int) -> None:
        """Or skip the test that asks, where that cannot be."""
        if os.geteuid() or shutil.which("ip") is None:
            pytest.skip("network namespaces need root and iproute2")
        self._made: list[list[str]] = []
        self._bridge, number = self._free()
        self.net, self._second = f"198.18.{number}", f"198.19.{number}"
        self.names = [f"{self._bridge}-{machine}" for machine in range(1, count + 1)]
        ip(f"addr add {self.net}.254/24 dev {self._bridge}")
        ip(f"link set {self._bridge} up")
        for number, name in enumerate(self.names, start=1):
            outside = name
            self._make("netns", f"add {name}", f"del {name}")
            ip(f"link add {outside} type veth peer name eth0 netns {name}")
            ip(f"link set {outside} master {self._bridge} up")
            self.run(number, f"ip addr add {self.net}.{number}/24 dev eth0")
            self.run(number, "ip link set eth0 up")
            self.run(number, "ip link set lo up")

    def _free(self) -> tuple[str, int]:
        # The name of the bridge has the number of its net: the kernel gives a name only once.
        for number in range(256):
            bridge = f"jdnet{number}"
            try:
                self._make("link", f"add {bridge} type bridge", f"del {bridge}")
            except subprocess.CalledProcessError:
                if not Path(f"/sys/class/net/{bridge}").exists():
                    break
            else:
                return bridge, number
        pytest.skip("no network namespaces may be made here")

    def second(self, number: int) -> str:
        """Another cable to a machine, from here, that nobody pulls.  @return: our address on it."""
        outside = f"{self._bridge}s{number}"
        ip(f"link add {outside} type veth peer name eth1 netns {self.names[number - 1]}")
        ip(f"addr add {self._second}.254/24 dev {outside}")
        ip(f"link set {outside} up")
        self.run(number, f"ip addr add {self._second}.{number}/24 dev eth1")
        self.run(number, "ip link set eth1 up")
        return f"{self._second}.254"

    def inside(self, number: int) -> list[str]:
        """What is to stand before a command that is to run on a machine; they count from 1."""
        return ["ip", "netns", "exec", self.names[number - 1]]

    def run(self, number: int, command: str) -> str:
        """Do something there."""
        done = subprocess.run(
            [*self.inside(number), *command.split()], check=True, capture_output=True, text=True
        )
        return done.stdout

    def plug(self, number: int, there: bool) -> None:
        """Put in or pull out a machine's cable."""
        ip(f"link set {self.names[number - 1]} {'up' if there else 'down'}")

    def stop(self) -> None:
        """Nothing of it stays."""
        while self._made:
            subprocess.run(self._made.pop(), check=False, capture_output=True)

    def _make(self, kind: str, add: str, delete: str) -> None:
        ip(f"{kind} {add}")
        self._made.append(["ip", kind, *delete.split()])


def ip(words: str) -> None:
    """One command of iproute2's."""
    subprocess.run(["ip", *words.split()], check=True, capture_output=True)
