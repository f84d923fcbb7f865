"""
The rows of the table as lines, and what a printer had of a job.
"""

from __future__ import annotations

import pytest

from laboratory.printers.row import FAULTS, NOTHING, WHOLE, Row, common, reached, row, rows

LINE = (
    '{"transport": "usb", "fault": "unplugged", "reply": "551 Job 27 failed", "level": "",'
    ' "reached": "a part (130964 of 300000)", "memory": 0, "stall": 0}'
)


def test_line() -> None:
    """A row is a line and the other way round."""
    made = row(LINE)
    part = "a part (130964 of 300000)"
    assert made == Row("usb", "unplugged", "551 Job 27 failed", "", part, 0, 0)
    assert row(made.line()) == made
    assert rows(["# by hand", "", LINE, "\n"]) == [made]


@pytest.mark.parametrize(
    "line",
    [
        "[]",
        "{}",
        "no JSON",
        LINE.replace("unplugged", "on fire"),
        LINE.replace("a part", "much"),
        LINE.replace("memory", "memories"),
    ],
)
def test_noRow(line: str) -> None:
    """What is no row is refused."""
    with pytest.raises(ValueError, match=r"no row|no such|reached|Expecting"):
        row(line)


def test_reached() -> None:
    """Whole, a part, nothing; and what came twice is not the job."""
    job = bytes(range(200))
    assert reached(job, job) == WHOLE
    assert reached(b"", b"") == WHOLE
    assert reached(job, b"") == NOTHING
    assert reached(job, b"\x04") == NOTHING
    assert reached(job, job[:7] + b"\x1b%-12345X") == "a part (7 of 200)"
    assert reached(job, job + job) == "a part (200 of 200)"
    assert reached(job, job[:100] + job) == "a part (100 of 200)"
    assert common(job, job[:50]) == common(job[:50], job) == 50


def test_faults() -> None:
    """Each has one name."""
    assert len(set(FAULTS)) == len(FAULTS)
