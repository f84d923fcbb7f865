"""
What a session keeps from one command to the next: values, replaced whole.

USER forgets the login, REIN and AUTH forget the parameters too; nothing has to be reset by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Generic, Self, TypeVar

from .paths import Path
from .shell import PrintShell

T = TypeVar("T")


class Note(Generic[T]):
    """
    What one command keeps for a later one, such as the name that RNFR gave.

    It is declared beside its commands, and kept in the L{Login} or in the L{Parameters}, by which
    it is forgotten.
    """


_NONE: Mapping[Note[Any], Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Noted:
    notes: Mapping[Note[Any], Any] = field(default_factory=lambda: _NONE, repr=False)

    def read(self, note: Note[T]) -> T | None:
        """What is kept; L{None}: nothing."""
        return self.notes.get(note)

    def noted(self, note: Note[T], value: T | None) -> Self:
        """The same with C{value} kept."""
        if self.notes.get(note) is value:
            return self
        return replace(self, notes={**self.notes, note: value})


@dataclass(frozen=True, slots=True, kw_only=True)
class Login(_Noted):
    """
    The user of a session.

    @ivar user: the name given with USER; L{None} before.
    @ivar shell: the print shell, after PASS.
    @ivar logout: tells cred that the login has ended.
    @ivar directory: the segments of the current directory.
    """

    user: str | None = None
    shell: PrintShell | None = None
    logout: Callable[[], None] | None = field(default=None, repr=False)
    directory: Path = ()


NOBODY = Login()


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters(_Noted):
    """
    What was set for transfers.

    @ivar type: C{A} or C{I}; it changes no byte.
    @ivar protected: data connections are to be encrypted.
    """

    type: str = "A"
    protected: bool = False
