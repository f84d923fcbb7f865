"""
One fault, drawn from the seed, with the job that it hits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random

from ..simulation.faults import CONNECTED, FLOWING, LOGGED_IN, WAITING
from ..simulation.payload import LANGUAGES
from .cells import CELLS, KINDS, MORTAL, NARROW, NONE, STRICT, Kind

MIB = 1024 * 1024

LIMIT = 1_000_000
"""C{--max-job-bytes} of the strict gateway."""

_SIZES = {
    0: 4,
    1: 4,
    2: 1,
    17: 3,
    300: 6,
    5000: 16,
    20_000: 12,
    65_537: 12,
    200_000: 8,
    700_000: 6,
    2 * MIB: 2,
    8 * MIB: 1,
}
"""Bytes of a job, and how often: most jobs are small, and the large ones fill every buffer."""

FULL = 8 * MIB
"""Bytes of a job that fills what is between a printer that stops reading and its sender: the pipe
of the kernel path, too."""

_FILLED = (
    "control FIN",
    "control RST",
    "sender killed",
    "ABOR",
    "QUIT",
    "STAT and NOOP",
    "data RST",
    "data FIN early",
    "printer RST",
    "printer FIN early",
    "printer stops a while",
    "printer switched off",
    "SIGTERM",
    "SIGTERM, drain expires",
    "SIGKILL",
    "gateway halted a while",
)
"""Faults that are tried with everything full as well, while bytes flow."""

FLOWING_SIZES = (300, 5000, 20_000, 65_537, 200_000, 700_000, 700_000)
"""Where something is to happen in the middle there has to be one."""


@dataclass(frozen=True)
class Case:
    """
    @ivar number: of the case in the run.
    @ivar gateway: which gateway.
    @ivar language: of the job (L{laboratory.faults.simulation.payload}).
    @ivar chunk: bytes that are sent at a time.
    @ivar fraction: of the job, when something happens in its midst.
    @ivar delay: seconds between the phase's beginning and the fault.
    @ivar active: the data connection is dialled by the gateway.
    @ivar extended: EPSV and EPRT; always so with IPv6.
    @ivar stays: the next job comes in the same session, if there still is one.
    @ivar coin: for what is decided on the spot.
    @ivar full: the printer has stopped reading when it happens, and nothing moves any more.
    """

    seed: int
    number: int
    kind: Kind
    phase: str
    gateway: str
    verb: str
    type: str
    size: int
    language: str
    chunk: int
    fraction: float
    delay: float
    active: bool
    extended: bool
    v6: bool
    tls: bool
    stays: bool
    coin: float
    full: bool = False

    @property
    def random(self) -> Random:
        """Always the same for this case."""
        return Random(f"{self.seed}/{self.number}/play")

    @property
    def at(self) -> int:
        """After how many bytes of the job something happens in its midst."""
        return min(max(1, int(self.size * self.fraction)), max(1, self.size - 1))

    def good(self, gateway: str, size: int) -> Case:
        """A job without faults, sent as this one would be."""
        return replace(
            self,
            gateway=gateway,
            kind=NONE,
            phase="",
            size=size,
            verb="STOR",
            fraction=0.5,
            delay=0.0,
            full=False,
        )

    def __str__(self) -> str:
        """As a report names it."""
        how = "TLS, " * self.tls + ("active" if self.active else "passive") + ", IPv6" * self.v6
        how += ", full" * self.full
        return (
            f"case {self.number}: {self.kind.name} ({self.phase}), {self.verb} {self.size} bytes"
            f" of {self.language}, {how}, {self.gateway}"
        )


def cases(
    seed: int, only: str | None = None, phase: str | None = None, tls: bool = True
) -> Iterator[Case]:
    """
    All cases of a seed, without end: every cell once in each round, in any order.

    @param only: this kind of fault.
    @param phase: this phase.
    @param tls: whether the gateways have a certificate.
    @raise ValueError: there is no such cell.
    """
    cells = [
        cell
        for cell in CELLS
        if only in (None, cell[0])
        and phase in (None, cell[1])
        and (tls or not cell[0].startswith("TLS"))
    ]
    if not cells:
        raise ValueError("this fault means nothing in this phase")
    number = 0
    deck = 0
    while True:
        deal = Random(f"{seed}/deal {deck}")
        # The mortal gateway's cases come together, a kind at a time: they share its end.
        groups: dict[tuple[str, ...], list[tuple[str, str]]] = {}
        for cell in cells:
            mortal = MORTAL in KINDS[cell[0]].gateways
            groups.setdefault((cell[0],) if mortal else cell, []).append(cell)
        shuffled = list(groups.values())
        deal.shuffle(shuffled)
        for group in shuffled:
            for name, when in group:
                yield _draw(seed, number, KINDS[name], when, tls)
                number += 1
        deck += 1


def _draw(seed: int, number: int, kind: Kind, phase: str, tls: bool) -> Case:
    random = Random(f"{seed}/{number}")
    gateway = random.choice(kind.gateways)
    size = _size(random, kind, phase, gateway)
    v6 = random.random() < 0.25 and kind.name != "thief"
    active = random.random() < 0.3 and not kind.passive
    dialled = kind.name in ("data RST", "data FIN early") and phase in (LOGGED_IN, WAITING)
    if dialled or (phase == LOGGED_IN and kind.name == "wrong ALLO"):
        active = False  # there is no data connection yet
    encrypted = random.random() < 0.12 or kind.name.startswith("TLS")
    case = Case(
        seed=seed,
        number=number,
        kind=kind,
        phase=phase,
        gateway=gateway,
        verb=random.choice(["STOR", "STOR", "STOR", "STOU", "APPE"]),
        type="I" if kind.name == "wrong ALLO" else random.choice("IIA"),
        size=size,
        language=random.choice(LANGUAGES),
        chunk=max(random.choice([17, 1460, 65536, 65536]), size // 400, 1),
        fraction=random.random(),
        delay=random.choice([0.0, 0.0, random.random() * 0.01, random.random() * 0.1]),
        active=active or kind.name.startswith("active"),
        extended=random.random() < 0.5,
        v6=v6,
        tls=encrypted and tls and kind.name not in _IN_CLEAR and phase != CONNECTED,
        stays=random.random() < 0.4,
        coin=random.random(),
    )
    if kind.full or (phase == FLOWING and kind.name in _FILLED and random.random() < 0.3):
        case = replace(case, full=True, size=FULL, chunk=65536)
    return case


_IN_CLEAR = (
    *("fast reconnects", "too many sessions", "data slow", "ABOR with Synch", "REIN"),
    *("urgent data", "QUIT and FIN", "RST after FIN", "sender forgets"),
)


def _size(random: Random, kind: Kind, phase: str, gateway: str) -> int:
    if kind.name == "job too long":
        return random.choice([LIMIT + 1, LIMIT + 100_000, 2 * LIMIT])
    if kind.name == "printer never reads":
        return random.choice([20_000, 20_000, 8 * MIB])
    if kind.name in ("wrong ALLO", "data silent", "TLS without close_notify"):
        return random.choice(FLOWING_SIZES)
    if phase == FLOWING or (phase == WAITING and kind.side == "printer"):
        return random.choice(FLOWING_SIZES)
    size = random.choices(list(_SIZES), list(_SIZES.values()))[0]
    return min(size, 700_000) if gateway in (STRICT, NARROW) else size
