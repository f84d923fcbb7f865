"""
What printers do wrong, for one case each.
"""

from __future__ import annotations

import threading
from typing import cast

from tests.support.behaviours import (
    finAfter,
    leavesAfter,
    neverCloses,
    resetAfter,
    resetAfterEnd,
    slow,
)
from tests.support.caller import Caller
from tests.support.rawprinter import Behaviour, good

from ..simulation.faults import FINISHING, WAITING
from .case import MIB, Case
from .conversation import FINISH_TIMEOUT, Conversation

TALK = b'@PJL USTATUS DEVICE\r\nCODE=10001\r\nDISPLAY="226 Transfer complete"\r\n\x0c\xff\x00' * 700
"""Some 50 KB, more than a status page."""


FILLS = 0.5
"""Seconds in which a sender fills what is before a printer that does not read."""


def scriptFor(case: Case, gate: threading.Event) -> Behaviour:
    """
    What the printer does with the job of this case.

    @param gate: while it is closed, a job is not finished.
    """
    where = 0 if case.phase == WAITING else case.size if case.phase == FINISHING else case.at
    if case.full:
        return _full(case, 0 if case.kind.full else min(where, MIB), gate)
    match case.kind.name:
        case "printer RST" | "printer RST after the last byte":
            return resetAfter(where)
        case "printer RST after our FIN":
            return resetAfterEnd
        case "printer FIN early":
            return finAfter(where)
        case "printer leaves":
            return leavesAfter(where)
        case "printer never FIN":
            return neverCloses
        case "printer never reads":
            return _readsNoMoreAfter(where)
        case "printer stops a while":
            return _stopsAfter(where, 0.1 + 0.4 * case.coin)
        case "printer slow":
            return slow(max(case.size // 20, 1000), 0.01)
        case "printer talks":
            return _talksAfter(where)
        case _:
            return finishesAt(gate) if case.phase == FINISHING else good


def _full(case: Case, where: int, gate: threading.Event) -> Behaviour:
    # Until nothing moves any more; then something happens to the printer, or elsewhere.
    def behave(caller: Caller) -> None:
        conversation = cast(Conversation, caller)
        conversation.squeeze()
        caller.readUntil(where)
        if not case.kind.scripted:
            caller.waitFor(gate)
        else:
            caller.pause(FILLS)
            if case.kind.name == "printer RST":
                caller.reset()
                return
            if case.kind.name == "printer FIN early":
                caller.finish()
        conversation.loosen()
        caller.readAll()

    return behave


def finishesAt(gate: threading.Event) -> Behaviour:
    """
    Read everything, and end when the gate is opened.
    """

    def behave(caller: Caller) -> None:
        caller.readAll()
        caller.waitFor(gate)

    return behave


def _readsNoMoreAfter(count: int) -> Behaviour:
    def behave(caller: Caller) -> None:
        caller.readUntil(count)
        cast(Conversation, caller).squeeze()
        caller.pause(FINISH_TIMEOUT + 0.7)
        caller.reset()

    return behave


def _stopsAfter(count: int, pause: float) -> Behaviour:
    def behave(caller: Caller) -> None:
        conversation = cast(Conversation, caller)
        conversation.squeeze()
        caller.readUntil(count)
        caller.pause(pause)
        conversation.loosen()
        caller.readAll()

    return behave


def _talksAfter(count: int) -> Behaviour:
    def behave(caller: Caller) -> None:
        caller.readUntil(count)
        caller.say(TALK)
        caller.readAll()
        caller.say(TALK[:100])

    return behave
