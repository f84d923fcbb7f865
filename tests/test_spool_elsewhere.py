"""
What a person wants of kept jobs where another gateway prints: that one is asked.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from jetdirect.errors import WrongState
from jetdirect.spool.elsewhere import Elsewhere
from jetdirect.spool.verbs import Verbs
from tests.support.answers import hear
from tests.support.records import job


class Gateway:
    """Another one, which is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int, str, str]] = []
        self.refuses = False

    async def ask(self, verb: str, number: int, target: str, by: str) -> None:
        self.asked.append((verb, number, target, by))
        if self.refuses:
            raise WrongState(f"job {number} has ended already")

    async def show(self, number: int) -> Any:
        return job(number)


@pytest.mark.parametrize("verb", ["cancel", "hold", "release", "next", "erase"])
def test_verb(verb: str) -> None:
    """Each is done there, with the name of who wants it; what that one refuses is refused here."""
    gateway: Any = Gateway()
    elsewhere = Elsewhere(gateway.ask, gateway)
    assert hear(Deferred.fromCoroutine(getattr(elsewhere, verb)(7, "anna"))) == [None]
    assert gateway.asked == [(verb, 7, "", "anna")]
    gateway.refuses = True
    [refused] = hear(Deferred.fromCoroutine(getattr(elsewhere, verb)(7, "anna")))
    assert isinstance(refused, WrongState)


def test_moveOut() -> None:
    """Another port is named as all gateways know it: in lower case."""
    gateway: Any = Gateway()
    target: Any = SimpleNamespace(port=SimpleNamespace(name="Lab"))
    moved = Elsewhere(gateway.ask, gateway).moveOut(7, target, "anna")
    assert hear(Deferred.fromCoroutine(moved)) == [None]
    assert gateway.asked == [("move", 7, "lab", "anna")]


def test_show() -> None:
    """What is known here is not asked for."""
    gateway: Any = Gateway()
    assert hear(Deferred.fromCoroutine(Elsewhere(gateway.ask, gateway).show(7))) == [job(7)]
    assert gateway.asked == []


def test_everyVerb() -> None:
    """There is no verb that is done here by mistake."""
    verbs = {name for name in vars(Verbs) if not name.startswith("_")}
    assert verbs == {name for name in vars(Elsewhere) if not name.startswith("_")}
