"""
Printing ports as others see them: with their queues, paused or removed, or printed elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .port import PrintingPort
from .record import REMOVED, PortRecord, PortState

if TYPE_CHECKING:  # loaded where there is a spool
    from .spool.queue import Queue
    from .spool.spooling import Spooling


class PortRecords:
    """
    @ivar otherwise: the ports that are seen in another state than their printer's, with that state
        and since when it is so.
    """

    def __init__(self, wallClock: Callable[[], float]) -> None:
        """@param wallClock: seconds since the epoch."""
        self.otherwise: dict[PrintingPort, tuple[PortState, float]] = {}
        self._wallClock = wallClock
        self._began = wallClock()

    def of(
        self, port: PrintingPort, queue: Queue | None, pausedBy: str, spooling: Spooling | None
    ) -> PortRecord:
        """
        A printing port as others see it.

        @param queue: its kept jobs; L{None}: it keeps none, and never did.
        @param pausedBy: the name of the person who paused it; empty: it is not paused.
        @param spooling: what all queues share; L{None}: there is no spool.
        """
        record = port.record
        if queue is not None and not queue.mine:
            record = self._elsewhere(record, queue, spooling)
        reasons, state = record.reasons, record.state
        if pausedBy:
            reasons, state = (*reasons, "paused"), PortState.STOPPED
        if not port.accepting:
            reasons = (*reasons, REMOVED)
            state = PortState.STOPPED if record.job is None else state
        if queue is None or spooling is None:
            return self._seen(port, record, state, reasons)
        broken = spooling.broken or queue.broken
        if broken is not None:
            reasons, state = (*reasons, "spool-failed"), PortState.STOPPED
        job, record = queue.printing, self._seen(port, record, state, reasons)
        if broken is None and not queue.queued | queue.held:
            return record  # most of thousands: nothing of theirs waits
        kept = queue.queued - (job is not None)
        return record._replace(
            accepting=record.accepting and broken is None,
            queued=record.queued + (0 if queue.removed else kept),
            held=queue.held + (kept if queue.removed else 0),
        )

    def left(self, queue: Queue) -> PortRecord:
        """
        A port that a start has not found in the configuration, and that has kept jobs; nothing else
        is known of it.
        """
        return PortRecord(
            name=queue.port.name,
            number=None,
            aliases=(),
            uri="",
            description="",
            location="",
            state=PortState.STOPPED,
            reasons=(REMOVED,),
            message="",
            since=self._began,
            accepting=False,
            spooled=True,
            queued=0,
            held=queue.queued + queue.held,
            job=None,
        )

    def _elsewhere(self, record: PortRecord, queue: Queue, spooling: Spooling | None) -> PortRecord:
        # What this gateway knew of the printer is old; the one that prints there knows it.
        job = queue.printedElsewhere
        state = PortState.IDLE if job is None else PortState.PROCESSING
        record = record._replace(state=state, reasons=("printed-elsewhere",), message="", job=job)
        shared = None if spooling is None else spooling.shared
        silent = None if shared is None else shared.silent.get(record.name.lower())
        if silent is None:
            return record
        message = f"waits for its gateway: {silent.name} owns it and has not been heard of"
        since = self._wallClock() - silent.seconds
        reasons = (*record.reasons, "gateway-silent")
        return record._replace(
            state=PortState.STOPPED, reasons=reasons, message=message, since=since
        )

    def _seen(
        self, port: PrintingPort, record: PortRecord, state: PortState, reasons: tuple[str, ...]
    ) -> PortRecord:
        # A paused port is in another state than its printer, and since another time.
        if state is record.state and port not in self.otherwise:
            return record if reasons == record.reasons else record._replace(reasons=reasons)
        before, since = self.otherwise.get(port, (record.state, record.since))
        if state is not before:
            since = self._wallClock()
        self.otherwise[port] = state, since
        if record.state is PortState.STOPPED:
            since = record.since  # what is wrong with the printer is more
        elif state is record.state and since <= record.since:
            del self.otherwise[port]
        return record._replace(state=state, reasons=reasons, since=since)
