"""
Stealing data connections (A4): somebody else is first at the passive port.
"""

from __future__ import annotations

import contextlib
import random
import re
import socket
import threading
from pathlib import Path

from laboratory.attacks.figures import Figures
from laboratory.attacks.victim import GATEWAY, OWNER, Victim
from laboratory.attacks.wire import Wire
from tests.support.peer import PATIENCE

THIEF = "127.0.0.9"

_STOLEN = b"STOLEN" * 100

#: Seconds after which a connection that nobody ends is said to be kept.
_KEPT = 5.0


class Theft:
    """
    One thief's connection to a passive port.

    @ivar heard: what he got to read.
    @ivar connected: the port was open to his kernel.
    """

    def __init__(self, number: int, writes: bool = True) -> None:
        self.heard = b""
        self.connected = False
        self._writes = writes
        self._wire = socket.socket()
        self._thread = threading.Thread(target=self._steal, args=[number], daemon=True)
        self._thread.start()

    def _steal(self, number: int) -> None:
        with contextlib.suppress(OSError), self._wire as wire:
            wire.settimeout(PATIENCE)
            wire.bind((THIEF, 0))
            wire.connect((GATEWAY, number))
            self.connected = True
            if self._writes:
                wire.sendall(_STOLEN)
            while more := wire.recv(65536):
                self.heard += more

    def end(self) -> Theft:
        """Wait until he has been hung up on."""
        self._thread.join(_KEPT)
        if self._thread.is_alive():
            # A kernel that closes a port in mid-handshake forgets the peer without a word; it
            # answers whatever the peer says then with a RST.
            with contextlib.suppress(OSError):
                self._wire.sendall(b"?")
            self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), "a thief's connection was kept"
        return self


def passive(wire: Wire) -> int:
    """The number of a passive port that was just opened."""
    reply = wire.say("EPSV")
    found = re.search(rb"\|\|\|(\d+)\|", reply)
    assert found is not None, reply
    return int(found[1])


def dial(number: int, source: str = OWNER) -> socket.socket:
    """The owner's own data connection."""
    return socket.create_connection((GATEWAY, number), PATIENCE, (source, 0))


def received(data: socket.socket) -> bytes:
    """All that comes over a data connection."""
    return b"".join(iter(lambda: data.recv(65536), b""))


def races(place: Path, count: int) -> Figures:
    """
    So many uploads and listings by the owner, with thieves who know the port at once.

    They come before the owner, at the same time as he, or five of them; every fourth time it is a
    listing that they want to read.
    """
    successes = connected = 0
    chance = random.Random(count)
    with Victim(place) as victim, Wire(victim.port, login=True) as owner:
        for number in range(count):
            job = chance.randbytes(chance.randrange(1, 5000))
            port = passive(owner)
            reads = number % 4 == 3
            owner.send(b"LIST\r\n" if reads else b"STOR page\r\n")
            thieves = [Theft(port, not reads) for _ in range(5 if number % 3 == 2 else 1)]
            if number % 3 == 0:
                thieves[0].end()
            with dial(port) as data:
                assert owner.reply()[:3] == b"150"
                if reads:
                    heard = received(data)
                    good = b"PORT1" in heard
                else:
                    data.sendall(job)
            good = owner.reply()[:3] == b"226" and (not reads or good)
            for thief in thieves:
                connected += thief.end().connected
                assert not thief.heard, thief.heard
            good = good and (reads or victim.printer.jobs[-1] == job)
            successes += good
        stolen = [job for job in victim.printer.jobs if b"STOLEN" in job]
        assert not stolen and successes == count, (len(stolen), successes)
        refused = len(victim.gateway.matches(f"data connection from {THIEF} refused"))
    return {
        "races": count,
        "thefts": len(stolen),
        "successes of the owner": successes,
        "thieves that reached the open port": connected,
        "refusals in the log": refused,
    }


def isClosed(number: int, source: str = OWNER, host: str = GATEWAY) -> bool:
    """
    Is nobody served at this port?

    A connection that the kernel took just before the port was closed ends without a byte.
    """
    while True:
        try:
            with socket.create_connection((host, number), PATIENCE, (source, 0)) as wire:
                wire.settimeout(_KEPT)
                wire.recv(1)
        except ConnectionRefusedError:
            return True
        except ConnectionError:
            continue
        except TimeoutError:
            return False
