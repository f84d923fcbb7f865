"""
What an operator is told, and when: by a clock that is said.
"""

from __future__ import annotations

from jetdirect.watch.alarms import KINDS, MOST, MOST_JOBS, Digest, Ledger, Standing

AFTER, REMIND = 60.0, 3600.0
WALL = 1_000_000.0
"""The wall clock when the other one is 0."""


class Receiver:
    """What stands, and one receiver, which hears all that it is told."""

    def __init__(self) -> None:
        self.standing = Standing(AFTER)
        self.ledger = Ledger(self.standing, REMIND)
        self.now = 0.0

    def at(self, now: float) -> Receiver:
        """It is so late now."""
        self.now = now
        return self

    def stands(self, event: str, port: str = "ward3", text: str = "x") -> None:
        self.standing.stands(event, port, text, self.now, WALL + self.now)

    def isOver(self, event: str, port: str = "ward3", text: str = "well") -> None:
        self.standing.isOver(event, port, text, self.now)

    def digest(self) -> Digest | None:
        """What is to be told; it is not told yet."""
        self.standing.settle(self.now)
        return self.ledger.digest(self.now)

    @property
    def told(self) -> list[tuple[str, str]]:
        """The events that are told now, with their ports."""
        digest = self.digest()
        if digest is None:
            return []
        self.ledger.told(digest)
        return [(each.event, each.port) for each in digest.events]


def test_lasts() -> None:
    """A stopped port is told of when it has been so for a minute, once; and so its end."""
    receiver = Receiver()
    receiver.stands("port.stopped")
    assert receiver.at(59.9).told == []
    assert receiver.at(60).told == [("port.stopped", "ward3")]
    assert receiver.at(61).told == []
    receiver.at(100).isOver("port.stopped")
    assert receiver.at(159.9).told == []
    assert receiver.at(160).told == [("port.recovered", "ward3")]
    assert receiver.at(1000).told == []


def test_short() -> None:
    """What did not last is told neither when it begins nor when it ends; nor does it add up."""
    receiver = Receiver()
    for minute in range(10):
        receiver.at(60 * minute).stands("port.stopped")
        assert receiver.at(60 * minute + 40).told == []
        receiver.isOver("port.stopped")
    assert receiver.at(1000).told == []


def test_interrupted() -> None:
    """A port that works for less than a minute in between has stood all the time."""
    receiver = Receiver()
    receiver.stands("port.stopped", text="cannot be reached")
    assert receiver.at(60).told
    receiver.at(70).isOver("port.stopped")
    receiver.at(100).stands("port.stopped")
    assert receiver.at(300).told == []
    receiver.isOver("port.stopped")
    digest = receiver.at(360).digest()
    assert digest is not None
    [event] = digest.events
    assert (event.event, event.text, event.since) == ("port.recovered", "well", WALL)


def test_atOnce() -> None:
    """What needs no time to be sure is told at once."""
    assert {name for name, kind in KINDS.items() if not kind.lasts} == {
        "queue.old", "job.held", "config.rejected",
    }  # fmt: skip
    receiver = Receiver()
    for event in ("queue.old", "config.rejected"):
        receiver.stands(event)
        assert receiver.told == [(event, "ward3")]
    receiver.at(1).isOver("config.rejected")
    receiver.isOver("queue.old")
    assert receiver.told == [("queue.recovered", "ward3")], "nobody wants to hear of the other"


def test_reminders() -> None:
    """What stands is told again each hour, as it is then; and is said to be so."""
    receiver = Receiver()
    receiver.stands("spool.short", "", "3 GB")
    assert receiver.at(60).told
    receiver.at(2000).stands("spool.short", "", "1 GB")
    assert receiver.at(3659).told == []
    first = receiver.at(3660).digest()
    assert first is not None
    [event] = first.events
    assert (event.reminder, event.text, event.since) == (True, "1 GB", WALL)
    receiver.ledger.told(first)
    assert receiver.at(3661).told == []
    second = receiver.at(7261).digest()
    assert second is not None and second.id != first.id


