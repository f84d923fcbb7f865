"""
Machines with addresses of their own on one cable: network namespaces (Linux, as root).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import uuid

import pytest

from tests.support.peer import Peer

NET = "198.18.77"
"""The first three numbers of all addresses (RFC 2544, for tests of networks)."""


class Namespaces(Peer):
    """
    A cable, and machines at it; this one is at it, too, as number 254.

    @ivar names: the namespaces, one for each machine.
    """

    def __init__(self, count: int) -> None:
        """Or skip the test that asks, where that cannot be."""
        if os.geteuid() or shutil.which("ip") is None:
            pytest.skip("network namespaces need root and iproute2")
        key = uuid.uuid4().hex[:6]
        self.names = [f"jd{key}{number}" for number in range(1, count + 1)]
        self._bridge = f"jd{key}"
        self._made: list[list[str]] = []
        try:
            self._make("link", f"add {self._bridge} type bridge", f"del {self._bridge}")
        except subprocess.CalledProcessError:
            pytest.skip("no network namespaces may be made here")
        ip(f"addr add {NET}.254/24 dev {self._bridge}")
        ip(f"link set {self._bridge} up")
        for number, name in enumerate(self.names, start=1):
            outside = f"{self._bridge}{number}"
            self._make("netns", f"add {name}", f"del {name}")
            ip(f"link add {outside} type veth peer name eth0 netns {name}")
            ip(f"link set {outside} master {self._bridge} up")
            self.run(number, f"ip addr add {NET}.{number}/24 dev eth0")
            self.run(number, "ip link set eth0 up")
            self.run(number, "ip link set lo up")

    def second(self, number: int, net: str) -> None:
        """Another cable to a machine, from here (C{net}.254), that nobody pulls."""
        outside = f"{self._bridge}s{number}"
        ip(f"link add {outside} type veth peer name eth1 netns {self.names[number - 1]}")
        ip(f"addr add {net}.254/24 dev {outside}")
        ip(f"link set {outside} up")
        self.run(number, f"ip addr add {net}.{number}/24 dev eth1")
        self.run(number, "ip link set eth1 up")

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
        ip(f"link set {self._bridge}{number} {'up' if there else 'down'}")

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
