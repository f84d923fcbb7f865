"""
One cell of the table, a transport with a fault, as a line of JSON.

    {"transport": "usb", "fault": "unplugged", "reply": "551 Job 27 failed: ...", "level": "",
     "reached": "a part (130964 of 300000)", "memory": 0, "stall": 0}

The machine with the special hardware writes such lines; C{--guest FILE} puts them into the table.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields

#: The faults, in the order of the table. "good" is none.
FAULTS = (
    "good",
    "refused",
    "busy",
    "slow",
    "paper out",
    "stalled",
    "closed early",
    "reset early",
    "reset late",
    "never closed",
    "unplugged",
    "aborted",
)

#: What C{reached} begins with.
WHOLE, PART, NOTHING = "whole", "a part", "nothing"


@dataclass(frozen=True)
class Row:
    """
    @ivar transport: a scheme, with what sets it apart behind it: C{usb}, C{lpd, spooled}.
    @ivar fault: one of L{FAULTS}.
    @ivar reply: the last line of the final reply; without one: what became of the job, in words
        that do not begin with a digit.
    @ivar level: the level of delivery of a 226: C{confirmed}, C{delivered}, C{sent} or
        C{sent, unconfirmed}; else empty.
    @ivar reached: what the printer had of the job, see L{reached}.
    @ivar memory: bytes by which the gateway's resident memory had grown at the end; negative: it
        had shrunk.
    @ivar stall: the longest time in milliseconds for which one turn of the reactor kept the others
        waiting; negative: not measured.
    """

    transport: str
    fault: str
    reply: str
    level: str
    reached: str
    memory: int = 0
    stall: float = -1.0

    def line(self) -> str:
        """The row as one line, without its end."""
        return json.dumps(asdict(self))


def row(line: str) -> Row:
    """
    The row that such a line is.

    @raise ValueError: it is none.
    """
    found = json.loads(line)
    known = {each.name for each in fields(Row)}
    if not isinstance(found, dict) or not {"transport", "fault"} <= found.keys() <= known:
        raise ValueError(f"no row of the table: {line}")
    made = Row(**found)
    if made.fault not in FAULTS:
        raise ValueError(f"no such fault: {made.fault}")
    if not made.reached.startswith((WHOLE, PART, NOTHING)):
        raise ValueError(f"reached what? {made.reached}")
    return made


def rows(text: Iterable[str]) -> list[Row]:
    """The rows in a file; lines that are empty or begin with C{#} are passed over."""
    return [row(line) for line in text if line.strip() and not line.startswith("#")]


def reached(sent: bytes, got: bytes) -> str:
    """
    What a printer that got these bytes had of the job.

    A tail that ends the language of a cut job does not count as bytes of it.
    """
    if got == sent:
        return WHOLE
    count = common(sent, got)
    return f"{PART} ({count} of {len(sent)})" if count else NOTHING


def common(sent: bytes, got: bytes) -> int:
    """How many bytes both have from the beginning on."""
    low, high = 0, min(len(sent), len(got))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if sent[:middle] == got[:middle] else (low, middle - 1)
    return low
