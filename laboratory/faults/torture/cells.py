"""
What goes wrong, in which phases it means something, and at which gateway it is tried.

The phases are those of the simulation, of an upload as its sender sees it: before login; before
STOR; before 150; while bytes flow; all bytes are sent, no reply yet; after the reply.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..simulation.faults import (
    ANSWERED,
    CONNECTED,
    FINISHING,
    FLOWING,
    LOGGED_IN,
    PHASES,
    WAITING,
)

PATIENT = "patient"
"""Waits for everybody for long."""
STRICT = "strict"
"""Has short limits for time and size."""
NARROW = "narrow"
"""Has few passive ports and few sessions, and one printer."""
MORTAL = "mortal"
"""Is stopped, killed, halted."""

GATEWAYS = (PATIENT, STRICT, NARROW, MORTAL)

_ALL = frozenset(PHASES)
_JOB = frozenset({WAITING, FLOWING, FINISHING})
_DATA = frozenset({LOGGED_IN, WAITING, FLOWING})


@dataclass(frozen=True)
class Kind:
    """
    A kind of fault.

    @ivar side: who does it: C{sender}, C{printer} or C{gateway}.
    @ivar phases: in which it means something.
    @ivar gateways: the gateways that it is tried at.
    @ivar harmless: nothing of it speaks against a 226.
    @ivar passive: it needs a passive data connection.
    @ivar scripted: the printer does it by itself when the job's connection is there.
    @ivar full: the printer does not read meanwhile, and the gateway has bytes it has not read.
    """

    name: str
    side: str
    phases: frozenset[str]
    gateways: tuple[str, ...] = (PATIENT,)
    harmless: bool = False
    passive: bool = False
    scripted: bool = False
    full: bool = False


def _sender(name: str, phases: frozenset[str] | str, *gateways: str, **more: bool) -> Kind:
    return Kind(name, "sender", _some(phases), gateways or (PATIENT,), **more)


def _printer(name: str, phases: frozenset[str] | str, *gateways: str, **more: bool) -> Kind:
    return Kind(name, "printer", _some(phases), gateways or (PATIENT,), **more)


def _gateway(name: str, **more: bool) -> Kind:
    return Kind(name, "gateway", _ALL, (MORTAL,), **more)


def _some(phases: frozenset[str] | str) -> frozenset[str]:
    return frozenset({phases}) if isinstance(phases, str) else phases


_KINDS = (
    _sender("control FIN", _ALL),
    _sender("control FIN, data goes on", frozenset({WAITING, FLOWING}), passive=True),
    _sender("control RST", _ALL),
    _sender("sender killed", _ALL),
    _sender("ABOR", _ALL),
    _sender("ABOR with Synch", _ALL),
    _sender("ABOR flood", _JOB),
    _sender("QUIT", _ALL, harmless=True),
    _sender("QUIT and FIN", _JOB, harmless=True),
    _sender("REIN", _ALL, harmless=True),
    _sender("STAT and NOOP", _ALL, harmless=True),
    _sender("hostile lines", _ALL, harmless=True),
    _sender("half a line", _ALL, harmless=True),
    _sender("replies not read", _ALL, harmless=True),
    _sender("too many commands", _JOB, harmless=True),
    _sender("fast reconnects", CONNECTED, harmless=True),
    _sender("too many sessions", CONNECTED, NARROW, harmless=True),
    _sender("silent session", frozenset({CONNECTED, LOGGED_IN, ANSWERED}), STRICT),
    _sender("data RST", _DATA | {FINISHING}),
    _sender("data FIN early", _DATA),
    _sender("urgent data", FLOWING, harmless=True),
    _sender("RST after FIN", FINISHING, harmless=True, full=True),
    _sender("sender forgets", FINISHING, harmless=True, full=True),
    _sender("data from elsewhere", LOGGED_IN, STRICT, passive=True),
    _sender("data silent", frozenset({WAITING, FLOWING}), STRICT),
    _sender("data slow", FLOWING, harmless=True),
    _sender("data late", WAITING, harmless=True, passive=True),
    _sender("data never made", LOGGED_IN, STRICT, passive=True),
    _sender("second data connection", _DATA, harmless=True, passive=True),
    _sender("thief", _DATA, harmless=True, passive=True),
    _sender("wrong ALLO", LOGGED_IN),
    _sender("no data port", LOGGED_IN),
    _sender("no passive port", LOGGED_IN, NARROW, harmless=True, passive=True),
    _sender("active refused", WAITING),
    _sender("active unanswered", WAITING, STRICT),
    _sender("job too long", frozenset({LOGGED_IN, FLOWING}), STRICT),
    _sender("TLS without close_notify", frozenset({FLOWING, FINISHING})),
    _sender("TLS hello in clear", LOGGED_IN),
    _printer("printer refuses", WAITING, PATIENT, STRICT),
    _printer("printer does not answer", WAITING, PATIENT, STRICT),
    _printer("port busy", WAITING, PATIENT, STRICT),
    _printer("job in front cut", WAITING, harmless=True),
    _printer("printer RST", frozenset({WAITING, FLOWING}), scripted=True),
    _printer("printer RST after the last byte", FINISHING, scripted=True),
    _printer("printer RST after our FIN", FINISHING, scripted=True),
    _printer("printer FIN early", _JOB, scripted=True),
    _printer("printer leaves", _JOB, scripted=True),
    _printer("printer never FIN", FINISHING, scripted=True),
    _printer("printer never reads", frozenset({WAITING, FLOWING}), scripted=True),
    _printer("printer stops a while", _JOB, harmless=True, scripted=True),
    _printer("printer slow", FLOWING, harmless=True, scripted=True),
    _printer("printer talks", _JOB, harmless=True, scripted=True),
    _printer("printer switched off", frozenset({LOGGED_IN, WAITING, FLOWING, FINISHING, ANSWERED})),
    _gateway("SIGTERM", harmless=True),
    _gateway("SIGTERM, drain expires"),
    _gateway("SIGKILL"),
    _gateway("gateway halted a while", harmless=True),
)

NONE = Kind("no fault", "sender", frozenset(), harmless=True)
"""Of good jobs."""

KINDS = {kind.name: kind for kind in _KINDS}
"""Every kind by its name."""

CELLS = [(kind.name, phase) for kind in _KINDS for phase in PHASES if phase in kind.phases]
"""Every kind in every phase where it means something."""
