"""
Several gateways that share a database and printers, each a process of its own.
"""

from __future__ import annotations

import json
import os
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from tests.support.gateway import IPV4, Gateway
from tests.support.peer import PATIENCE, Peer
from tests.support.session import Session, lastLine
from tests.support.started import freePort


class Fleet(Peer):
    """
    Some gateways.

    @ivar gateways: by their numbers; those that live.
    """

    def __init__(self, folder: Path, spool: str, *printers: str, count: int = 2) -> None:
        """@param printers: device URIs, of PORT1 and so on."""
        self.folder = folder
        self.gateways: dict[int, Gateway] = {}
        self._words = [f"--spool={spool}", *(f"--printer={each}" for each in printers)]
        self._web = [freePort() for _ in range(count)]
        self._ports = [f"port{number}" for number in range(1, len(printers) + 1)]
        for number in range(count):
            self.start(number)

    def start(self, number: int, *words: str) -> Gateway:
        """Begin one of them."""
        web = f"--web=tcp:{self._web[number]}:interface=127.0.0.1"
        gateway = Gateway(self.folder, "--port", IPV4, web, *self._words, *words)
        # The first listener that is logged is the page's.
        gateway.waitFor("PrintFTPFactory starting on")
        self.gateways[number] = gateway
        return gateway

    def kill(self, number: int) -> None:
        """Kill one."""
        gateway = self.gateways.pop(number)
        os.kill(gateway.pid, signal.SIGKILL)
        gateway.stop()

    def print(self, number: int, name: str, data: bytes) -> str:
        """Send a job to one of them; its last reply."""
        found = self.gateways[number].waitFor(r"PrintFTPFactory starting on (\d+)")
        with Session(int(found[1])) as session:
            return lastLine(session.send(data, name))

    def ask(self, number: int, path: str, body: object = None) -> Any:
        """Ask one of them over HTTP; with a body to do something."""
        url = f"http://127.0.0.1:{self._web[number]}{path}"
        heads = {"Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(urllib.request.Request(url, data, heads)) as answer:
            return json.load(answer)

    def page(self, number: int) -> str:
        """What one of them shows first, in HTML."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self._web[number]}/") as answer:
            return str(answer.read().decode())

    def jobs(self, number: int) -> dict[int, Any]:
        """All jobs that one of them knows, by their numbers."""
        return {job["number"]: job for job in self.ask(number, "/api/jobs")["jobs"]}

    def until(self, fact: Callable[[], object], seconds: float = PATIENCE) -> float:
        """Wait until something is so; the seconds that it took."""
        began = time.monotonic()
        while not fact():
            assert time.monotonic() - began < seconds, self.log
            time.sleep(0.05)
        return time.monotonic() - began

    def waitForOwners(self) -> None:
        """Wait until all gateways serve, and each port is printed on by one."""
        for number in self.gateways:
            self.until(partial(self._ready, number))
        self.until(lambda: sum(len(owned) for owned in self.owned.values()) == len(self._ports))

    def _ready(self, number: int) -> bool:
        try:
            return bool(self.ask(number, "/readyz"))
        except urllib.error.HTTPError:
            return False

    @property
    def owned(self) -> dict[int, set[str]]:
        """Which gateway prints on which ports."""
        return {
            number: {
                port["name"].lower()
                for port in self.ask(number, "/api/ports")["ports"]
                if "printed-elsewhere" not in port["reasons"]
            }
            for number in self.gateways
        }

    @property
    def log(self) -> str:
        """What all of them have logged."""
        return "\n".join(f"--- {n}\n{each.log}" for n, each in self.gateways.items())

    def stop(self) -> None:
        """The end."""
        for each in self.gateways.values():
            each.stop()
