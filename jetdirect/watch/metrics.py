"""
Numbers for Prometheus: collected when they are asked for, from what the gateway knows anyway.

Needs prometheus-client, which C{pip install jetdirect[metrics]} brings.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure
from zope.interface import implementer

from ..interfaces import IMetrics, IWatcher, unheard
from ..record import JobRecord, JobState, PortRecord, PortState
from .pace import Pace

AT_A_TIME = 20
"""Lines that are written between two looks at the clock: 0.2 ms (measured, 7 us each)."""


class Waiting(NamedTuple):
    """
    A printing port, and what waits there.

    @ivar oldest: for how many seconds the oldest job waits; 0: none does.
    """

    port: PortRecord
    oldest: float


_Values = Iterable[tuple[Sequence[str], float]]
"""Values, each with those of its labels."""


class _Piece:
    """What a registry is asked for at this moment: some values of one number."""

    family: Metric

    def collect(self) -> Iterator[Metric]:
        yield self.family


@implementer(IWatcher, IMetrics)
class Metrics:
    """
    Counts jobs as they end, and writes all numbers of a gateway.

    Labels are the names of printing ports and words of RFC 8011: nothing that a sender says.
    """

    def __init__(
        self,
        clock: IReactorTime,
        ports: Callable[[], Iterable[Waiting]],
        sessions: Callable[[], int],
        spoolBytes: Callable[[], int],
    ) -> None:
        """
        @param ports: all printing ports, in pieces of work: each is made when it is asked for.
        @param sessions: how many there are.
        @param spoolBytes: of all jobs that are kept.
        """
        self._clock = clock
        self._ports = ports
        self._sessions = sessions
        self._spoolBytes = spoolBytes
        self._jobs: Counter[tuple[str, str, str]] = Counter()
        self._bytes: Counter[str] = Counter()
        self._piece = _Piece()
        self._registry = CollectorRegistry()
        self._registry.register(self._piece)
        self._asked: list[Deferred[bytes]] | None = None

    jobSubmitted = jobChanged = jobProgressed = portChanged = unheard

    def jobEnded(self, record: JobRecord) -> None:
        """L{IWatcher}."""
        self._jobs[record.port, record.outcome or "", record.delivery or ""] += 1
        self._bytes[record.port] += record.bytes

    def text(self) -> Deferred[bytes]:
        """L{IMetrics}: several that ask while they are written get the same."""
        answer: Deferred[bytes] = Deferred()
        if self._asked is not None:
            self._asked.append(answer)
            return answer
        self._asked = [answer]
        Deferred.fromCoroutine(self._text()).addBoth(self._tell)
        return answer

    def _tell(self, found: bytes | Failure) -> None:
        asked, self._asked = self._asked or [], None
        for each in asked:
            each.callback(found)

    async def _text(self) -> bytes:
        pieces: list[bytes] = []
        pace = Pace(self._clock)
        for piece in self._pieces():
            pieces.append(piece)
            await pace.rest()
        return b"".join(pieces)

    def _pieces(self) -> Iterator[bytes]:
        # Some may be empty: there is work between two pieces of text, too.
        ports: list[Waiting] = []
        for each in self._ports():
            ports.append(each)
            # A rate sees the first failure only of what was there before.
            self._jobs[each.port.name, JobState.ABORTED.value, ""] += 0
            self._bytes[each.port.name] += 0
            yield b""

        def gauge(name: str, text: str, value: Callable[[Waiting], float]) -> Iterator[bytes]:
            def make() -> GaugeMetricFamily:
                return GaugeMetricFamily(f"jetdirect_{name}", text, labels=["port"])

            return self._written(make, (([each.port.name], value(each)) for each in ports))

        yield from self._written(
            lambda: CounterMetricFamily(
                "jetdirect_jobs_total", "Jobs that ended.", labels=["port", "outcome", "delivery"]
            ),
            [*self._jobs.items()],
        )
        yield from self._written(
            lambda: CounterMetricFamily(
                "jetdirect_job_bytes_total", "Bytes of jobs that ended.", labels=["port"]
            ),
            (([name], count) for name, count in [*self._bytes.items()]),
        )
        yield from gauge("queued_jobs", "Jobs that wait.", lambda each: each.port.queued)
        yield from gauge("held_jobs", "Jobs that wait for a person.", lambda each: each.port.held)
        yield from gauge(
            "oldest_queued_seconds", "For how long the oldest job waits.", lambda each: each.oldest
        )
        yield from gauge(
            "port_stopped",
            "1 while the printing port is stopped.",
            lambda each: each.port.state is PortState.STOPPED,
        )
        yield self._one("jetdirect_sessions", "Control connections.", self._sessions())
        yield self._one("jetdirect_spool_bytes", "Bytes of kept jobs.", self._spoolBytes())

    def _written(
        self, make: Callable[[], CounterMetricFamily | GaugeMetricFamily], values: _Values
    ) -> Iterator[bytes]:
        rest, first = iter(values), True
        while some := list(islice(rest, AT_A_TIME)):
            family = make()
            for labels, value in some:
                family.add_metric(labels, value)
            text = self._formatted(family)
            # Each piece begins with the two lines of its head, which stand once.
            yield text if first else text.split(b"\n", 2)[2]
            first = False

    def _one(self, name: str, text: str, value: float) -> bytes:
        return self._formatted(GaugeMetricFamily(name, text, value=value))

    def _formatted(self, family: Metric) -> bytes:
        self._piece.family = family
        return generate_latest(self._registry)
