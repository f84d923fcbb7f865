"""
The steps of a commit, taken beside the reactor.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure

from .asked import Worker
from .steps import Here, Move, Moved, Whole


class Steps(Protocol):
    """The steps, asked for from the reactor; neither fails."""

    def write(
        self, jobs: Sequence[Whole], marks: Sequence[str] = ()
    ) -> Deferred[list[Exception | None]]:
        """
        Put jobs on stable storage.

        @param marks: directories that are to be marked: a hint, which may be lost.
        @return: fires with why that failed, for each job.
        """

    def move(self, moves: Sequence[Move]) -> Deferred[list[Moved]]:
        """Put written jobs in their places for good."""

    def close(self) -> Deferred[None]:
        """Be done with them.  @return: fires when nothing is left that has nothing to do."""


class InThread:
    """L{Steps}, each taken in a thread."""

    def __init__(self, do: Worker, here: Here) -> None:
        self._do = do
        self._here = here

    def write(
        self, jobs: Sequence[Whole], marks: Sequence[str] = ()
    ) -> Deferred[list[Exception | None]]:
        """L{Steps}."""

        def failed(failure: Failure) -> list[Exception | None]:
            return [_exception(failure)] * len(jobs)

        return self._do(lambda: self._here.write(jobs, marks)).addErrback(failed)

    def move(self, moves: Sequence[Move]) -> Deferred[list[Moved]]:
        """L{Steps}."""

        def failed(failure: Failure) -> list[Moved]:
            return [Moved(False, _exception(failure))] * len(moves)

        return self._do(lambda: self._here.move(moves)).addErrback(failed)

    def close(self) -> Deferred[None]:
        """L{Steps}."""
        return succeed(None)


def _exception(failure: Failure) -> Exception:
    return failure.value if isinstance(failure.value, Exception) else RuntimeError(str(failure))
