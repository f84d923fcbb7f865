"""
What a gateway keeps: its spool, its state and its history, opened together and closed together.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from .configuration import Configuration
from .errors import HistoryUnfit, StateUnfit
from .interfaces import IHistory, ISpool
from .net.reactor import IGatewayReactor
from .server import PrintServer
from .spool.threads import LAST_WRITES, Threads
from .spool.turns import RESERVED_NUMBERS, Reserved
from .spool.where import isDatabase
from .watch.history import History

if TYPE_CHECKING:  # the stores are loaded by a gateway that has them
    from .spool.state import FileState

NUMBERS_AT_ONCE = 1600
"""Numbers that are taken from a disk at a time at most, by a gateway that has given out as many
(chosen): a flush for each hundred is a part of the time of small jobs.  A start goes on behind
them."""

LEAST = 0.5
"""Seconds that the history has for its last jobs in any case when the gateway stops (chosen)."""


class Stores:
    """
    The spool, the state and the history of a print server, as a configuration names them.

    @ivar spool: where jobs are kept; L{None}: nowhere.
    @ivar state: what remembers paused ports and the last number; L{None}: the spool, or nothing.
    @ivar history: the jobs that have ended.
    """

    _log = Logger()

    def __init__(
        self,
        configuration: Configuration,
        server: PrintServer,
        reactor: IGatewayReactor,
        spool: ISpool | None = None,
        history: IHistory | None = None,
    ) -> None:
        """
        Open them, and give them to the server.  What was opened is closed if another cannot be.

        @param spool: where jobs are kept; L{None}: in the directory or database of the
            configuration, if it names one.
        @param history: what knows the jobs that have ended; L{None}: the file of the
            configuration, or memory.
        @raise HistoryUnfit: that cannot be the history; L{StateUnfit}: likewise.
        @raise ValueError: that cannot be a spool; the message says why, and what to do.
        """
        self._configuration = configuration
        self._server = server
        self._reactor = reactor
        self.spool = self._openSpool() if spool is None else spool
        self.state: FileState | None = None
        try:  # in the spool's directory, as a rule
            self.state = self._openState()
            self.history = self._openHistory() if history is None else history
        except (HistoryUnfit, StateUnfit):
            for each in (self.spool, self.state):
                if each is not None:
                    each.close()
            raise
        if self.spool is not None:
            guards = not configuration.sessions.fireAndForget
            server.spoolTo(self.spool, guards, self.history, self.state)

    async def close(self, left: float) -> None:
        """
        Write what has happened last, and let go of files and databases.

        @param left: seconds that there are for that.
        """
        await self.history.close(min(max(left, LEAST), LAST_WRITES))
        for each in (self.spool, self.state):
            if each is not None:
                await each.close()

    def _openSpool(self) -> ISpool | None:
        place = self._configuration.spool
        if not place:
            return None
        if isDatabase(place):
            from .spool.postgresql.opening import openDatabase

            return openDatabase(place, self._reactor)
        from .spool.files import openSpool

        spool = openSpool(place, self._reactor)
        if not spool.durable:
            self._log.warn(
                "the spool {directory} is in memory: a power cut loses its jobs, and their senders"
                " are not told that they are queued",
                directory=place,
            )
        return spool

    def _openState(self) -> FileState | None:
        if not self._configuration.state:
            return None
        from .spool.state import openState

        try:
            return openState(self._configuration.state, self._reactor)
        except ValueError as error:
            raise StateUnfit(str(error)) from None

    def _openHistory(self) -> IHistory:
        configuration = self._configuration
        file, retention = configuration.history, configuration.retention
        if not file:
            self._numberFrom(1)
            return History(retention, self._wallClock)
        from .watch.database import Database
        from .watch.filehistory import FileHistory

        folders = filter(None, [configuration.state, configuration.spool])
        own = os.path.dirname(file) in map(os.path.abspath, folders)
        database = Database(file, self._putAside, own)
        others = self.state if self.spool is None else self.spool
        first = database.prepare(RESERVED_NUMBERS if others is None else 0)
        do = Threads(self._reactor, "history", 1).do
        history = FileHistory(database, do, self._reactor, retention, self._wallClock)
        if others is None:
            self._number(history.reserve, first)
        else:
            self._numberFrom(first)
        return history

    def _wallClock(self) -> float:
        return self._server.wallClock()

    def _putAside(self, file: str) -> None:
        self._log.error(
            "{history} was {what}; begun anew",
            history=self._configuration.history,
            what=f"damaged; put aside as {file}" if file else "removed",
        )

    # The numbers of jobs: a spool has its own, above what is known elsewhere.

    def _numberFrom(self, first: int) -> None:
        if self.state is None or self.spool is not None:
            self._server.numberBy(lambda: None, first)
            return
        try:
            paused, first = self.state.start(first - 1, RESERVED_NUMBERS)
        except OSError as error:
            raise StateUnfit(f"{error.strerror}: {error.filename}; mend the disk first") from None
        self._server.remember(self.state, paused)
        self._number(self.state.reserve, first)

    def _number(self, reserve: Callable[[int], Deferred[int]], first: int) -> None:
        numbers = Reserved(reserve, RESERVED_NUMBERS, NUMBERS_AT_ONCE)
        numbers.have(first)
        self._server.numberBy(numbers.take, first)
