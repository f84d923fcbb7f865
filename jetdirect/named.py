"""
What printing ports are made of, and what they are called.  No I/O.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, TypeAlias, TypeVar

from .interfaces import IPrinterTransport
from .networks import Network, isInside
from .options import didYouMean
from .portnames import STEM
from .spool.limits import Keep, Least
from .text import presentable

BUSY_TIMEOUT = 60.0
"""Seconds a job waits for its turn: as long as most FTP clients wait for a reply (30 to 120 s)."""

CONNECT_TIMEOUT = 30.0
"""Seconds in which a printer must be reached, all attempts together."""

MAX_QUEUED = 10_000
"""Jobs that a printing port keeps (chosen): far more than wait on a good day, and less than what a
sender that repeats itself sends in a night."""

NOTHING, A_PART = Keep(), Least()


class OnDoubt(StrEnum):
    """What becomes of a kept job of which a part may be on paper."""

    HOLD = "hold"
    STOP = "stop"
    REPRINT = "reprint"
    DROP = "drop"


class OnDuplicate(StrEnum):
    """What becomes of a job that comes again from a sender that could not hear of the first."""

    HOLD = "hold"
    PRINT = "print"


@dataclass(frozen=True)
class PortSettings:
    """
    What an operator may set about one printing port.

    @ivar busyTimeout: seconds a job waits for its turn; 0: not at all.
    @ivar connectTimeout: seconds in which the printer must be reached; 0: one attempt.
    @ivar maxJobBytes: what a longer job has beyond is not printed; L{None}: no limit.
    @ivar share: jobs that may have the port or wait for it; L{None}: any number.
    @ivar location: where the printer stands.
    @ivar description: what it is called; empty: in the transport's words.
    @ivar gap: seconds that the printer needs after each job, unless its transport says so.
    @ivar allow: the networks whose senders may print; empty: all.
    @ivar pjlPolicy: what becomes of PJL commands that no print job needs: C{off}, C{log} or
        C{refuse}.
    @ivar spool: jobs are kept on disk until they are printed.
    @ivar replyWithin: seconds that the reply to a kept job waits for its printer; 0: it does not.
    @ivar onDoubt: what becomes of a kept job of which a part may be on paper.
    @ivar onDuplicate: what becomes of one whose sender could not hear of the first.
    @ivar keep: how much is kept of printed jobs.
    @ivar expire: seconds after which a job that waits is held; 0: never.
    @ivar maxQueued: kept jobs that may wait or be held.
    @ivar maxQueuedBytes: bytes that they may have; L{None}: no limit.
    @ivar maxQueuedPerHost: jobs that one sender may have waiting; L{None}: no limit.
    @ivar minFree: what is to stay free of the spool's file system.
    """

    busyTimeout: float = BUSY_TIMEOUT
    connectTimeout: float = CONNECT_TIMEOUT
    maxJobBytes: int | None = None
    share: int | None = None
    location: str = ""
    description: str = ""
    gap: float = 0.0
    allow: Sequence[Network] = ()
    pjlPolicy: str = "off"
    spool: bool = False
    replyWithin: float = 0.0
    onDoubt: OnDoubt = OnDoubt.HOLD
    onDuplicate: OnDuplicate = OnDuplicate.HOLD
    keep: Keep = NOTHING
    expire: float = 0.0
    maxQueued: int = MAX_QUEUED
    maxQueuedBytes: int | None = None
    maxQueuedPerHost: int | None = None
    minFree: Least = A_PART

    def admits(self, host: str) -> bool:
        """May a sender at this address print?"""
        return not self.allow or isInside(host, self.allow)


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
    def positional(self) -> bool:
        """Is it known by its place on the command line only?"""
        return self.number is not None and self.name == f"{STEM}{self.number}"

    @property
    def words(self) -> list[str]:
        """Its name, PORTn and its aliases."""
        return wordsOf(self)


_NAME = re.compile(r"[A-Za-z0-9_-]+")
_ALIAS = re.compile(r"(?!\.{1,2}\Z)[!-.0-\[\]-~]+")

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


def portName(text: str) -> str:
    """
    A reader of the name of a printing port.

    @raise ValueError: it can be none; the message is the remedy.
    """
    if not _NAME.fullmatch(text):
        raise ValueError("a port's name has letters, digits, - and _ only")
    return text


def alias(text: str) -> list[str]:
    """
    A reader of one more name of a printing port.

    @raise ValueError: it can be none; the message is the remedy.
    """
    if not _ALIAS.fullmatch(text):
        raise ValueError("an alias is one word of printable ASCII without / and \\")
    return [text]


class Called(Protocol):
    """What a printing port is called, whatever it is made of."""

    @property
    def name(self) -> str:
        """The operator's name."""

    @property
    def number(self) -> int | None:
        """The n of PORTn, its second name; L{None}: it has none."""

    @property
    def aliases(self) -> Sequence[str]:
        """What else it is called."""


def wordsOf(port: Called) -> list[str]:
    """All that leads to a printing port."""
    number = [] if port.number is None else [f"{STEM}{port.number}"]
    return [port.name, *number, *port.aliases]


def unclear(ports: Sequence[Called]) -> Iterator[tuple[int, str]]:
    """
    What is wrong with the names of printing ports: each word has to lead to one of them.

    @return: the place of a port, and what is wrong with it: the word and the remedy.
    """
    known: dict[str, Called] = {}
    for place, port in enumerate(ports):
        for word, read in [(port.name, portName), *((each, alias) for each in port.aliases)]:
            try:
                read(word)
            except ValueError as error:
                yield place, f"{word!r}: {error}"
            number = re.fullmatch(rf"{STEM}(\d+)", word, re.IGNORECASE)
            if number and number[1] != str(port.number):
                meant = int(number[1])
                plain = str(meant) == number[1]
                remedy = f"say number = {meant}" if plain else f"write {STEM}{meant}"
                yield place, f"{word}: {remedy}, or choose another name"
        for word in dict.fromkeys(map(str.upper, wordsOf(port))):
            other = known.setdefault(word, port)
            if other is not port:
                remedy = "each port needs words of its own"
                yield place, f"{word}: {other.name} is called so, too; {remedy}"


def checkNames(printers: Sequence[NamedPrinter], default: str = "") -> None:
    """
    Each word leads to one printing port.

    @param default: the name of the default port; empty: none is named.
    @raise ValueError: a word does not; the message names it and the remedy.
    """
    if not printers:
        raise ValueError("a print server needs at least one printer")
    for _, why in unclear(printers):
        raise ValueError(why)
    defaultOf(printers, default)


_Called = TypeVar("_Called", bound=Called)


def defaultOf(printers: Sequence[_Called], name: str = "") -> _Called:
    """
    Where a job prints whose sender names no port: number 1, or the only one.

    @param name: the operator's choice; empty: none.
    @raise ValueError: that is not clear.
    """
    if name:
        found = [each for each in printers if each.name.upper() == name.upper()][:1]
        near = didYouMean(name, [each.name for each in printers])
        missing = f"no printing port is called {name}{near}"
    else:
        found = [each for each in printers if each.number == 1] or list(printers)
        missing = "no printing port has number 1; name one with default-port = NAME"
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
        ("number", old.number or "none", new.number or "none"),
        ("aliases", ", ".join(old.aliases) or "none", ", ".join(new.aliases) or "none"),
    ):
        if was != now:
            yield f"{new.name}: {what} is {now}, was {was}"
