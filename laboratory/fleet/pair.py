"""
A database and its synchronous replica, which takes its place.
"""

from __future__ import annotations

import time

from tests.support.peer import Peer
from tests.support.postgresql import PostgreSQL


class Pair(Peer):
    """
    Both.

    @ivar servers: whichever of them is the primary.
    """

    def __init__(self) -> None:
        # Each waits for the other one, whenever it is the primary.
        first = PostgreSQL("synchronous_standby_names = '*'")
        self.servers = [first, PostgreSQL(primary=first)]
        self._primary = 0

    @property
    def primary(self) -> PostgreSQL:
        """The one that takes jobs."""
        return self.servers[self._primary]

    def failOver(self, signal: str, pause: float) -> None:
        """Let the primary die, and after a pause the replica be it; the other one follows then."""
        old = self.primary
        old.halt(signal)
        self._primary = 1 - self._primary
        time.sleep(pause)
        self.primary.promote()
        old.follow(self.primary)

    def stop(self) -> None:
        """The end."""
        for each in self.servers:
            each.stop()
