"""
What people read.  No I/O.

Names are senders' words: what would control a terminal is shown by its number.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from ..text import presentable

Row = Mapping[str, Any]

NARROWEST = 6
"""Letters of a column that is cut to fit a terminal (chosen)."""

CUT = ".."
"""At the end of what is cut."""

_WHOLE = {"SINCE", "CREATED", "QUEUED", "HELD", "JOB", "BYTES"}
"""Columns of times and numbers: a part of one means nothing."""

_TIMES = {"since", "created", "completed"}


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


def local(time: object) -> str:
    """A time of RFC 3339 as the clock on the wall shows it."""
    if not isinstance(time, str):
        return word(time)
    try:
        return f"{datetime.fromisoformat(time).astimezone():%Y-%m-%d %H:%M:%S}"
    except ValueError:
        return word(time)


def brief(time: object, width: int | None) -> str:
    """The same where there is little room: the clock today, else the day."""
    text = local(time)
    day, _, clock = text.partition(" ")
    return text if width is None or not clock else clock if day == str(date.today()) else day


def table(
    heads: Sequence[str], rows: Iterable[Sequence[object]], width: int | None = None
) -> Iterator[str]:
    """
    Lines of columns, the first with their names.

    @param width: letters of a line; what is too wide is cut where it is widest.  L{None}: they may
        be as wide as they are.
    """
    cells = [[*heads], *([word(each) for each in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    widths = _fitting(widths, width, [n for n, head in enumerate(heads) if head in _WHOLE])
    for row in cells:
        padded = (_cut(cell, width).ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(padded).rstrip()


def _fitting(widths: list[int], most: int | None, whole: Collection[int]) -> list[int]:
    while most is not None and sum(widths) + 2 * (len(widths) - 1) > most:
        cut = [n for n, each in enumerate(widths) if n not in whole and each > NARROWEST]
        if not cut:
            break
        widths[max(cut, key=lambda n: widths[n])] -= 1
    return widths


def _cut(cell: str, width: int) -> str:
    return cell if len(cell) <= width else cell[: width - len(CUT)] + CUT


def ports(rows: Iterable[Row], width: int | None = None) -> Iterator[str]:
    """Printing ports, those that are stopped first."""
    heads = ("PORT", "STATE", "SINCE", "QUEUED", "HELD", "JOB", "WHAT IT SAYS")
    stoppedFirst = sorted(rows, key=lambda row: row["state"] != "stopped")
    return table(
        heads,
        (
            (
                row["name"],
                row["state"],
                brief(row["since"], width),
                row["queued"],
                row["held"],
                row["job"],
                _said(row),
            )
            for row in stoppedFirst
        ),
        width,
    )


def _said(port: Row) -> object:
    # What a printer said last is old news where it is in the configuration no more.
    gone = "port-removed" in port["reasons"]
    return port["reasons"] if gone else port["message"] or port["reasons"]


def jobs(rows: Iterable[Row], width: int | None = None) -> Iterator[str]:
    """Jobs."""
    heads = ("JOB", "PORT", "STATE", "BYTES", "CREATED", "USER", "HOST", "NAME", "WHY")
    keys = ("number", "port", "state", "bytes", "created", "user", "host", "name", "reason")
    return table(
        heads,
        ([brief(row[key], width) if key in _TIMES else row[key] for key in keys] for row in rows),
        width,
    )


def shown(key: str, value: object) -> object:
    """The value of a key, for people."""
    return local(value) if key in _TIMES else value


def everything(row: Row) -> Iterator[str]:
    """All that is known of one thing, a line each, and what has happened to it."""
    known = {key: value for key, value in row.items() if key != "events"}
    width = max(map(len, known))
    yield from (f"{key.ljust(width)}  {word(shown(key, value))}" for key, value in known.items())
    if "events" in row:
        yield ""
        yield from map(event, row["events"])


def event(row: Row) -> str:
    """Something that has happened to a job, on one line."""
    said = [local(row["time"]), word(row["event"]).ljust(9)]
    said += [word(row["text"])] if row["text"] else []
    said += [f"{row['bytes']} bytes"] if row["bytes"] is not None else []
    said += [f"by {word(row['by'])}"] if row["by"] else []
    return "  ".join(said)


def total(rows: Sequence[Row]) -> str:
    """Jobs that ended, in a sentence."""
    many, failed = len(rows), sum(row["outcome"] != "completed" for row in rows)
    bytes = sum(row["bytes"] for row in rows)
    jobs = "1 job" if many == 1 else f"{many} jobs"
    return f"{jobs}, {bytes} bytes; {failed} not printed, or in part"
