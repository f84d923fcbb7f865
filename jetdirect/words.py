"""
What an operator has said, on the command line and in a configuration file, and where.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .checkers import checkerFor
from .listeners import listeners, portOf
from .net.reactor import IGatewayReactor
from .options import Option, shown, size
from .portnames import STEM
from .spool.where import isDatabase, withoutPassword
from .text import presentable
from .uri import withoutSecrets
from .watch.settings import mailServer
from .web.places import places

SHOWN = 200
"""Characters of a wrong value that are said again."""

FEW_BYTES = 1024
"""A limit of fewer was perhaps meant with a unit (chosen)."""

Value = str | bool
"""What is said of an option, before it is read; one without a value is on or off."""

Place = object
"""Where something was said: its C{str} says it, and may take its time for it."""


class Wrong(ValueError):
    """
    What was said makes no configuration.

    @ivar sentences: all that is wrong: where, what, and what to do.
    """

    def __init__(self, sentences: Iterable[str]) -> None:
        self.sentences = list(sentences)
        super().__init__("; ".join(self.sentences))


@dataclass
class SaidPrinter:
    """
    One printer as it was said.

    @ivar name: empty: it was left out, which is told.
    @ivar uri: its device URI; L{None}: likewise.
    @ivar folder: where relative paths in it begin.
    @ivar settings: fields of L{PortSettings<jetdirect.named.PortSettings>}.
    @ivar place: where it was said, for errors.
    @ivar places: where each of its keys was.
    """

    name: str
    number: int | None = None
    aliases: list[str] = field(default_factory=list)
    uri: str | None = None
    folder: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    place: Place = ""
    places: Mapping[str, Place] = field(default_factory=dict)

    @property
    def onCommandLine(self) -> bool:
        """It has no settings of its own."""
        return not self.places

    def placeOf(self, key: str) -> Place:
        """Where a key was said, or else the printer."""
        return self.places.get(key, self.place)


class Words:
    """
    What was said: values by the names of options, and where each was said.

    @ivar reactor: what listens and connects.
    @ivar file: the configuration file; empty: the command line.
    @ivar defaults: fields of L{PortSettings<jetdirect.named.PortSettings>} that are set for all
        printing ports.
    @ivar notify: fields of L{NotifySettings<jetdirect.watch.settings.NotifySettings>}.
    @ivar wrong: what is wrong with what was said so far.
    @ivar remarks: what may not have been meant.
    """

    def __init__(self, reactor: IGatewayReactor, file: str = "") -> None:
        self.reactor = reactor
        self.file = file
        self.values: dict[str, Any] = {}
        self.places: dict[str, Place] = {}
        self.defaults: dict[str, Any] = {}
        self.notify: dict[str, Any] = {}
        self.printers: list[SaidPrinter] = []
        self.wrong: list[str] = []
        self.remarks: list[str] = []

    def take(self, option: Option, value: Value, place: Place, folder: str = "") -> None:
        """
        Read a value of an option.

        @param folder: where relative paths begin.
        @raise ValueError: it is none; the message is the remedy.
        """
        found: Any = value if isinstance(value, bool) else self._read(option, value, folder)
        if option.name == "printer":
            return
        self.places.setdefault(option.name, place)
        if option.read is size and found < FEW_BYTES:
            remedy = "write 10K or 10M if that is meant"
            self.remarks.append(f"{place}: {found} bytes are hardly a page; {remedy}")
        before = self.values.get(option.name, found)
        if option.many:
            found = [*self.values.get(option.name, ()), *found]
        elif found != before:
            raise ValueError("given twice, each time otherwise; leave one out")
        self.values[option.name] = found

    def takeNotify(self, option: Option, value: Value, place: Place, folder: str) -> None:
        """
        Read a value of C{[notify]}.

        Blocks as long as a disk does, for a secret.

        @param folder: where relative paths begin.
        @raise ValueError: it is none; the message is the remedy.
        """
        text = os.path.join(folder, str(value)) if option.path else str(value)
        self.places[f"notify.{option.name}"] = place
        found: Any = mailServer(text, folder) if option.name == "smtp" else option.read(text)
        if option.many:
            found = (*self.notify.get(option.setting, ()), *found)
        self.notify[option.setting] = found

    def _read(self, option: Option, text: str, folder: str) -> Any:
        match option.name:
            case "port":
                return self._new("port", listeners(self.reactor, text))
            case "web":
                return self._new("web", places(text, folder))
            case "printer":
                n = len(self.printers) + 1
                place = f"--printer={safe(option, text)}"
                self.printers.append(SaidPrinter(f"{STEM}{n}", n, uri=text, place=place))
                return None
            case "history":
                return folder, option.read(text)
            case "auth" | "web-auth":
                kind, _, where = text.partition(":")
                if kind == "file" and where:
                    text = f"file:{os.path.join(folder, where)}"
                checkerFor(text)
                return [text]
        if not text and option.read is str:
            raise ValueError("a value is missing; give one, or leave this out")
        found = option.read(text)
        if option.path and not isDatabase(found):
            found = os.path.abspath(os.path.join(folder, found))
        return [found] if option.path and option.many else found

    def listeners(self) -> list[str]:
        """Where FTP clients connect: server endpoint strings."""
        return self.said("port") or listeners(self.reactor, "21")

    def _new(self, option: str, found: list[str]) -> list[str]:
        # Nobody can listen twice at one place; at port 0 it is another one each time.
        for each in found:
            if each in self.values.get(option, ()) and portOf(each) != 0:
                raise ValueError("given twice; leave one out")
        return found

    def over(self, other: Words) -> Words:
        """These words, and what of the others they do not say."""
        both = Words(self.reactor, other.file)
        both.values = {**other.values, **self.values}
        both.places = {**other.places, **self.places}
        both.defaults = {**other.defaults, **self.defaults}
        both.notify = {**other.notify, **self.notify}
        both.printers = self.printers or other.printers
        both.wrong = [*self.wrong, *other.wrong]
        both.remarks = [*self.remarks, *other.remarks]
        if self.printers and other.printers:
            remedy = "leave one of them out"
            place = self.printers[0].place
            both.wrong.append(f"{place}: {other.file} names printers, too; {remedy}")
        return both

    def said(self, name: str) -> Any:
        """The value of an option, or L{None}."""
        return self.values.get(name)

    def history(self) -> str:
        """The absolute path of the history's file; empty: there is none."""
        if not self.said("history"):
            return ""
        folder, file = self.said("history")
        spool = self.said("spool") or ""
        place = self.said("state") or (not isDatabase(spool) and spool) or folder
        return os.path.abspath(os.path.join(str(place), file))

    def text(self, option: Option) -> str:
        """The value of an option that was said, as it may be shown."""
        value = self.history() if option.name == "history" else self.values[option.name]
        if option.name in _SAFE:
            value = [safe(option, each) for each in value]
        return shown(option, value)

    def placesOf(self, option: str) -> Iterator[str]:
        """Where an option was said: for the gateway or in C{[defaults]}; below a C{[[printer]]}."""
        if self.said(option):
            yield self.nameOf(option)
        elif f"defaults.{option}" in self.places:
            yield str(self.places[f"defaults.{option}"])
        yield from (str(each.places[option]) for each in self.printers if option in each.places)

    def nameOf(self, option: str, value: str = "") -> str:
        """Where an option was said, as an error begins: with its name, and perhaps its value."""
        place = str(self.places[option])
        typed = place.startswith("--")
        place = f"--{option}" if typed else place
        return f"{place}{'=' if typed else ' = '}{value}" if value else place


def defaults(option: Option) -> str:
    """What L{Words.places} calls an option of C{[defaults]}."""
    return f"defaults.{option.name}"


def safe(option: Option, text: str) -> str:
    """A value as an error may show it: without what may be a secret, and not too long."""
    shown = presentable(_SAFE.get(option.name, str)(text))
    return shown if len(shown) <= SHOWN else shown[:SHOWN] + "..."


def _withoutPasswords(auth: str) -> str:
    kind, _, where = auth.partition(":")
    return auth if kind == "file" or not where else f"{kind}:..."


def _withoutPath(webhook: str) -> str:
    # In the path of a webhook its secret may be.
    found = re.match(r"https?://[^/?#@]*(?=[/?#]|\Z)", webhook)
    return "..." if found is None else f"{found[0]}/..."


_SAFE: Mapping[str, Callable[[str], str]] = {
    "printer": withoutSecrets,
    "uri": withoutSecrets,
    "auth": _withoutPasswords,
    "spool": withoutPassword,
    "web-auth": _withoutPasswords,
    "smtp": withoutSecrets,
    "webhook": _withoutPath,
}
"""What of a value that may hold a secret is said again."""
