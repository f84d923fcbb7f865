"""
The lines that wait for a running command.
"""

from __future__ import annotations

from jetdirect.ftp.pipeline import WAITING_COMMANDS, Line, Pipeline
from jetdirect.ftp.replies import LINE_TOO_LONG


def test_inOrder() -> None:
    """They come back in their order, replies to what was no command among them."""
    pipeline = Pipeline()
    lines: list[Line] = [("TYPE", "I"), LINE_TOO_LONG, ("PWD", "")]
    assert [pipeline.put(line) for line in lines] == [True] * 3
    assert [pipeline.next() for _ in range(4)] == [*lines, None]


def test_whileACommandRuns() -> None:
    """As long as a command runs it is nobody's turn."""
    pipeline = Pipeline()
    pipeline.put(("PWD", ""))
    pipeline.running = True
    assert pipeline.next() is None
    pipeline.running = False
    assert pipeline.next() == ("PWD", "")


def test_full() -> None:
    """One more than may wait does not."""
    pipeline = Pipeline()
    assert all(pipeline.put(("PWD", str(n))) for n in range(WAITING_COMMANDS))
    assert not pipeline.put(("QUIT", ""))
    assert pipeline.next() == ("PWD", "0")
    assert pipeline.put(("QUIT", ""))


def test_clear() -> None:
    """What was cleared is not done."""
    pipeline = Pipeline()
    pipeline.put(("PWD", ""))
    pipeline.clear()
    assert pipeline.next() is None
