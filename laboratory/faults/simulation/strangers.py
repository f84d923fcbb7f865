"""
Others who connect to the data port of an upload: a thief, a host elsewhere, and its sender again.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ..invariants import Upload
from .talker import Talker

if TYPE_CHECKING:
    from .simulation import Simulation


class Strangers:
    """Their hosts, and what they do there."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._thief = simulation.network.host("thief", "198.51.100.66")
        self._elsewhere = simulation.network.host("elsewhere", "198.51.100.67")

    async def steal(self, port: int) -> None:
        """Somebody else connects to a passive port."""
        end = await self._simulation.reactor.dialIn(self._thief, port, "the thief")
        if end is not None:
            end.send(b"STOLEN")
            self._simulation.start(self._leave(end))

    async def fromElsewhere(self, port: int, upload: Upload) -> None:
        """A sender's data comes from another address than its commands."""
        upload.against.append("its data came from another host")
        end = await self._simulation.reactor.dialIn(self._elsewhere, port, "data from elsewhere")
        if end is not None:
            with suppress(OSError):
                end.send(upload.payload[:1000])
            end.close()

    def secondConnection(self, sender: Talker) -> bool:
        """A sender connects to its passive port once more."""
        if sender.data is None or not sender.port:
            return False
        if sender.data.peer.finSent is not None:
            return False  # its first was turned away: this one would be taken for its data

        async def connect() -> None:
            end = await self._simulation.reactor.dialIn(
                sender.host, sender.port, "a second data connection"
            )
            if end is not None:
                end.send(b"SECOND")
                await self._leave(end)

        self._simulation.start(connect())
        return True

    async def _leave(self, end: Any) -> None:
        await self._simulation.network.sleep(1.0)
        end.close()
