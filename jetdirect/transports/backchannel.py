"""
What a printer says while it prints.  It is read, or its window would fill, and it is never passed
on: a job can make a printer tell its files and passwords.
"""

from __future__ import annotations

from twisted.logger import Logger

LOGGED = 100
"""Bytes of it that are logged for one job: enough for a status line, not for a file (chosen)."""


class BackChannel:
    """
    What the printer says during one job.

    @ivar canceled: the printer has said that the job was canceled there.
    """

    canceled = False
    _log = Logger()

    def __init__(self, job: int) -> None:
        """@param job: its number."""
        self._job = job
        self._left = LOGGED

    @property
    def awaits(self) -> bool:
        """The printer was sent the whole job, and is still to say that it is done with it."""
        return False

    @property
    def confirmed(self) -> bool:
        """The printer has said that it is done with the whole job."""
        return False

    def heard(self, data: bytes) -> None:
        """The printer has said something."""
        shown, self._left = data[: self._left], max(0, self._left - len(data))
        if shown:
            self._log.debug("job {job}: the printer says {data!r}", job=self._job, data=shown)
