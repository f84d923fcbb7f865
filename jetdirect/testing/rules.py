"""
What the rules of every contract say alike when something is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from zope.interface.exceptions import Invalid
from zope.interface.verify import verifyObject

Tested = TypeVar("Tested")


def brokenOf(rules: Iterable[Callable[[Tested], None]], make: Callable[[], Tested]) -> list[str]:
    """Which rules are broken, and how; one line for each."""
    found = []
    for rule in rules:
        try:
            rule(make())
        except AssertionError as why:
            found.append(f"{rule.__name__}: {why}")
        except Exception as why:
            found.append(f"{rule.__name__}: raised {why!r}")
    return found


def require(fact: object, what: str) -> None:
    """@raise AssertionError: it is not so; C{what} says what is wrong."""
    if not fact:
        raise AssertionError(what)


def verify(interface: Any, thing: object) -> None:
    """@raise AssertionError: C{thing} has not all that its interface says."""
    try:
        verifyObject(interface, thing)
    except Invalid as why:
        raise AssertionError(str(why)) from why


def hear(answer: Any) -> list[Any]:
    """What a Deferred fires with, as soon as it does; of a failure the exception."""
    require(isinstance(answer, Deferred), f"{answer!r} is no Deferred")
    told: list[Any] = []
    answer.addBoth(lambda it: told.append(it.value if isinstance(it, Failure) else it))
    return told
