"""
What a history keeps of jobs that have ended, and for how long.  No I/O.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ..record import JobRecord

MASKED = "***"
"""Instead of what follows a name's first letter; it does not tell how long it was."""


class Names(StrEnum):
    """What a history has of the names of jobs; users and hosts it needs for accounting."""

    KEEP = "keep"
    MASK = "mask"
    OMIT = "omit"


@dataclass(frozen=True)
class Retention:
    """
    What is kept; of the three bounds the first that is reached counts.

    @ivar days: those that ended within so many days.
    @ivar rows: so many jobs.
    @ivar bytes: as many as have room in a file of so many bytes.
    @ivar names: what is kept of their names.
    """

    days: int = 365
    rows: int = 1_000_000
    bytes: int = 1 << 30
    names: Names = Names.KEEP

    def kept(self, record: JobRecord) -> JobRecord:
        """A job as it is kept."""
        match self.names:
            case Names.MASK if record.name:
                return record._replace(name=record.name[0] + MASKED)
            case Names.OMIT:
                return record._replace(name="")
        return record