def test_neverReminded() -> None:
    """With 0 nothing is told again."""
    receiver = Receiver()
    receiver.ledger = Ledger(receiver.standing, 0)
    receiver.stands("queue.old")
    assert receiver.told
    assert receiver.at(10**8).told == []


def test_notTold() -> None:
    """A receiver that did not answer is told again what still stands, under the same number."""
    receiver = Receiver()
    receiver.stands("port.stopped")
    receiver.stands("port.stopped", "lab")
    first = receiver.at(60).digest()
    assert first is not None and len(first.events) == 2
    again = receiver.at(70).digest()
    assert again == first, "so whoever had it, and could not say so, knows it"
    receiver.isOver("port.stopped", "lab")
    assert receiver.at(140).told == [("port.stopped", "ward3")], "of the other it knows nothing"
    assert receiver.at(141).told == []


def test_againBeforeItsEndWasTold() -> None:
    """What ended and began again while a receiver was away is what it knows already."""
    receiver = Receiver()
    receiver.stands("port.stopped")
    assert receiver.at(60).told
    receiver.isOver("port.stopped")
    receiver.at(130).standing.settle(130)
    receiver.stands("port.stopped")
    assert receiver.at(200).told == []
    receiver.isOver("port.stopped")
    assert receiver.at(270).told == [("port.recovered", "ward3")]


def test_heldJobs() -> None:
    """Each held job has a line; and when somebody is reminded, each port."""
    receiver = Receiver()
    for number in (31, 32):
        receiver.ledger.held(number, "ward3", f"job {number} is held", WALL)
        receiver.stands("job.held", "ward3", f"{number - 30} jobs are held")
    digest = receiver.digest()
    assert digest is not None
    assert [each.job for each in digest.events] == [31, 32]
    receiver.ledger.told(digest)
    assert receiver.at(100).told == []
    reminder = receiver.at(REMIND).digest()
    assert reminder is not None
    [event] = reminder.events
    assert (event.text, event.job, event.reminder) == ("2 jobs are held", None, True)


def test_heldBefore() -> None:
    """Jobs that were held when the gateway was started are told of by port."""
    receiver = Receiver()
    receiver.stands("job.held", "ward3", "5 jobs are held")
    assert receiver.told == [("job.held", "ward3")]


def test_releasedBefore() -> None:
    """A job that was released before anybody could be told is nobody's matter."""
    receiver = Receiver()
    receiver.ledger.held(31, "ward3", "job 31 is held", WALL)
    receiver.stands("job.held")
    receiver.ledger.released(31)
    receiver.isOver("job.held")
    assert receiver.told == []


def test_heldMeanwhile() -> None:
    """A job that is held while a receiver is told is in its next digest."""
    receiver = Receiver()
    receiver.ledger.held(31, "ward3", "job 31 is held", WALL)
    digest = receiver.digest()
    assert digest is not None
    receiver.ledger.held(32, "ward3", "job 32 is held", WALL)
    receiver.ledger.held(31, "ward3", "job 31 is held again", WALL + 5)
    receiver.ledger.told(digest)
    after = receiver.digest()
    assert after is not None
    assert [each.text for each in after.events] == ["job 31 is held again", "job 32 is held"]


def test_removedPort() -> None:
    """A port that is taken away neither stands nor recovers."""
    receiver = Receiver()
    for port in ("ward3", "lab"):
        receiver.stands("port.stopped", port)
    receiver.stands("spool.short", "")
    assert len(receiver.at(60).told) == 3
    receiver.standing.keep({"lab"})
    assert receiver.told == []
    assert {key[1] for key in receiver.standing.alarms} == {"lab", ""}


def test_many() -> None:
    """A digest has a bounded number of lines; the rest is counted, and not told one by one."""
    receiver = Receiver()
    for number in range(MOST_JOBS + 50):
        receiver.ledger.held(number, f"h{number}", "x" * 200, WALL)
    for number in range(4000):
        receiver.stands("port.stopped", f"ward{number}")
    digest = receiver.at(60).digest()
    assert digest is not None
    assert len(digest.events) == MOST
    assert digest.more == MOST_JOBS + 4000 - MOST
    receiver.ledger.told(digest)
    assert receiver.at(61).told == []
