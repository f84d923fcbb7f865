"""
Jobs whose senders cannot have heard that they are kept, and the same once more.
"""

from __future__ import annotations

from twisted.internet.task import Clock

from jetdirect.spool.duplicates import WINDOW, Duplicates
from jetdirect.spool.files import FileSpool
from jetdirect.spool.record import JobPlace, Kept, SpoolRecord
from tests.support.answers import hear
from tests.support.disk import LosingDisk
from tests.support.spooled import RECORD, spooled


class Jobs:
    """A spool, and what is known of its senders."""

    def __init__(self) -> None:
        self.disk = LosingDisk()
        self.spool: FileSpool = spooled(self.disk)[0]
        self.clock = Clock()
        self.duplicates = Duplicates(self.spool, self.clock.seconds)
        self._numbers = 0

    def keep(self, data: bytes, host: str = "192.0.2.7") -> SpoolRecord:
        """A job is kept."""
        self._numbers += 1
        [draft] = hear(self.spool.begin("PORT1", self._numbers))
        hear(draft.write(data))
        [record] = hear(draft.commit(RECORD.but(host=host), JobPlace.QUEUE))
        assert isinstance(record, SpoolRecord)
        return record

    def original(self, record: SpoolRecord) -> int:
        """Of which job this is the same again."""
        [number] = hear(self.duplicates.original(record))
        assert isinstance(number, int)
        return number


def test_original() -> None:
    """The same bytes from the same host are the same job again; but once only."""
    jobs = Jobs()
    first = jobs.keep(b"a page")
    jobs.duplicates.neverTold(first)
    again = jobs.keep(b"a page")
    assert jobs.original(again) == first.number
    assert jobs.original(again) == 0


def test_another() -> None:
    """Another host, another size and other bytes are another job, and spoil nothing."""
    jobs = Jobs()
    first = jobs.keep(b"a page")
    jobs.duplicates.neverTold(first)
    assert jobs.original(jobs.keep(b"a page", "192.0.2.8")) == 0
    assert jobs.original(jobs.keep(b"a pages")) == 0
    assert jobs.original(jobs.keep(b"a gape")) == 0
    assert jobs.original(jobs.keep(b"a page")) == first.number


def test_twoOfThem() -> None:
    """A sender that lost two equal jobs sends both again."""
    jobs = Jobs()
    for _ in range(2):
        jobs.duplicates.neverTold(jobs.keep(b"a page"))
    again = jobs.keep(b"a page")
    assert [jobs.original(again) for _ in range(3)] == [1, 2, 0]


def test_toldAll() -> None:
    """Without a lost reply two equal jobs are two jobs."""
    jobs = Jobs()
    jobs.keep(b"a page")
    assert jobs.original(jobs.keep(b"a page")) == 0


def test_window() -> None:
    """A quarter of an hour later it is a job of its own."""
    jobs = Jobs()
    first = jobs.keep(b"a page")
    jobs.duplicates.neverTold(first)
    jobs.clock.advance(WINDOW)
    assert jobs.original(jobs.keep(b"a page")) == first.number
    jobs.duplicates.neverTold(first)
    jobs.clock.advance(WINDOW + 0.1)
    assert jobs.original(jobs.keep(b"a page")) == 0


def test_afterTheStart() -> None:
    """Of jobs that were there at the start nothing is known, but what was noted."""
    jobs = Jobs()
    first, second = jobs.keep(b"a page"), jobs.keep(b"b page")
    hear(jobs.spool.noteHeard(second.number))
    jobs.duplicates.found(
        Kept(each.place, each.number, each.size, each.host) for each in (first, second)
    )
    assert jobs.original(jobs.keep(b"b page")) == 0
    assert jobs.original(jobs.keep(b"a page")) == first.number


def test_gone() -> None:
    """A job that is not there any more, or cannot be read, is the original of none."""
    jobs = Jobs()
    first, second = jobs.keep(b"a page"), jobs.keep(b"a page")
    for each in (first, second):
        jobs.duplicates.neverTold(each)
    hear(jobs.spool.remove(first.number))
    jobs.disk.inode(f"ports/port1/queue/{second.number:08}/job.json").data = b"{"
    assert jobs.original(jobs.keep(b"a page")) == 0
