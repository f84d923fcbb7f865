"""
The kept jobs of one printing port: what is counted is what is there, whatever happens to them.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock

from jetdirect.record import JobState
from jetdirect.spool.context import GonePort
from jetdirect.spool.portjobs import PORT_REMOVED, PortJobs
from jetdirect.spool.record import JobPlace, Kept
from tests.support.spooled import RECORD

HOSTS = ("192.0.2.7", "192.0.2.8")


def jobs(shared: object = None) -> PortJobs:
    """Of a port, none."""
    context: Any = SimpleNamespace(shared=shared, clock=Clock(), wallClock=lambda: 100.0)
    return PortJobs(GonePort("Ward3"), context)


def queued(known: PortJobs, *kept: Kept) -> None:
    """These wait."""
    for each in kept:
        known.add(each, JobPlace.QUEUE)
        known.lineUp(each)


def printing(known: PortJobs, number: int, blocked: float | None = None) -> None:
    """This one has the printer."""
    attempt: Any = SimpleNamespace(number=number, begun=True, blocked=blocked, progress=7)
    known.attempt = attempt


NONE = Kept(0, 0, 0)

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["come", "come held", "hold", "release", "next", "end", "forget", "drop"]),
        st.integers(0, 5),
    ),
    max_size=30,
)


@given(STEPS)
def test_counts(steps: list[tuple[str, int]]) -> None:
    """Whatever happens to jobs, their counts, bytes, hosts and order are those of what is there."""
    known, model = jobs(), dict[int, tuple[Kept, JobPlace]]()
    for step, number in steps:
        kept, place = model.get(number, (NONE, None))
        match step, place:
            case ("come" | "come held", None):
                new = Kept(10 * number, number, 3 + number, HOSTS[number % 2])
                where = JobPlace.QUEUE if step == "come" else JobPlace.HELD
                known.add(new, where)
                if where is JobPlace.QUEUE:
                    known.lineUp(new)
                model[number] = new, where
            case ("hold", JobPlace.QUEUE):
                known.unqueue(kept)
                known.put(number, JobPlace.HELD)
                model[number] = kept, JobPlace.HELD
            case ("release", JobPlace.HELD):
                known.put(number, JobPlace.QUEUE)
                known.lineUp(kept)
                model[number] = kept, JobPlace.QUEUE
            case ("next", JobPlace.QUEUE):
                first = kept._replace(place=min(each.place for each, _ in model.values()) - 1)
                known.unqueue(kept)
                known.put(number, JobPlace.QUEUE)
                known.lineUp(first)
                model[number] = first, JobPlace.QUEUE
            case ("end", JobPlace.QUEUE | JobPlace.HELD):
                known.discount(kept)
                known.put(number, JobPlace.DONE)
                model[number] = kept, JobPlace.DONE
            case ("forget", JobPlace.DONE):
                known.forget(number)
                del model[number]
            case ("drop", _):
                known.drop(number)
                model.pop(number, None)
        waiting = [each for each, where in model.values() if where is JobPlace.QUEUE]
        here = [each for each, where in model.values() if where is not JobPlace.DONE]
        assert known.waiting == sorted(waiting)
        assert known.places == {number: where for number, (_, where) in model.items()}
        assert known.held == len(here) - len(waiting)
        assert known.bytes == sum(each.size for each in here)
        assert [known.of(host) for host in HOSTS] == [
            sum(each.host == host for each in here) for host in HOSTS
        ]
        assert known.numbers() == [each.number for each, _ in sorted(model.values())]


def test_dropped() -> None:
    """Of a job that has ended nothing is taken off what waits."""
    known = jobs()
    queued(known, Kept(1, 1, 10, HOSTS[0]), Kept(2, 2, 10, HOSTS[0]))
    known.discount(known.kept(1))
    known.put(1, JobPlace.DONE)
    known.drop(1)
    known.drop(1)
    assert (known.bytes, known.of(HOSTS[0]), known.numbers()) == (10, 1, [2])


def test_lineUpTwice() -> None:
    """A job stands in the line once."""
    known, kept = jobs(), Kept(1, 1, 10)
    queued(known, kept)
    known.lineUp(kept)
    assert known.waiting == [kept] and known.isNext(kept)
    known.unqueue(kept)
    known.unqueue(kept)
    assert known.waiting == [] and not known.isNext(kept)


@pytest.mark.parametrize(
    ("place", "state"),
    [
        (JobPlace.QUEUE, JobState.PENDING),
        (JobPlace.HELD, JobState.HELD),
        (JobPlace.DONE, JobState.COMPLETED),
    ],
)
def test_status(place: JobPlace, state: JobState) -> None:
    """The state of a job is known without the disk, and why it is held."""
    known = jobs()
    assert known.status(1) is None
    known.add(Kept(1, 1, 10), place)
    known.reasons[1] = "held by bob"
    reason = "held by bob" if state is JobState.HELD else ""
    assert known.status(1) == (state, 10, reason)


def test_printing() -> None:
    """The one that has the printer prints, or is stopped while that takes nothing."""
    known = jobs()
    queued(known, Kept(1, 1, 10), Kept(2, 2, 10))
    printing(known, 1)
    assert known.isPrinting(1) and not known.isPrinting(2)
    assert [known.stateOf(number) for number in (1, 2)] == ["processing", "pending"]
    printing(known, 1, blocked=0.0)
    assert known.stateOf(1) == "processing-stopped"
    known.attempt.begun = False  # type: ignore[union-attr]
    assert known.printing is None and known.stateOf(1) == "pending"


def test_oldest() -> None:
    """The one that waits longest for the printer; the one that has it does not wait."""
    known = jobs()
    assert known.oldest is None
    queued(known, Kept(1, 1, 10, received=5.0), Kept(2, 2, 10, received=9.0), Kept(3, 3, 10))
    assert known.oldest == 5.0
    printing(known, 1)
    assert known.oldest == 9.0


def test_removed() -> None:
    """What waits at a port that is no more waits for a person."""
    known = jobs()
    queued(known, Kept(1, 1, 10))
    assert known.seen(RECORD.but(number=1)).state is JobState.PENDING
    known.removed = True
    assert known.status(1) == (JobState.HELD, 10, PORT_REMOVED)
    seen = known.seen(RECORD.but(number=1))
    assert (seen.state, seen.reason) == (JobState.HELD, PORT_REMOVED)


def test_seen() -> None:
    """How far the printing one is, and since when the printer takes nothing; who was not told."""
    known = jobs()
    queued(known, Kept(1, 1, 10))
    printing(known, 1, blocked=-4.0)
    known.unheard.add(1)
    seen = known.seen(RECORD.but(number=1, attempts=1))
    assert (seen.state, seen.sent, seen.blocked, seen.heard) == ("processing", 7, 4.0, False)
    assert known.seen(RECORD.but(number=1), JobPlace.HELD).sent == 0


@pytest.mark.parametrize("end", [*JobState][-3:])
def test_unread(end: JobState) -> None:
    """A job whose record cannot be read is shown with what is known without it."""
    known = jobs()
    known.add(Kept(1, 1, 10, "192.0.2.7"), JobPlace.HELD)
    known.reasons[1] = "its record cannot be read"
    record = known.unread(known.kept(1))
    assert (record.name, record.host, record.size) == ("", "192.0.2.7", 10)
    assert known.seen(record).reason == "its record cannot be read"
    known.put(1, JobPlace.DONE)
    known.ends[1] = end
    assert known.seen(known.unread(known.kept(1))).state is end


def test_unreadEnd() -> None:
    """Likewise an ended one of which it is not known how it ended: it counts as printed."""
    known = jobs()
    known.ended(Kept(1, 1, 10))
    assert known.stateOf(1) is JobState.COMPLETED
    assert known.seen(known.unread(known.kept(1))).state is JobState.COMPLETED


def test_shared() -> None:
    """Where another gateway prints, a job is where that one says."""
    known = jobs(shared=object())
    assert not known.mine
    known.add(Kept(1, 1, 10), JobPlace.ACTIVE)
    assert known.stateOf(1) is JobState.PROCESSING
