"""
What every figure needs: places, sinks, servers, and rounds in turn.
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from benchmarks.sender import Load, Order, send
from benchmarks.servers.server import Server
from benchmarks.sink import Manners, Received, Sink

_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Delivery:
    """
    An order carried out.

    @ivar seconds: from its beginning until both the last sender has its reply and the sinks have
        the last byte.
    @ivar cpu: seconds of processor time of the server.
    """

    seconds: float
    cpu: float
    load: Load
    received: list[Received]


_MORE = 3
"""What moves gigabytes per second depends on how sender, server and printer share the cores: with 5
rounds the ratio of two medians differed by a third from run to run (measured)."""


@dataclass
class Lab:
    """
    One run.

    @ivar place: a directory for everything.
    @ivar disk: one on a disk, for what is to survive a power cut.
    @ivar rounds: how often each is measured.
    @ivar hash: have the sinks digest what they get.
    @ivar full: the long figures in their whole length.
    @ivar scale: of sizes and counts; less than 1 is for trying things out.
    @ivar peers: whom to measure beside ours, by the beginning of their names; empty: all.
    """

    place: Path
    disk: Path = Path(tempfile.gettempdir())
    rounds: int = 5
    hash: bool = False
    full: bool = False
    scale: float = 1.0
    peers: Sequence[str] = ()
    _taken: Iterator[int] = field(default_factory=lambda: iter(range(1, 10**6)))

    def directory(self, name: str) -> Path:
        """A new directory."""
        made = self.place / f"{next(self._taken)}-{name}"
        made.mkdir()
        return made

    def sink(self, manners: Manners | None = None) -> Sink:
        """Switch a printer on."""
        return Sink(self.directory("sink"), replace(manners or Manners(), hash=self.hash))

    def scaled(self, amount: int) -> int:
        """A size or a count, for this run."""
        return max(1, int(amount * self.scale))

    def present(self, kinds: Sequence[type[Server]]) -> list[type[Server]]:
        """Those of the peers that are wanted and installed here."""
        wanted = tuple(self.peers) or ("",)
        return [
            each
            for each in kinds
            if each.name.lower().startswith(wanted) and each.version() is not None
        ]

    def interleaved(
        self, contenders: Mapping[str, Callable[[], _Result]], unsteady: bool = False
    ) -> dict[str, list[_Result]]:
        """
        Measure A, B, C, A, B, C ...; a round that warms up goes before, and is not counted.

        @param unsteady: one measurement is seldom like the next, and soon done: measure more.
        """
        rounds = self.rounds * (_MORE if unsteady else 1)
        results: dict[str, list[_Result]] = {name: [] for name in contenders}
        for turn in range(rounds + 1):
            self.say(f"    round {turn} of {rounds}" if turn else "    round to warm up")
            for name, measured in contenders.items():
                result = measured()
                if turn:
                    results[name].append(result)
        return results

    @staticmethod
    def say(text: str) -> None:
        """Tell the person who waits."""
        print(text, file=sys.stderr, flush=True)


def deliver(server: Server, sink: Sink, order: Order) -> Delivery:
    """
    Have an order carried out.

    @raise AssertionError: the sink got something else.
    """
    before = server.cpu()
    load = send(replace(order, port=server.port, ftp=server.ftp, name=server.jobName))
    extra, printed = server.afterUpload()
    received = sink.check(order.total, order.size)
    cpu = server.cpu() - before + extra
    ended = max(load.ended, printed, *(each.ended for each in received))
    return Delivery((ended - load.began) / 1e9, cpu, load, received)


@contextlib.contextmanager
def contest(lab: Lab, sink: Sink, kinds: Sequence[type[Server]]) -> Iterator[dict[str, Server]]:
    """Start servers with this sink; they stay, idle, while others are measured."""
    with contextlib.ExitStack() as stack:
        yield {
            each.name: stack.enter_context(
                each(lab.directory("server"), sink.ports)  # type: ignore[arg-type,call-arg]
            )
            for each in kinds
        }
