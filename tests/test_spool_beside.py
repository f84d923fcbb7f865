"""
Steps in a thread: what the caller is told when there is none.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred, fail

from jetdirect.spool.beside import InThread
from jetdirect.spool.steps import Here, Move, Moved, Whole
from tests.support.answers import hear
from tests.support.disk import LosingDisk
from tests.support.spooled import RECORD, Work


def test_inThread() -> None:
    """Each step is one piece of work."""
    disk, work = LosingDisk(), Work()
    steps = InThread(work.do, Here(disk))
    work.hold()
    written = hear(steps.write([Whole("1", b"a page", RECORD)]))
    work.one()
    moved = hear(steps.move([Move("1", "2")]))
    work.one()
    marked = hear(steps.write([], ["2"]))
    work.one()
    assert (written, moved, marked) == ([[None]], [[Moved(True, None)]], [[]])
    assert disk.names("2") == ["data", "job.json"] and disk.isMarked("2")
    assert hear(steps.close()) == [None]


def test_noThread() -> None:
    """Nothing is kept, and each job is told."""
    why = RuntimeError("no thread")

    def none(work: object) -> Deferred[object]:
        return fail(why)

    steps = InThread(none, Here(LosingDisk()))  # type: ignore[arg-type]
    assert hear(steps.write([Whole("1", b"", RECORD)] * 2)) == [[why, why]]
    assert hear(steps.move([Move("1", "2")])) == [[Moved(False, why)]]
