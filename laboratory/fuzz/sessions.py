"""
Attack a running gateway: C{python -m laboratory.fuzz.sessions --seconds 60 --seed 1}.

The scripts of C{corpus/session}, mutated, are played over real sockets by several senders at once.
Afterwards the gateway still prints, has logged no fault and nothing unprintable, and holds no more
memory or descriptors than before.  A seed decides what is sent, not when.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import threading
import time
from collections import Counter
from ftplib import error_temp
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from random import Random

from laboratory.faults.invariants import COMPLETE
from tests.support.certificate import selfSigned
from tests.support.gateway import Gateway
from tests.support.peer import PATIENCE
from tests.support.process import descriptors
from tests.support.rawprinter import RawPrinter
from tests.support.session import Session, delivered, lastLine

from .corpus import inputs
from .mutation import mutations
from .player import Player
from .targets.session import TOKENS

SENDERS = 8
"""Playing at a time, and the number of the gateway's sessions."""

GROWTH = 8 * 1024 * 1024
"""Bytes that the gateway may have grown by since it warmed up, as in tests/peers/test_memory.py."""

WARM = 0.5
"""The part of the siege after which it counts as warm: its memory is level after some minutes."""

MUTATED = 0.7
"""The part of the scripts that is mutated; the others meet what those leave behind."""

TRIES = 5
"""How often a good job is sent that is told to come again."""

OPTIONS = (
    "--busy-timeout=1",
    "--connect-timeout=1",
    "--idle-timeout=20",
    f"--max-sessions={SENDERS}",
)

_FAULT = re.compile(r"Traceback|Unhandled|\bError\b|a command of .* failed|job \d+ failed")


class Siege:
    """
    Many sessions with one gateway.

    @ivar played: how many are over.
    @ivar codes: how often each reply code came.
    @ivar wrong: what must not have been.
    """

    def __init__(self, directory: Path, seed: int, *options: str) -> None:
        self.played = 0
        self.codes: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.seed = seed
        self._claimed: Counter[int] = Counter()
        self._lock = threading.Lock()
        self.printer = RawPrinter(keep=False)
        if find_spec("OpenSSL") is not None:
            options += ("--tls-certificate", str(selfSigned(directory)))
        self.gateway = Gateway(directory, "--printer", self.printer.uri(), *OPTIONS, *options)
        self.memory = [0, 0]
        self._send()
        self.descriptors = [self._descriptors(), 0]

    def lay(self, sessions: int | None, seconds: float | None) -> None:
        """Play so many sessions, or so long; then look what is left."""
        numbers = count()
        began = time.monotonic()

        def share() -> float:
            if sessions is not None:
                return self.played / sessions
            return (time.monotonic() - began) / (seconds or 1)

        def sender() -> None:
            while share() < 1 and not self.wrong:
                with self._lock:
                    number = next(numbers)
                    if not self.memory[0] and share() > WARM:
                        self.memory[0] = self.gateway.memory()
                self._session(number)

        senders = [threading.Thread(target=sender) for _ in range(SENDERS)]
        for each in senders:
            each.start()
        for each in senders:
            each.join()
        self._look()

    def _session(self, number: int) -> None:
        seed = f"{self.seed}/{number}"
        random = Random(seed)
        known = list(inputs("session").values())
        script = random.choice(known)
        if random.random() < MUTATED:
            script = next(mutations(random.randrange(2**32), known, TOKENS))
        player = Player(self.gateway.port, random)
        try:
            player.play(script)
            heard = player.replies()
        except Exception as problem:
            self.wrong.append(f"session {seed}: {problem!r} in {script!r}")
            return
        with self._lock:
            self.played += 1
            for reply in heard:
                self.codes[reply[:3].decode()] += 1
                done = COMPLETE.match(reply.decode().rstrip("\r\n").rpartition("\n")[2])
                if done is not None:
                    self._claimed[int(done["bytes"])] += 1

    def _send(self) -> None:
        # A good job, printed by itself, or behind the end of another that keeps the printer busy.
        for left in reversed(range(TRIES)):
            try:
                with Session(self.gateway.port) as session:
                    reply = session.send(b"%!PS\nshowpage\n")
                break
            except error_temp:
                if not left:
                    raise
        assert re.search(delivered("PORT1", 14), lastLine(reply)), reply

    def _look(self) -> None:
        try:
            self._send()
        except Exception as problem:
            self.wrong.append(f"the next good job: {problem!r}")
        self.memory[1] = self.gateway.memory()
        if self.memory[0] and self.memory[1] - self.memory[0] > GROWTH:
            self.wrong.append(f"grown from {self.memory[0]} to {self.memory[1]} bytes")
        patience = time.monotonic() + PATIENCE
        while (now := self._descriptors()) > self.descriptors[0] and time.monotonic() < patience:
            time.sleep(0.1)  # nothing tells when the kernel's side of a close is done
        self.descriptors[1] = now
        if now > self.descriptors[0]:
            self.wrong.append(f"{now} descriptors are open, {self.descriptors[0]} were")
        printed = Counter(caller.received for caller in self.printer.callers)
        if not self._claimed <= printed:
            self.wrong.append(f"226 for jobs that were not printed: {self._claimed - printed}")
        for line in list(self.gateway.lines):
            if _FAULT.search(line) or not line.isprintable():
                self.wrong.append(f"logged: {line!r}")

    def _descriptors(self) -> int:
        return len(descriptors(self.gateway.pid))

    def end(self) -> None:
        """End gateway and printer."""
        self.gateway.stop()
        self.printer.stop()


def main(arguments: list[str] | None = None) -> int:
    """Read the command line and do it."""
    parser = argparse.ArgumentParser(prog="python -m laboratory.fuzz.sessions", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="how long; default 60")
    parser.add_argument("--seed", type=int, default=1, help="default 1")
    parser.add_argument("--log", type=Path, help="keep the gateway's log here")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as directory:
        siege = Siege(Path(directory), options.seed)
        try:
            siege.lay(None, options.seconds)
        finally:
            siege.end()
    if options.log is not None:
        options.log.write_text(siege.gateway.log + "\n")
    warm, end = (each / 1024 / 1024 for each in siege.memory)
    print(f"replies: {dict(sorted(siege.codes.items()))}")
    print(f"{siege.played} sessions of seed {options.seed}, {len(siege.printer.callers)} printer")
    print(f"connections; memory {warm:.1f} -> {end:.1f} MiB, descriptors {siege.descriptors}")
    for each in siege.wrong[:20]:
        print(each[:2000])
    print(f"{len(siege.wrong)} things are wrong")
    return 1 if siege.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
