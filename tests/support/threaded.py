"""
A reactor as far as threads need one: what they say is heard when a test lets it.
"""

from __future__ import annotations

import queue
from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IReactorFromThreads
from zope.interface import implementer


@implementer(IReactorFromThreads)
class ThreadedReactor:
    """It."""

    def __init__(self) -> None:
        self._said: queue.SimpleQueue[Callable[[], object]] = queue.SimpleQueue()

    def callFromThread(self, callable: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        """What a thread says."""
        self._said.put(lambda: callable(*args, **kwargs))

    def turn(self, seconds: float = 0.05) -> None:
        """Hear one thing, or wait so long for it."""
        try:
            said = self._said.get(timeout=seconds)
        except queue.Empty:
            return
        said()
