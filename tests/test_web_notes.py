"""
What came of actions is shown on the row of what they were about, for a minute.
"""

from __future__ import annotations

from twisted.internet.task import Clock

from jetdirect.web.notes import KEPT, LASTING, Notes
from jetdirect.web.rows import Note

DONE, REFUSED = Note("Paused", True), Note("Not done: it has ended", False)


def test_lasting() -> None:
    """It is there for a minute, and no longer."""
    clock = Clock()
    notes = Notes(clock)
    assert notes.of("port-lab") is None
    notes.add("port-lab", DONE)
    clock.advance(LASTING - 0.1)
    assert notes.of("port-lab") == DONE and notes.of("port-ward3") is None
    clock.advance(0.1)
    assert notes.of("port-lab") is None


def test_last() -> None:
    """The last action on a row counts, and has a minute of its own."""
    clock = Clock()
    notes = Notes(clock)
    notes.add("port-lab", DONE)
    notes.add("port-ward3", DONE)
    clock.advance(LASTING / 2)
    notes.add("port-lab", REFUSED)
    clock.advance(LASTING / 2)
    assert notes.of("port-lab") == REFUSED and notes.of("port-ward3") is None
    clock.advance(LASTING / 2)
    assert notes.of("port-lab") is None


def test_many() -> None:
    """Of too many the oldest go."""
    notes = Notes(Clock())
    for number in range(KEPT + 1):
        notes.add(f"job-{number}", DONE)
    assert notes.of("job-0") is None and notes.of("job-1") == DONE == notes.of(f"job-{KEPT}")
