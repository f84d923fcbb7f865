"""
What a command is: a row of the table that the dialogue is driven by.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Generic, TypeVar

from twisted.internet.defer import Deferred

from .replies import Reply

SessionT = TypeVar("SessionT")
"""The session that does the commands, which stands above this module."""

Result = Coroutine[Any, Any, Reply | None] | Deferred[Reply | None] | Reply | None
"""A command answers at once, later, or (L{None}) sends its replies itself."""


class When(Enum):
    """When a command is done."""

    LOGGED_IN = "in its turn, after a login"
    ALWAYS = "in its turn, before a login too"
    AT_ONCE = "while another command runs, and before a login too"


@dataclass(frozen=True, slots=True)
class Command(Generic[SessionT]):
    """
    One command.

    @ivar arguments: as HELP shows them; C{<argument>} must be there, C{[argument]} may.
    @ivar run: does it, with the words behind the verb.
    @ivar also: other verbs for the same.
    @ivar feature: what FEAT says of it (RFC 2389); empty: nothing, as it is in RFC 959.
    @ivar secures: FEAT says so only if there is a certificate.
    @ivar needsArgument: it is an error to say the verb alone.
    """

    verb: str
    arguments: str
    run: Callable[[SessionT, str], Result]
    when: When = When.LOGGED_IN
    also: tuple[str, ...] = ()
    feature: str = ""
    secures: bool = False
    needsArgument: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "needsArgument", "<" in self.arguments)

    @property
    def syntax(self) -> str:
        """The whole line, as HELP shows it."""
        return f"{self.verb} {self.arguments}".rstrip()
