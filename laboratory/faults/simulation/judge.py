"""
What only the simulation can judge, because it knows every time, every setting and every buffer.

The rules that hold of any run are in L{laboratory.faults.invariants}.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jetdirect.ftp.gathering import TICK

from ..invariants import Run, Violation

if TYPE_CHECKING:
    from .simulation import Simulation

MOMENT = 1e-4
"""Seconds: what is not distinguished."""

SOON = 0.2
"""Seconds in which a gateway that is not stalled has done what is due; the slowest reactor of the
simulation takes 0.02 s to notice something."""


STOPS_WITHIN = 5.0
"""Seconds after the drain time-out in which the gateway has stopped, whatever its printers, disks
and senders do."""


KEPT_WITHOUT_DATA, ASKED_AGAIN = 4.0, 2.0
"""Seconds for which a job may keep a printer that others wait for, without a data connection; and
the next in which somebody may have come who waits."""


@dataclass
class Times:
    """
    When it was what with one job, in seconds; L{None}: not yet.

    @ivar turn: its printing port began to open the printer; C{opened}: it was open.
    @ivar replied: its 226 was written.
    @ivar lies: what was wrong with the reason of its end at the moment of its end.
    """

    started: float
    port: str = ""
    turn: float | None = None
    opened: float | None = None
    replied: float | None = None
    ended: float | None = None
    reason: str = ""
    lies: list[str] = field(default_factory=list)


def judge(simulation: Simulation, run: Run) -> list[Violation]:
    """All violations."""
    return [Violation(rule, text) for rule, find in RULES.items() for text in find(simulation, run)]


def _grace(simulation: Simulation, run: Run) -> Iterator[str]:
    if simulation.switches.fireAndForget:
        return
    for upload in run.uploads:
        record = run.recordOf(upload)
        control, data = (
            simulation.records.control.get(upload.name),
            simulation.records.data.get(upload.name),
        )
        if record is None or record.ends != ["completed"] or control is None or data is None:
            continue
        # TLS says that it is the end before TCP does.
        seen = data.arrivedAt if simulation.switches.tls else data.endedAt
        if control.lostAt is None or seen is None:
            continue
        left = control.lostAt - seen
        if left < simulation.switches.grace - MOMENT:
            yield (
                f"{upload.name} is completed, and its control connection was lost {left:.4f} s"
                f" after the data's end; the grace is {simulation.switches.grace:g} s"
            )


def _drain(simulation: Simulation, run: Run) -> Iterator[str]:
    stopped, drain = simulation.incidents.stoppedAt, simulation.switches.drain
    if stopped is None:
        return
    last = simulation.incidents.late(stopped + drain)
    for name, job in simulation.records.times.items():
        control = simulation.records.control.get(name)
        gone = None if control is None else control.endedAt
        alone = gone is not None and gone < (job.ended or simulation.network.now)
        what = f"{name}, whose sender was gone," if alone else name
        if job.started > stopped + MOMENT:
            yield f"{name} became a job {job.started - stopped:.3f} s after the gateway was stopped"
        underWay = job.opened is not None and job.opened <= stopped
        if (
            not underWay
            and job.opened is not None
            and job.opened > simulation.incidents.late(stopped)
        ):
            yield f"{what} was begun when the gateway was stopped already"
        if job.ended is None:
            continue
        cutEarly = "shutting down" in job.reason and job.ended < stopped + drain - MOMENT
        if underWay and cutEarly:
            yield f"{name} had {drain:g} s to finish and was cut after {job.ended - stopped:.3f} s"
        if job.ended > last and job.ended > stopped and name not in simulation.records.replied:
            yield f"{what} had {drain:g} s to finish and ended after {job.ended - stopped:.3f} s"


def _stop(simulation: Simulation, run: Run) -> Iterator[str]:
    began, over = simulation.incidents.stoppedAt, simulation.incidents.stoppedFor
    if began is not None:
        until = simulation.network.now if over is None else over
        last = simulation.incidents.late(
            simulation.incidents.late(began + simulation.switches.drain) + STOPS_WITHIN
        )
        if until > last:
            drain = f"the drain time-out is {simulation.switches.drain:g} s"
            yield f"the gateway was told to stop, and did not for {until - began:.1f} s; {drain}"


def _patience(simulation: Simulation, run: Run) -> Iterator[str]:
    for name, job in simulation.records.times.items():
        busy, ended = simulation.busyTimeout, job.ended
        until = job.turn if job.turn is not None else ended
        if until is not None and until > simulation.incidents.late(job.started + busy):
            yield f"{name} waited {until - job.started:.3f} s for its turn, allowed are {busy:g}"
        refused = job.turn is None and ended is not None and "is busy with job" in job.reason
        if refused and ended is not None and ended - job.started < busy - MOMENT:
            yield f"{name} was to wait {busy:g} s for its turn, and did {ended - job.started:.3f}"
        if job.turn is None or not simulation.connectTimeout:
            continue
        until = job.opened if job.opened is not None else ended
        if until is not None and until > simulation.incidents.late(
            job.turn + simulation.connectTimeout
        ):
            allowed = f"allowed are {simulation.connectTimeout:g}"
            yield f"{name} waited {until - job.turn:.3f} s for its printer, {allowed}"


def _held(simulation: Simulation, run: Run) -> Iterator[str]:
    # A printer is not kept for somebody whose data connection is not there while others wait.
    for name, job in simulation.records.times.items():
        if job.opened is None or job.ended is None or name in simulation.records.data:
            continue
        for other in simulation.records.times.values():
            if other is job or other.port != job.port:
                continue
            since = max(job.opened, other.started)
            ends = [each for each in (other.turn, other.ended, job.ended) if each is not None]
            due = simulation.incidents.late(since + KEPT_WITHOUT_DATA)
            if min(ends) > simulation.incidents.late(due + ASKED_AGAIN):
                yield f"{name} kept its printer for {min(ends) - since:.1f} s; others waited"


def _limit(simulation: Simulation, run: Run) -> Iterator[str]:
    for upload in run.uploads:
        if any(reply.code == 552 for reply in upload.finals) and not simulation.tooLong(upload):
            yield f"{upload.name} was refused as too long after {upload.sent} bytes"


def _reasons(simulation: Simulation, run: Run) -> Iterator[str]:
    for name, job in simulation.records.times.items():
        for lie in job.lies:
            yield f"{name}: {job.reason!r}, and {lie}"


def _gathering(simulation: Simulation, run: Run) -> Iterator[str]:
    # What gathers waits for two ticks, and each of them for the reactor.
    longest = 2 * TICK + 3 * simulation.lag + MOMENT
    for name, data in simulation.records.data.items():
        job = simulation.records.times.get(name)
        ended = None if job is None else job.ended
        for since, until in data.held:
            until = until if ended is None else min(until, ended)
            stalled = any(
                began <= until and over >= since for began, over in simulation.incidents.stalls
            )
            if until - since > longest and not stalled:
                yield f"{name}: bytes lay in the kernel for {until - since:.3f} s"


RULES: dict[str, Callable[[Simulation, Run], Iterator[str]]] = {
    "grace": _grace,
    "drain": _drain,
    "stop": _stop,
    "patience": _patience,
    "kept for nobody": _held,
    "limit": _limit,
    "reasons are true": _reasons,
    "gathering": _gathering,
}
"""Each rule by its name."""
