"""
What a session keeps from one command to the next: values, replaced whole.

USER forgets the login, REIN and AUTH forget the parameters too; nothing has to be reset by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Generic, NamedTuple, TypeVar

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


class _Noted:
    # Of a NamedTuple, which C makes: a frozen dataclass takes three times as long, twice a session.
    __slots__ = ()

    def read(self: Any, note: Note[T]) -> T | None:
        """What is kept; L{None}: nothing."""
        found: T | None = self.notes.get(note)
        return found

    def noted(self: Any, note: Note[T], value: T | None) -> Any:
        """The same with C{value} kept."""
        if self.notes.get(note) is value:
            return self
        return self._replace(notes={**self.notes, note: value})


class _Login(NamedTuple):
    user: str | None = None
    shell: PrintShell | None = None
    logout: Callable[[], None] | None = None
    directory: Path = ()
    notes: Mapping[Note[Any], Any] = _NONE


class Login(_Noted, _Login):
    """
    The user of a session.

    @ivar user: the name given with USER; L{None} before.
    @ivar shell: the print shell, after PASS.
    @ivar logout: tells cred that the login has ended.
    @ivar directory: the segments of the current directory.
    """

    __slots__ = ()


NOBODY = Login()


class _Parameters(NamedTuple):
    type: str = "A"
    protected: bool = False
    notes: Mapping[Note[Any], Any] = _NONE


class Parameters(_Noted, _Parameters):
    """
    What was set for transfers.

    @ivar type: C{A} or C{I}; it changes no byte.
    @ivar protected: data connections are to be encrypted.
    """

    __slots__ = ()
