"""
Is the reason that is given for a job's end true?  Asked at the moment of the end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .kernel import End
from .printer import Printer

if TYPE_CHECKING:
    from .simulation import Simulation

_MOMENT = 1e-4
_JUST_NOW = 0.2  # nobody can have read it yet
_DEAD_AFTER = 29.0  # 30, and what was on its way when the cable was pulled
_SILENT = re.compile(r"nothing came (?:over the data connection )?for ([\d.]+) s")


class Evidence:
    """What the kernels know of one job."""

    def __init__(self, simulation: Simulation, name: str, job: Any) -> None:
        """
        @param job: jetdirect's own record.
        """
        self._now = simulation.network.now
        self._job = job
        self._control = simulation.records.control.get(name)
        self._data = simulation.records.data.get(name)
        self._printers = [each for each in simulation.printers if isinstance(each, Printer)]
        self._name = name
        self._tls = simulation.switches.tls
        # Behind QUIT, and other words behind that, a FIN is a loss if they came before it.
        self._talkedOn = self._control is not None and self._control.peer.talkedOn
        self._deaf = bool({"too many commands", "ABOR flood"} & {*simulation.faults})

    def lies(self, reason: str) -> Iterator[str]:
        """What speaks against a reason."""
        silent = _SILENT.search(reason)
        if silent:
            yield from self._notSilent(float(silent[1]), "over the data" in reason)
        elif reason == "the control connection was lost":
            if self._control is not None and self._control.endedAt is None:
                yield "it is there"
            elif self._talkedOn or self._deaf:
                pass
            elif self._control is not None and self._control.lostAt is None:
                yield "only its sender had said QUIT and all it had to say"
        elif reason in (
            "the data connection was reset",
            "the data connection ended without close_notify",
        ):
            # A sender that cannot speak TLS is told the same, for want of another word.
            if self._data is not None and self._data.endedAt is None and not self._tls:
                yield "it is there"
            elif self._data is not None and self._data.finArrived is not None and not self._tls:
                yield "it had ended in order before"
        elif reason.startswith("the printer "):
            yield from self._printer(reason)

    def _notSilent(self, seconds: float, dataOnly: bool) -> Iterator[str]:
        since = self._now - seconds + _MOMENT
        for end in (self._data,) if dataOnly else (self._data, self._control):
            if end is None or not end.used or end.closed is not None:
                continue
            if end is self._control and self._deaf:
                continue  # what came behind them is not listened to any more
            # TLS has much to say that is no byte of a file.
            arrived = None if self._tls else end.arrivedAt
            if end.received and (arrived is None or arrived < self._now - _JUST_NOW):
                yield f"{end.label} has {len(end.received)} bytes unread"
            elif end is self._data and since < (end.endedAt or 0.0) < self._now - _JUST_NOW:
                yield f"{end.label} has its end unread"
            elif arrived is not None and since < arrived < self._now - _JUST_NOW:
                yield f"{end.label} had bytes {self._now - arrived:.3f} s ago"
        if self._job is not None and self._job.blocked:
            yield "the printer was to blame"

    def _printer(self, reason: str) -> Iterator[str]:
        for printer in self._printers:
            end = printer.endFor(self._name)
            if end is None:
                continue
            if reason.startswith("the printer has not answered for"):
                yield from self._alive(printer, end)
            elif reason == "the printer reset the connection":
                if end.endedAt is None:
                    yield "it did not"
            elif reason.startswith("the printer closed") and end.finArrived is None:
                yield "it did not"

    def _alive(self, printer: Printer, end: End) -> Iterator[str]:
        host = end.far
        out = self._now - host.out
        if host.plugged and self._now - host.back > 1.0 and end.failed is None:
            yield f"{printer.name} is there"
        elif not host.plugged and out < _DEAD_AFTER - _MOMENT:
            yield f"{printer.name} was away for {out:.1f} s only"
