"""
What a person wants of the kept jobs of a port where another gateway prints.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from ..record import JobRecord
from .verbs import Target, Verbs

Ask = Callable[[str, int, str, str], Coroutine[Any, Any, None]]
"""Has that gateway do something: the verb, a job's number, another port, and who wants it."""


class Elsewhere:
    """One port's; the verbs are those of L{Verbs}, and are done there."""

    def __init__(self, ask: Ask, known: Verbs) -> None:
        """@param known: what is known here."""
        self._ask = ask
        self._known = known

    async def show(self, number: int) -> JobRecord:
        """L{Verbs.show}: here."""
        return await self._known.show(number)

    async def cancel(self, number: int, by: str) -> None:
        """L{Verbs.cancel}."""
        await self._ask("cancel", number, "", by)

    async def hold(self, number: int, by: str) -> None:
        """L{Verbs.hold}."""
        await self._ask("hold", number, "", by)

    async def release(self, number: int, by: str) -> None:
        """L{Verbs.release}."""
        await self._ask("release", number, "", by)

    async def next(self, number: int, by: str) -> None:
        """L{Verbs.next}."""
        await self._ask("next", number, "", by)

    async def moveOut(self, number: int, to: Target, by: str) -> None:
        """L{Verbs.moveOut}."""
        await self._ask("move", number, to.port.name.lower(), by)

    async def erase(self, number: int, by: str) -> None:
        """L{Verbs.erase}."""
        await self._ask("erase", number, "", by)
