"""
What printing ports are made of, and what they are called.  No I/O.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from typing import TypeAlias

from .interfaces import IPrinterTransport
from .portnames import STEM
from .text import presentable

BUSY_TIMEOUT = 60.0
"""Seconds a job waits for its turn: as long as most FTP clients wait for a reply (30 to 120 s)."""

CONNECT_TIMEOUT = 30.0
"""Seconds in which a printer must be reached, all attempts together."""


@dataclass(frozen=True)
class PortSettings:
    """
    What an operator may set about one printing port.

    @ivar busyTimeout: seconds a job waits for its turn; 0: not at all.
    @ivar connectTimeout: seconds in which the printer must be reached; 0: one attempt.
    @ivar maxJobBytes: what a longer job has beyond is not printed; L{None}: no limit.
    @ivar share: jobs that may have the port or wait for it; L{None}: any number.
    @ivar location: where the printer stands.
    """

    busyTimeout: float = BUSY_TIMEOUT
    connectTimeout: float = CONNECT_TIMEOUT
    maxJobBytes: int | None = None
    share: int | None = None
    location: str = ""


@dataclass(frozen=True)
class NamedPrinter:
    """
    What a printing port is made of.

    @ivar name: the operator's, and the port's identity; case does not count.
    @ivar number: with it PORTn is a second name; or L{None}.
    @ivar aliases: what else it is called.
    @ivar source: what the transport was made of; as long as this is the same, the transport need
        not be another one.  May hold secrets.
    """

    name: str
    transport: IPrinterTransport
    number: int | None = None
    aliases: tuple[str, ...] = ()
    settings: PortSettings = PortSettings()
    source: object = field(default=None, repr=False)

    @property
    def words(self) -> list[str]:
        """All that leads to it."""
        number = [] if self.number is None else [f"{STEM}{self.number}"]
        return [self.name, *number, *self.aliases]


_NAME = re.compile(r"[A-Za-z0-9_-]+")
_ALIAS = re.compile(r"[!-.0-\[\]-~]+")

Printers: TypeAlias = "Sequence[NamedPrinter | IPrinterTransport]"
"""A bare transport has the number of its place: the n-th is PORTn."""


def named(printers: Printers, settings: PortSettings) -> tuple[NamedPrinter, ...]:
    """
    Each with its name.

    @param settings: of those that are bare transports.
    """
    return tuple(
        each
        if isinstance(each, NamedPrinter)
        else NamedPrinter(f"{STEM}{n}", each, n, (), settings)
        for n, each in enumerate(printers, start=1)
    )


def checkNames(printers: Sequence[NamedPrinter], default: str = "") -> None:
    """
    Each word leads to one printing port.

    @param default: the name of the default port; empty: none is named.
    @raise ValueError: a word does not; the message names it and the remedy.
    """
    if not printers:
        raise ValueError("a print server needs at least one printer")
    known: dict[str, NamedPrinter] = {}
    for printer in printers:
        if not _NAME.fullmatch(printer.name):
            raise ValueError(f"{printer.name!r}: a port's name has letters, digits, - and _ only")
        for word in printer.aliases:
            if not _ALIAS.fullmatch(word):
                raise ValueError(
                    f"{word!r}: an alias is one word of printable ASCII without / and \\"
                )
        for word in [printer.name, *printer.aliases]:
            number = re.fullmatch(rf"{STEM}(\d+)", word, re.IGNORECASE)
            if number and number[1] != str(printer.number):
                raise ValueError(f"{word}: say number = {number[1]}, or choose another name")
        for word in dict.fromkeys(map(str.upper, printer.words)):
            other = known.setdefault(word, printer)
            if other is not printer:
                remedy = "each port needs words of its own"
                raise ValueError(f"{word} is {other.name} and {printer.name}; {remedy}")
    defaultOf(printers, default)


def defaultOf(printers: Sequence[NamedPrinter], name: str = "") -> NamedPrinter:
    """
    Where a job prints whose sender names no port: number 1, or the only one.

    @param name: the operator's choice; empty: none.
    @raise ValueError: that is not clear.
    """
    if name:
        found = [each for each in printers if each.name.upper() == name.upper()]
        missing = f"{name}: no printing port has this name"
    else:
        found = [each for each in printers if each.number == 1] or list(printers)
        missing = "no port has number 1; say which one is the default port"
    if len(found) != 1:
        raise ValueError(missing)
    return found[0]


def differences(old: NamedPrinter, new: NamedPrinter) -> Iterator[str]:
    """What has changed about a printing port, a line each."""
    if old.transport is not new.transport:
        uri = presentable(new.transport.uri)
        yield f"{new.name} prints to {uri} from the next job on"
    for what, was, now in (
        ("name", old.name, new.name),
        ("number", old.number, new.number),
        ("aliases", ", ".join(old.aliases), ", ".join(new.aliases)),
        *(
            (each.name, getattr(old.settings, each.name), getattr(new.settings, each.name))
            for each in fields(PortSettings)
        ),
    ):
        if was != now:
            yield f"{new.name}: {what} is {now}, was {was}"
