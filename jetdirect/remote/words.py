"""
What people read.  No I/O.

Names are senders' words: what would control a terminal is shown by its number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ..text import presentable

Row = Mapping[str, Any]


def word(value: object) -> str:
    """A value, on one line."""
    match value:
        case None | "" | []:
            return "-"
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(map(word, value))
    return presentable(str(value))


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """Lines of columns, the first with their names."""
    cells = [[*heads], *([word(each) for each in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(padded).rstrip()


def ports(rows: Iterable[Row]) -> Iterator[str]:
    """Printing ports, those that are stopped first."""
    heads = ("PORT", "STATE", "SINCE", "QUEUED", "HELD", "JOB", "WHAT IT SAYS")
    stoppedFirst = sorted(rows, key=lambda row: row["state"] != "stopped")
    return table(
        heads,
        (
            (
                row["name"],
                row["state"],
                row["since"],
                row["queued"],
                row["held"],
                row["job"],
                row["message"] or row["reasons"],
            )
            for row in stoppedFirst
        ),
    )


def jobs(rows: Iterable[Row]) -> Iterator[str]:
    """Jobs."""
    heads = ("JOB", "PORT", "STATE", "BYTES", "CREATED", "USER", "HOST", "NAME", "WHY")
    keys = ("number", "port", "state", "bytes", "created", "user", "host", "name", "reason")
    return table(heads, ([row[key] for key in keys] for row in rows))


def everything(row: Row) -> Iterator[str]:
    """All that is known of one thing, a line each."""
    width = max(map(len, row))
    return (f"{key.ljust(width)}  {word(value)}" for key, value in row.items())
