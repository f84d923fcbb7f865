"""
What can go wrong, and in which phase of a job.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from random import Random

PHASES = ("connected", "logged in", "waiting", "flowing", "finishing", "answered")
"""
Of an upload as its sender sees it: before login; before STOR; before 150; while bytes flow; all
bytes are sent, no reply yet; after the reply and before the next upload.
"""

CONNECTED, LOGGED_IN, WAITING, FLOWING, FINISHING, ANSWERED = PHASES

_ALL = frozenset(PHASES)
_JOB = frozenset({WAITING, FLOWING, FINISHING})
_DATA = frozenset({LOGGED_IN, WAITING, FLOWING})

SENDER = {
    "control FIN": _ALL,
    "control RST": _ALL,
    "sender killed": _ALL,
    "sender unplugged": _ALL,
    "sender unplugged a while": _ALL,
    "replies not read": _ALL,
    "ABOR": _ALL,
    "ABOR with Synch": _ALL,
    "ABOR in pieces": _ALL,
    "ABOR twice": _JOB,
    "QUIT": _ALL,
    "too many commands": _JOB,
    "STAT and NOOP": _ALL,
    "hostile lines": _ALL,
    "data RST": _DATA | {FINISHING},
    "data FIN early": _DATA,
    "data silent": frozenset({WAITING, FLOWING}),
    "second data connection": _DATA,
}
"""What a sender does, and the phases in which it can."""

SETUP = {
    "data never made": LOGGED_IN,
    "data late": LOGGED_IN,
    "thief first": LOGGED_IN,
    "active refused": WAITING,
    "active unanswered": WAITING,
    "wrong ALLO": LOGGED_IN,
    "no data port": LOGGED_IN,
    "no passive port": LOGGED_IN,
    "lost with the reply": FINISHING,
}
"""What is wrong with an upload by itself, and when it shows."""

PRINTER = {
    "printer refuses": frozenset({WAITING}),
    "printer does not answer": frozenset({WAITING}),
    "printer name unknown": frozenset({WAITING}),
    "printer RST": frozenset({WAITING, FLOWING, FINISHING}),
    "printer RST after the last byte": frozenset({FINISHING}),
    "printer RST after our FIN": frozenset({FINISHING}),
    "printer FIN early": frozenset({WAITING, FLOWING, FINISHING}),
    "printer never FIN": frozenset({FINISHING}),
    "printer stops": frozenset({WAITING, FLOWING, FINISHING}),
    "out of paper for an hour": frozenset({FLOWING, FINISHING}),
    "printer unplugged": frozenset({WAITING, FLOWING, FINISHING}),
    "printer unplugged a moment": frozenset({WAITING, FLOWING, FINISHING}),
    "printer switched off": frozenset({WAITING, FLOWING, FINISHING}),
    "printer slow": frozenset({WAITING}),
    "printer talks": frozenset({WAITING, FLOWING, FINISHING}),
}
"""What a printer does, and the phases of its job in which it shows."""

GATEWAY = {"shutdown": _ALL, "operator cancels": _JOB, "reactor stalls": _ALL}
"""What happens to the gateway itself."""

# What came later, drawn by a source of its own: a seed keeps what it always was.

MORE_SENDER = {
    "sender dies in 2 ms": _ALL,
    "another STOR": _JOB,
    "urgent data": frozenset({FLOWING}),
    "RST after FIN": frozenset({FINISHING}),
    "QUIT and FIN": _JOB,
    "ABOR flood": _JOB,
}
"""What a sender does besides."""

MORE_SETUP = {
    "fire and forget": FINISHING,
    "no close_notify": FINISHING,
    "a record is cut": FINISHING,
    "clear text": FLOWING,
    "no handshake": FLOWING,
    "hello in clear": LOGGED_IN,
    "data from elsewhere": LOGGED_IN,
    "reactor late for the data": WAITING,
}
"""What is wrong with an upload besides."""

TLS_SETUP = ("no close_notify", "a record is cut", "clear text", "no handshake", "hello in clear")
"""Those of them that are for TLS."""

MORE_PRINTER = {
    "printer has moved": frozenset({WAITING}),
    "printer name is slow": frozenset({WAITING}),
}
"""What a printer on the network does besides."""

DISK = {
    "disk full": frozenset({WAITING, FLOWING, FINISHING}),
    "disk broken": frozenset({WAITING, FLOWING, FINISHING}),
    "disk slow": frozenset({WAITING, FLOWING, FINISHING}),
    "disk hangs": frozenset({WAITING, FLOWING, FINISHING}),
}
"""What the disk of a C{file:} printer does, and the phases of its job in which it shows."""

PLUGIN = {
    "plugin is away": frozenset({WAITING}),
    "plugin open raises": frozenset({WAITING}),
    "plugin open never fires": frozenset({WAITING}),
    "plugin open gives nonsense": frozenset({WAITING}),
    "plugin registerProducer raises": frozenset({WAITING}),
    "plugin write raises": frozenset({FLOWING}),
    "plugin unregisterProducer raises": frozenset({FINISHING}),
    "plugin finish raises": frozenset({FINISHING}),
    "plugin finish never fires": frozenset({FINISHING}),
    "plugin finish gives nonsense": frozenset({FINISHING}),
    "plugin abort raises": frozenset({FLOWING, FINISHING}),
    "plugin abort never fires": frozenset({FLOWING, FINISHING}),
    "plugin abort gives nonsense": frozenset({FLOWING, FINISHING}),
}
"""What a transport that is not ours does, and the phases of its job in which it shows."""

MORE_GATEWAY = {
    "reactor stalls long": _ALL,
    "no descriptors": _ALL,
    "drain expires": frozenset({FLOWING, FINISHING}),
    "job too long": frozenset({WAITING, FLOWING, FINISHING}),
    "passive range exhausted": frozenset({LOGGED_IN}),
}
"""What happens to the gateway besides."""

RELOADS = {"reload": _ALL, "port removed": _ALL}
"""What the operator does to the configuration."""

_KINDS: tuple[dict[str, frozenset[str]], ...] = (
    SENDER,
    MORE_SENDER,
    {kind: frozenset({phase}) for kind, phase in {**SETUP, **MORE_SETUP}.items()},
    PRINTER,
    MORE_PRINTER,
    DISK,
    PLUGIN,
    GATEWAY,
    MORE_GATEWAY,
    RELOADS,
)

CELLS = {(kind, phase) for kinds in _KINDS for kind, phases in kinds.items() for phase in phases}
"""Every fault in every phase where it means something."""


@dataclass
class Fault:
    """
    A fault that a sender is going to commit.

    @ivar fraction: of the payload, in the phase in which bytes flow.
    @ivar delay: seconds after the phase began, in the others.
    """

    kind: str
    phase: str
    fraction: float
    delay: float


def draw(random: Random, kinds: dict[str, frozenset[str]]) -> Fault:
    """Any fault of these, anywhere."""
    kind = random.choice(list(kinds))
    phase = random.choice(sorted(kinds[kind]))
    delay = random.choice([0.0, random.random() * 0.01, random.random(), random.random() * 20])
    return Fault(kind, phase, random.random(), delay)


class Coverage:
    """
    Which fault was seen in which phase, and how often.

    @ivar hits: by kind and phase.
    """

    def __init__(self) -> None:
        self.hits: Counter[tuple[str, str]] = Counter()

    def hit(self, kind: str, phase: str) -> None:
        """The fault happened in that phase."""
        self.hits[kind, phase] += 1

    @property
    def missing(self) -> list[tuple[str, str]]:
        """Cells that should be filled and are not."""
        return sorted(cell for cell in CELLS if not self.hits[cell])

    def table(self) -> str:
        """Faults by phases; a dot where a fault means nothing in a phase."""
        lines = [" " * 34 + " ".join(f"{phase:>10}" for phase in PHASES)]
        for kind in (kind for kinds in _KINDS for kind in kinds):
            cells = []
            for phase in PHASES:
                count = self.hits[kind, phase]
                meant = (kind, phase) in CELLS
                cells.append(f"{count if count or meant else '.':>10}")
            lines.append(f"{kind:<34}" + " ".join(cells))
        return "\n".join(lines)
