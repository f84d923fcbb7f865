"""
Starvation (A8 to A10): one host that wants all the sessions, or never ends one.
"""

from __future__ import annotations

import contextlib
import re
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

from laboratory.attacks.figures import Figures, spread
from laboratory.attacks.victim import GATEWAY, HONEST, HOSTILE, OWNER, Innocent, Victim
from laboratory.attacks.wire import Wire
from tests.support.caller import resetConnection
from tests.support.peer import PATIENCE

#: Seconds in which an honest host has to be logged in and to have printed.
BOUND = 5.0

#: What the process may keep of a million connections that came and went.
KEPT = 2 * 1024 * 1024


def refusals(place: Path, count: int) -> Figures:
    """How long C{count} sessions too many wait for their 421, and whether they end well."""
    took = []
    with Victim(place) as victim, contextlib.ExitStack() as sessions:
        for _ in range(3):
            sessions.enter_context(Wire(victim.port))
        for _ in range(count):
            began = time.perf_counter()
            with Wire(victim.port, HOSTILE) as wire:
                took.append(time.perf_counter() - began)
                assert re.fullmatch(rb"421 [ -~]+\r\n", wire.greeting), wire.greeting
                assert wire.rest() == b""
    late = sum(1 for each in took if each > 0.1)
    return {"refusals": count, "time to the 421": spread(took), "later than 100 ms": late}


class Siege:
    """
    What one host does at full rate, each of it in a thread of its own.

    @ivar done: how often each was done.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._over = threading.Event()
        self._news = threading.Condition()
        self.done: dict[str, int] = {}
        kinds = (self.floods, self.halfLogins, self.idles, self.slowLines)
        self._threads = [threading.Thread(target=self._run, args=[each]) for each in kinds]

    def __enter__(self) -> Siege:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(PATIENCE)

    def _run(self, attack: Callable[[], None]) -> None:
        name = attack.__name__
        self.done[name] = 0
        while not self._over.is_set():
            with contextlib.suppress(OSError):
                attack()
            with self._news:
                self.done[name] += 1
                self._news.notify_all()

    def goOn(self, attacks: int = 50) -> None:
        """Wait until there were so many more."""
        with self._news:
            wanted = sum(self.done.values()) + attacks
            assert self._news.wait_for(lambda: sum(self.done.values()) >= wanted, PATIENCE)

    def _connected(self) -> socket.socket:
        return socket.create_connection((GATEWAY, self._port), PATIENCE, (HOSTILE, 0))

    def floods(self) -> None:
        """Connect and close, connect and reset."""
        self._connected().close()
        resetConnection(self._connected())

    def halfLogins(self) -> None:
        """Login without a password, for as long as it lasts."""
        with self._connected() as wire:
            wire.sendall(b"USER mallory\r\n")
            self._stay(wire)

    def idles(self) -> None:
        """A whole login, and nothing more."""
        with self._connected() as wire:
            wire.sendall(b"USER mallory\r\nPASS x\r\nEPSV\r\n")
            self._stay(wire)

    def slowLines(self) -> None:
        """A byte now and then."""
        with self._connected() as wire:
            wire.settimeout(0.02)
            while not self._over.is_set():
                wire.sendall(b"N")
                with contextlib.suppress(TimeoutError):
                    if not wire.recv(1000):
                        return

    def _stay(self, wire: socket.socket) -> None:
        wire.settimeout(0.1)
        end = time.monotonic() + 1.0
        while not self._over.is_set() and time.monotonic() < end:
            with contextlib.suppress(TimeoutError):
                if not wire.recv(1000):
                    return


def siege(place: Path, count: int) -> Figures:
    """One host at full rate; another one logs in and prints C{count} times."""
    took = []
    # Two for each: the honest host's last session may still be ending when it logs in again.
    options = ("--max-sessions=4", "--max-sessions-per-host=2")
    with Victim(place, *options, keep=False) as victim, Siege(victim.port) as hostile:
        for _ in range(count):
            hostile.goOn()
            began = time.perf_counter()
            victim.works(source=HONEST)
            took.append(time.perf_counter() - began)
        done = dict(hostile.done)
    late = sum(1 for each in took if each > BOUND)
    assert late == 0, spread(took)
    return {
        "jobs of the honest host": count,
        "printed within 5 s": count - late,
        "login to 226": spread(took),
        "attacks meanwhile": done,
    }


def connections(place: Path, count: int) -> Figures:
    """C{count} connections that come and go in five ways; what is left of them?"""
    ways: list[Callable[[socket.socket], object]] = [
        lambda wire: None,
        resetConnection,
        lambda wire: wire.sendall(b"USER half"),
        lambda wire: wire.sendall(b"QUIT\r\n"),
        lambda wire: wire.sendall(b"USER a\r\nPASS b\r\nEPSV\r\n"),
    ]
    with Victim(place, "--max-sessions=50", keep=False) as victim:

        def storm(some: int) -> None:
            for number in range(some):
                with socket.create_connection(
                    (GATEWAY, victim.port), PATIENCE, (f"127.0.1.{number % 250 + 1}", 0)
                ) as wire:
                    ways[number % len(ways)](wire)
                    if number % 20 == 0 and wire.fileno() >= 0:
                        wire.shutdown(socket.SHUT_WR)
                        while wire.recv(65536):  # not faster than it can accept
                            pass

        with Wire(victim.port):  # once it answers, it has all that it needs itself
            descriptors = victim.descriptors - 1
        victim.works()
        storm(min(count, 2000))  # what memory it needs for so many at a time it needs once
        victim.settle(descriptors)
        memory = victim.memory
        began = time.perf_counter()
        storm(count)
        seconds = time.perf_counter() - began
        left = victim.settle(descriptors) - descriptors
        grown = victim.memory - memory
        victim.works()
    assert left == 0, f"{left} descriptors"
    assert grown <= KEPT, f"{grown // 1024} KiB"
    return {
        "connections": count,
        "per second": round(count / seconds),
        "descriptors left": left,
        "memory kept, KiB": grown // 1024,
    }


def slowData(place: Path, count: int) -> Figures:
    """C{count} uploads that stop, each in another way; the printer is free again in time."""
    limit = 0.5
    took = []
    with Victim(place, f"--data-idle-timeout={limit}") as victim:
        for number in range(count):
            with Wire(victim.port, HOSTILE, login=True) as wire:
                reply = wire.say("EPSV")
                found = re.search(rb"\|(\d+)\|\)", reply)
                assert found is not None, reply
                with socket.create_connection((GATEWAY, int(found[1])), 20, (HOSTILE, 0)) as data:
                    assert wire.say("STOR page")[:3] == b"150"
                    if number % 2:
                        data.sendall(b"%!PS")
                    began = time.perf_counter()
                    with Innocent(victim.port, OWNER) as other:
                        reply = wire.reply()
                        assert reply[:3] == (b"551" if number % 2 else b"451"), reply
                        assert other.send(b"page")[:3] == "226"
                    took.append(time.perf_counter() - began)
    late = sum(1 for each in took if each > limit + 5)
    assert late == 0, spread(took)
    return {"uploads": count, "limit, s": limit, "until the next job was printed": spread(took)}
