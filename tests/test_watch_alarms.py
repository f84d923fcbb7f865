"""
What an operator is told, and when: by a clock that is said.
"""

from __future__ import annotations

from jetdirect.watch.alarms import KINDS, MOST, MOST_JOBS, Digest, Ledger, Standing

AFTER, REMIND = 60.0, 3600.0
WALL = 1_000_000.0
"""The wall clock when the other one is 0."""


class Desk:
    """What stands, and one receiver, which hears all that it is told."""

    def __init__(self) -> None:
        self.standing = Standing(AFTER)
        self.ledger = Ledger(self.standing, REMIND)
        self.now = 0.0

    def at(self, now: float) -> Desk:
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
    desk = Desk()
    desk.stands("port.stopped")
    assert desk.at(59.9).told == []
    assert desk.at(60).told == [("port.stopped", "ward3")]
    assert desk.at(61).told == []
    desk.at(100).isOver("port.stopped")
    assert desk.at(159.9).told == []
    assert desk.at(160).told == [("port.recovered", "ward3")]
    assert desk.at(1000).told == []


def test_short() -> None:
    """What did not last is told neither when it begins nor when it ends; nor does it add up."""
    desk = Desk()
    for minute in range(10):
        desk.at(60 * minute).stands("port.stopped")
        assert desk.at(60 * minute + 40).told == []
        desk.isOver("port.stopped")
    assert desk.at(1000).told == []


def test_interrupted() -> None:
    """A port that works for less than a minute in between has stood all the time."""
    desk = Desk()
    desk.stands("port.stopped", text="cannot be reached")
    assert desk.at(60).told
    desk.at(70).isOver("port.stopped")
    desk.at(100).stands("port.stopped")
    assert desk.at(300).told == []
    desk.isOver("port.stopped")
    digest = desk.at(360).digest()
    assert digest is not None
    [event] = digest.events
    assert (event.event, event.text, event.since) == ("port.recovered", "well", WALL)


def test_atOnce() -> None:
    """What needs no time to be sure is told at once."""
    assert {name for name, kind in KINDS.items() if not kind.lasts} == {
        "queue.old", "job.held", "config.rejected",
    }  # fmt: skip
    desk = Desk()
    for event in ("queue.old", "config.rejected"):
        desk.stands(event)
        assert desk.told == [(event, "ward3")]
    desk.at(1).isOver("config.rejected")
    desk.isOver("queue.old")
    assert desk.told == [("queue.recovered", "ward3")], "nobody wants to hear of the other"


def test_reminders() -> None:
    """What stands is told again each hour, as it is then; and is said to be so."""
    desk = Desk()
    desk.stands("spool.short", "", "3 GB")
    assert desk.at(60).told
    desk.at(2000).stands("spool.short", "", "1 GB")
    assert desk.at(3659).told == []
    first = desk.at(3660).digest()
    assert first is not None
    [event] = first.events
    assert (event.reminder, event.text, event.since) == (True, "1 GB", WALL)
    desk.ledger.told(first)
    assert desk.at(3661).told == []
    second = desk.at(7261).digest()
    assert second is not None and second.id != first.id


def test_neverReminded() -> None:
    """With 0 nothing is told again."""
    desk = Desk()
    desk.ledger = Ledger(desk.standing, 0)
    desk.stands("queue.old")
    assert desk.told
    assert desk.at(10**8).told == []


def test_notTold() -> None:
    """A receiver that did not answer is told again what still stands, under the same number."""
    desk = Desk()
    desk.stands("port.stopped")
    desk.stands("port.stopped", "lab")
    first = desk.at(60).digest()
    assert first is not None and len(first.events) == 2
    again = desk.at(70).digest()
    assert again == first, "so whoever had it, and could not say so, knows it"
    desk.isOver("port.stopped", "lab")
    assert desk.at(140).told == [("port.stopped", "ward3")], "of the other it knows nothing"
    assert desk.at(141).told == []


def test_againBeforeItsEndWasTold() -> None:
    """What ended and began again while a receiver was away is what it knows already."""
    desk = Desk()
    desk.stands("port.stopped")
    assert desk.at(60).told
    desk.isOver("port.stopped")
    desk.at(130).standing.settle(130)
    desk.stands("port.stopped")
    assert desk.at(200).told == []
    desk.isOver("port.stopped")
    assert desk.at(270).told == [("port.recovered", "ward3")]


def test_heldJobs() -> None:
    """Each held job has a line; and when somebody is reminded, each port."""
    desk = Desk()
    for number in (31, 32):
        desk.ledger.held(number, "ward3", f"job {number} is held", WALL)
        desk.stands("job.held", "ward3", f"{number - 30} jobs are held")
    digest = desk.digest()
    assert digest is not None
    assert [each.job for each in digest.events] == [31, 32]
    desk.ledger.told(digest)
    assert desk.at(100).told == []
    reminder = desk.at(REMIND).digest()
    assert reminder is not None
    [event] = reminder.events
    assert (event.text, event.job, event.reminder) == ("2 jobs are held", None, True)


def test_heldBefore() -> None:
    """Jobs that were held when the gateway was started are told of by port."""
    desk = Desk()
    desk.stands("job.held", "ward3", "5 jobs are held")
    assert desk.told == [("job.held", "ward3")]


def test_releasedBefore() -> None:
    """A job that was released before anybody could be told is nobody's matter."""
    desk = Desk()
    desk.ledger.held(31, "ward3", "job 31 is held", WALL)
    desk.stands("job.held")
    desk.ledger.released(31)
    desk.isOver("job.held")
    assert desk.told == []


def test_heldMeanwhile() -> None:
    """A job that is held while a receiver is told is in its next digest."""
    desk = Desk()
    desk.ledger.held(31, "ward3", "job 31 is held", WALL)
    digest = desk.digest()
    assert digest is not None
    desk.ledger.held(32, "ward3", "job 32 is held", WALL)
    desk.ledger.held(31, "ward3", "job 31 is held again", WALL + 5)
    desk.ledger.told(digest)
    after = desk.digest()
    assert after is not None
    assert [each.text for each in after.events] == ["job 31 is held again", "job 32 is held"]


def test_removedPort() -> None:
    """A port that is taken away neither stands nor recovers."""
    desk = Desk()
    for port in ("ward3", "lab"):
        desk.stands("port.stopped", port)
    desk.stands("spool.short", "")
    assert len(desk.at(60).told) == 3
    desk.standing.keep({"lab"})
    assert desk.told == []
    assert {key[1] for key in desk.standing.alarms} == {"lab", ""}


def test_many() -> None:
    """A digest has a bounded number of lines; the rest is counted, and not told one by one."""
    desk = Desk()
    for number in range(MOST_JOBS + 50):
        desk.ledger.held(number, f"h{number}", "x" * 200, WALL)
    for number in range(4000):
        desk.stands("port.stopped", f"ward{number}")
    digest = desk.at(60).digest()
    assert digest is not None
    assert len(digest.events) == MOST
    assert digest.more == MOST_JOBS + 4000 - MOST
    desk.ledger.told(digest)
    assert desk.at(61).told == []
