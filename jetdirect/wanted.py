"""
Which jobs somebody wants to see.  No I/O.
"""

from __future__ import annotations

from dataclasses import dataclass

from .record import JobRecord

LISTED = 100
"""Jobs in an answer, unless somebody wants more (chosen)."""


@dataclass(frozen=True)
class Wanted:
    """
    What must be true of a job, all of it; what is empty is not asked for.

    @ivar port: the name of its printing port; upper and lower case are one, of C{user}, too.
    @ivar state: its state (RFC 8011, section 5.3.7).
    @ivar since: it came then or later, in seconds since the epoch; C{until}: it came before that.
    @ivar q: text that is somewhere in its name, user, host or reason, in any case.
    @ivar before: it has a lower number.
    @ivar limit: so many at most: those with the highest numbers.
    """

    port: str = ""
    state: str = ""
    user: str = ""
    host: str = ""
    since: float | None = None
    until: float | None = None
    q: str = ""
    before: int | None = None
    limit: int = LISTED

    def has(self, record: JobRecord) -> bool:
        """Is this one of them?  The limit does not count."""
        return (
            (self.before is None or record.number < self.before)
            and (not self.port or record.port.lower() == self.port.lower())
            and (not self.state or record.state == self.state)
            and (not self.user or record.user.lower() == self.user.lower())
            and (not self.host or record.host == self.host)
            and (self.since is None or record.created >= self.since)
            and (self.until is None or record.created < self.until)
            and (not self.q or any(self.q.lower() in each.lower() for each in _texts(record)))
        )


def _texts(record: JobRecord) -> tuple[str, ...]:
    return record.name, record.user, record.host, record.reason
