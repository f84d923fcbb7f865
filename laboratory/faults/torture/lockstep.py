"""
Several lanes whose gateway is stopped, killed or halted under them, all at a time.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Sequence
from traceback import format_exc

from tests.support.peer import PATIENCE

from .case import Case
from .gateway import DRAIN, SHORT_DRAIN, TortureGateway
from .lane import Lane, Played, Round

HALT = 0.4
"""Seconds for which a gateway is halted."""

ENDS_WITHIN = 15.0
"""Seconds that a gateway may take to end after its drain time-out: the patience with printers whose
job was cut, with sessions that do not close, and the machine's own."""

_SIGNALS = {
    "SIGTERM": signal.SIGTERM,
    "SIGTERM, drain expires": signal.SIGTERM,
    "SIGKILL": signal.SIGKILL,
    "gateway halted a while": signal.SIGSTOP,
}


class Lockstep:
    """
    @ivar gateway: the gateway that is there now.
    @ivar left: what was wrong with the end of one, in words.
    """

    def __init__(self, lanes: Sequence[Lane], build: Callable[[float], TortureGateway]) -> None:
        """
        @param build: starts a gateway with this drain time-out.
        """
        self._lanes = lanes
        self._build = build
        self.gateway = build(DRAIN)
        self._drain = DRAIN
        self.left: list[str] = []
        self.errors: list[str] = []

    def play(self, group: Sequence[Case], following: str | None) -> list[Played]:
        """
        Cases of one kind, as many as there are lanes, or fewer.

        @param following: the kind of the next group.
        """
        kind = group[0].kind.name
        gateway = self._having(SHORT_DRAIN if "expires" in kind else DRAIN)
        barrier = threading.Barrier(len(group), lambda: self._strike(gateway, kind))
        rounds: list[Round | None] = [None] * len(group)
        played: list[Played | None] = [None] * len(group)

        def first(number: int, case: Case) -> None:
            struck = False

            def strike() -> None:
                nonlocal struck
                struck = True
                barrier.wait(2 * PATIENCE)

            rounds[number] = Round(self._lanes[number], case, gateway, strike)
            if not struck:
                barrier.wait(2 * PATIENCE)

        self._together(first, group)
        now = self._after(gateway, kind, following)

        def then(number: int, case: Case) -> None:
            each = rounds[number]
            assert each is not None
            each.killed = kind == "SIGKILL"
            try:
                played[number] = each.toTheEnd(now)
            except Exception:
                self.errors.append(f"{case}: the laboratory itself failed: {format_exc()}")

        self._together(then, group)
        self.errors += gateway.journal.errors
        gateway.journal.errors.clear()
        return [each for each in played if each is not None]

    def _having(self, drain: float) -> TortureGateway:
        if drain != self._drain:
            self.gateway.stop()
            self.gateway, self._drain = self._build(drain), drain
        return self.gateway

    def _strike(self, gateway: TortureGateway, kind: str) -> None:
        gateway.signal(_SIGNALS[kind])
        if _SIGNALS[kind] is signal.SIGSTOP:
            threading.Timer(HALT, gateway.signal, [signal.SIGCONT]).start()

    def _after(self, gateway: TortureGateway, kind: str, following: str | None) -> TortureGateway:
        if _SIGNALS[kind] is signal.SIGSTOP:
            return gateway
        try:
            gateway.waitForEnd(self._drain + ENDS_WITHIN)
        except AssertionError:
            self.left.append(f"{kind}: the gateway has not ended after {self._drain:g} s")
            gateway.signal(signal.SIGKILL)
            gateway.waitForEnd()
        self._drain = SHORT_DRAIN if "expires" in (following or "") else DRAIN
        self.gateway = self._build(self._drain)
        return self.gateway

    def _together(self, work: Callable[[int, Case], None], group: Sequence[Case]) -> None:
        threads = [
            threading.Thread(target=work, args=(number, case), daemon=True)
            for number, case in enumerate(group)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
