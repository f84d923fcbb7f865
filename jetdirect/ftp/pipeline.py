"""
One command after the other: what came behind a running one waits here.
"""

from __future__ import annotations

from .replies import Reply

WAITING_COMMANDS = 32
"""Commands that may wait behind a running one: room for any script that does not read replies."""

Line = tuple[str, str] | Reply
"""A verb with its argument, or the reply to a line that could not become a command."""


class Pipeline:
    """
    The lines of one session that wait for its running command.

    @ivar running: there is one.
    """

    __slots__ = ("_waiting", "running")

    def __init__(self) -> None:
        self.running = False
        self._waiting: tuple[Line, ...] = ()  # nearly always, and it takes no memory

    def put(self, line: Line) -> bool:
        """
        Let C{line} wait.

        @return: C{False} if too many do already.
        """
        if len(self._waiting) >= WAITING_COMMANDS:
            return False
        self._waiting += (line,)
        return True

    def next(self) -> Line | None:
        """The line whose turn it is; L{None} as long as a command runs, or if none waits."""
        if self.running or not self._waiting:
            return None
        line, self._waiting = self._waiting[0], self._waiting[1:]
        return line

    def clear(self) -> None:
        """What waits is not done any more."""
        self._waiting = ()
