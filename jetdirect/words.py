"""
What an operator has said, on the command line and in a configuration file, and the configuration
that it makes.

All that is wrong is told together, each with the place where it was said.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from twisted.cred.checkers import ICredentialsChecker

from .certificate import ServerCertificate
from .checkers import checkerFor
from .commandline import DEFAULT_PRINTER, FILE_OPTIONS, NOTIFY_OPTIONS, OPTIONS, PORT_OPTIONS
from .configuration import Configuration, Said
from .ftp.settings import PROFILES
from .interfaces import IPrinterTransport
from .listeners import leadsHere, listeners, portOf
from .named import NamedPrinter, PortSettings, defaultOf, unclear
from .options import Option, shown, size
from .portnames import STEM
from .spool.where import isDatabase, withoutPassword
from .text import presentable
from .transports.build import deviceURI, transportFor
from .transports.policy import PJLPolicy
from .uri import DeviceURI, withoutSecrets
from .watch.retention import Retention
from .watch.settings import NotifySettings, mailServer
from .watch.trust import untold
from .web.access import Access
from .web.places import exposure, places

SHOWN = 200
"""Characters of a wrong value that are said again."""

FEW_BYTES = 1024
"""A limit of fewer was perhaps meant with a unit (chosen)."""

_OPTION = re.compile(r"--([a-z-]+)(=?)")


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
    @ivar settings: fields of L{PortSettings}.
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


@dataclass(frozen=True)
class _Source:
    """What a transport was made of: the words, and what they meant, secrets and all."""

    words: tuple[str, str, PJLPolicy]
    device: DeviceURI = field(repr=False)


class Words:
    """
    What was said: values by the names of options, and where each was said.

    @ivar file: the configuration file; empty: the command line.
    @ivar defaults: fields of L{PortSettings} that are set for all printing ports.
    @ivar notify: fields of L{NotifySettings}.
    @ivar wrong: what is wrong with what was said so far.
    @ivar remarks: what may not have been meant.
    """

    def __init__(self, reactor: Any, file: str = "") -> None:
        """@param reactor: what listens and connects."""
        self._reactor = reactor
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
                return self._new("port", listeners(self._reactor, text))
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

    def _listeners(self) -> list[str]:
        return self.said("port") or listeners(self._reactor, "21")

    def _new(self, option: str, found: list[str]) -> list[str]:
        # Nobody can listen twice at one place; at port 0 it is another one each time.
        for each in found:
            if each in self.values.get(option, ()) and portOf(each) != 0:
                raise ValueError("given twice; leave one out")
        return found

    def over(self, other: Words) -> Words:
        """These words, and what of the others they do not say."""
        both = Words(self._reactor, other.file)
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

    def configuration(
        self,
        before: Configuration | None = None,
        checker: Callable[[str], ICredentialsChecker] = checkerFor,
    ) -> Configuration:
        """
        What all of it makes.

        @param before: the configuration until now; what was made of the same words is used again.
        @param checker: makes who decides about logins of the text that was said.
        @raise Wrong: it makes none.
        """
        wrong = [*self.wrong, *self._contradictions()]
        said = self.values
        set = {o.setting: said[o.name] for o in OPTIONS if o.setting and o.name in said}
        settings = PROFILES[self.said("profile") or "500x"]
        sessions = {name: value for name, value in set.items() if hasattr(settings, name)}
        ports = {name: value for name, value in set.items() if name not in sessions}
        settings = replace(settings, **sessions)
        defaults = PortSettings(**{**self.defaults, **ports})
        try:
            settings = replace(settings, certificate=self._certificate(before))
        except ValueError as error:
            wrong.append(str(error))
        notify = self._alarms(wrong)
        printers = list(self._made(before, defaults, wrong))
        if wrong:
            raise Wrong(self._inItsWords(wrong))
        return Configuration(
            printers,
            self._listeners(),
            settings,
            defaults,
            checkers=[checker(text) for text in self.said("auth") or ()],
            default=self.said("default-port") or "",
            spool=self.said("spool") or "",
            web=self.said("web") or (),
            standby=bool(self.said("standby")),
            state=self._state(),
            history=self._history(),
            retention=self._retention(),
            access=self._access(checker),
            file=self.file,
            said={
                option.name: Said(self._text(option), str(self.places[option.name]))
                for option in FILE_OPTIONS
                if option.name in said
            },
            remarks=self.remarks,
            notify=notify,
            logFormat=self.said("log-format") or "text",
        )

    def _state(self) -> str:
        state: str = self.said("state") or ""
        return "" if state == self.said("spool") else state

    def _history(self) -> str:
        if not self.said("history"):
            return ""
        folder, file = self.said("history")
        spool = self.said("spool") or ""
        place = self.said("state") or (not isDatabase(spool) and spool) or folder
        return os.path.abspath(os.path.join(str(place), file))

    def _retention(self) -> Retention:
        usual = Retention()
        return Retention(
            self.said("history-days") or usual.days,
            self.said("history-rows") or usual.rows,
            self.said("history-bytes") or usual.bytes,
            self.said("names") or usual.names,
        )

    def _access(self, checker: Callable[[str], ICredentialsChecker]) -> Access:
        return Access(
            [checker(text) for text in self.said("web-auth") or ()],
            self.said("web-host") or (),
            bool(self.said("web-behind-proxy")),
            self.said("web-see") or (),
            self.said("web-operate") or (),
            self.said("web-administer") or (),
        )

    def _text(self, option: Option) -> str:
        value = self._history() if option.name == "history" else self.values[option.name]
        if option.name in _SAFE:
            value = [safe(option, each) for each in value]
        return shown(option, value)

    def _alarms(self, wrong: list[str]) -> NotifySettings | None:
        if "notify" not in self.places:
            return None
        made = NotifySettings(**self.notify)
        said = {each.name for each in NOTIFY_OPTIONS if f"notify.{each.name}" in self.places}
        useless = [o for o in NOTIFY_OPTIONS if o.name in said and o.needs not in ("", *said)]
        for option in useless:
            remedy = f"means nothing without {option.needs}; add that, or leave this out"
            wrong.append(f"{self.places[f'notify.{option.name}']}: {remedy}")
        if not useless and not said & {"mail-to", "webhook"}:
            remedy = "nobody is told; write mail-to or webhook below it"
            wrong.append(f"{self.places['notify']}: {remedy}")
        for name, why in untold(made):
            wrong.append(f"{self.places.get(f'notify.{name}', self.places['notify'])}: {why}")
        return made

    def _inItsWords(self, sentences: Iterable[str]) -> Iterator[str]:
        # A key of a file is an option's name without the dashes.
        known = {each.name for each in OPTIONS}
        for each in sentences:
            place, colon, rest = each.partition(": ")
            if self.file and not place.startswith("--"):
                rest = _OPTION.sub(lambda o: _asKey(o) if o[1] in known else o[0], rest)
            yield f"{place}{colon}{rest}"

    def _made(
        self, before: Configuration | None, defaults: PortSettings, wrong: list[str]
    ) -> Iterator[NamedPrinter]:
        said = self.printers or self._embedded()
        if self.wrong:
            said = [each for each in said if each.name]  # or it was told already
        elif not said:
            wrong.append(f"{self.file}: no printer; write a [[printer]] with name and uri")
        if not said:
            return
        for place, why in unclear(said):
            wrong.append(f"{said[place].placeOf('name')}: {why}")
        try:
            defaultOf(said, self.said("default-port") or "")
        except ValueError as error:
            where = self.places.get("default-port", self.file)
            wrong.append(f"{where}: {error}" if where else str(error))
        known = {} if before is None else {each.name.upper(): each for each in before.ports}
        here = [*self._listeners(), *(self.said("web") or ())]
        for each in said:
            if each.uri is None:
                continue  # it was told already
            own = replace(defaults, **each.settings) if each.settings else defaults
            if each.onCommandLine and self.said("spool"):
                own = replace(own, spool=True)
            try:
                old = known.get(each.name.upper())
                transport, source = self._transport(each, PJLPolicy(own.pjlPolicy), old)
                if leadsHere(transport.uri, here):
                    remedy = "name the printer's own address and port"
                    raise ValueError(f"this gateway listens there; {remedy}")
                if self.said("spool") and _isInside(transport.uri, self.said("spool")):
                    raise ValueError("that is inside the spool; name a directory outside of it")
                if each.settings.get("gap") and "gap" in source.device.options:
                    raise ValueError("gap is said here, too; leave one out")
            except ValueError as error:
                wrong.append(f"{each.placeOf('uri')}: {error}{'' if self.printers else _ELSE}")
                continue
            aliases = tuple(each.aliases)
            yield NamedPrinter(each.name, transport, each.number, aliases, own, source)

    def _transport(
        self, said: SaidPrinter, policy: PJLPolicy, old: NamedPrinter | None
    ) -> tuple[IPrinterTransport, _Source]:
        # That of before, if it was made of the same: nothing of it is read again but secrets.
        assert said.uri is not None
        words = said.uri, said.folder, policy
        was = None if old is None else old.source
        known = isinstance(was, _Source) and was.words == words
        if known and "-file=" not in said.uri:
            source = was
        else:
            source = _Source(words, deviceURI(said.uri, said.folder))
        assert isinstance(source, _Source)
        if old is not None and source == was:
            return old.transport, source
        return transportFor(self._reactor, source.device, policy), source

    def _embedded(self) -> list[SaidPrinter]:
        if self.file:
            return []  # a file whose printers cannot be found must not keep their jobs elsewhere
        path = quote(os.fsencode(os.path.abspath(DEFAULT_PRINTER)))
        place = "the default printer"
        return [SaidPrinter(f"{STEM}1", 1, uri=f"file://{path}", place=place)]

    def _contradictions(self) -> Iterator[str]:
        for option, where in (("port", self._listeners()), ("web", self.said("web") or ())):
            for port in filter(None, map(portOf, where)):
                if port in (self.said("passive-ports") or ()):
                    remedy = f"{port} is a --{option}, so choose other ones"
                    yield f"{self.places['passive-ports']}: {remedy}"
                if port == self.said("active-port"):
                    name = self._nameOf("active-port", str(port))
                    yield f"{name}: that is a --{option}; choose another"
        for place in self.said("web") or ():
            proved = bool(self.said("web-auth"))
            why = exposure(place, proved, bool(self.said("web-behind-proxy")))
            if why:
                yield f"{self._nameOf('web', place)}: {why}"
        yield from self._useless()
        if self.said("standby") and isDatabase(self.said("spool") or ""):
            remedy = "gateways that share a database take over from each other; leave it out"
            yield f"{self._nameOf('standby')}: {remedy}"
        if self.said("fire-and-forget"):
            for name, why in _NOT_WITH_FIRE.items():
                remedy = f"with --fire-and-forget {why}; leave one of them out"
                yield from (f"{place}: {remedy}" for place in self._placesOf(name))

    def _useless(self) -> Iterator[str]:
        # What means nothing without something else, which nobody has said, was not meant so.
        for option in OPTIONS:
            if option.needs and _isSaid(self.said(option.name)) and not self.said(option.needs):
                yield f"{self._nameOf(option.name, self._value(option))}: {_without(option)}"
        if not self.said("spool"):
            for option in filter(_ofSpool, PORT_OPTIONS):
                if option.name not in self.places and _isSaid(self.defaults.get(option.setting)):
                    yield f"{self.places[defaults(option)]}: {_without(option)}"
        for each in self.printers:
            yield from self._uselessFor(each)
        web = self.said("web")
        if web and all(place.startswith("unix:") for place in web):
            for name in ("web-auth", "web-behind-proxy"):
                if self.said(name):
                    remedy = "say --web with a TCP port, too, or leave this out"
                    yield f"{self._nameOf(name)}: a Unix socket asks nobody who it is; {remedy}"

    def _uselessFor(self, printer: SaidPrinter) -> Iterator[str]:
        keeps = printer.settings.get("spool", self.defaults.get("spool"))
        for option in filter(_ofSpool, PORT_OPTIONS):
            if not _isSaid(printer.settings.get(option.setting)):
                continue
            if option.name == "spool" and not self.said("spool"):
                yield f"{printer.placeOf('spool')}: {_without(option)}"
            elif option.name != "spool" and not keeps:
                remedy = "say spool = true below it, or leave this out"
                yield f"{printer.placeOf(option.name)}: {printer.name} keeps no jobs; {remedy}"

    def _placesOf(self, option: str) -> Iterator[str]:
        # For the gateway or in [defaults], and below each [[printer]].
        if self.said(option):
            yield self._nameOf(option)
        elif f"defaults.{option}" in self.places:
            yield str(self.places[f"defaults.{option}"])
        yield from (str(each.places[option]) for each in self.printers if option in each.places)

    def _value(self, option: Option) -> str:
        return self._text(option) if option.value else ""

    def _nameOf(self, option: str, value: str = "") -> str:
        place = str(self.places[option])
        typed = place.startswith("--")
        place = f"--{option}" if typed else place
        return f"{place}{'=' if typed else ' = '}{value}" if value else place

    def _certificate(self, before: Configuration | None) -> ServerCertificate | None:
        file, key = self.said("tls-certificate"), self.said("tls-key")
        if file is None:
            for name in ("port", "web"):
                for each in self.said(name) or ():
                    if re.match("tls:|ssl:", each):
                        remedy = "name the certificate with --tls-certificate=FILE"
                        place = self._nameOf(name, each)
                        raise ValueError(f"{place}: there is no certificate; {remedy}")
            return None
        try:
            made = ServerCertificate(file, key or file)
        except ValueError as error:
            raise ValueError(f"{self.places['tls-certificate']}: {error}") from None
        old = None if before is None else before.sessions.certificate
        return old if old == made else made


def _isInside(uri: str, directory: str) -> bool:
    path = uri.removeprefix("file://")
    return path != uri and PurePath(path).is_relative_to(directory)


def _ofSpool(option: Option) -> bool:
    return option.needs == "spool" and bool(option.setting)


def _isSaid(value: object) -> bool:
    return value is not None and value is not False


def _without(option: Option) -> str:
    """Why an option is refused that needs another one, and the remedy."""
    value = next(each.value for each in OPTIONS if each.name == option.needs)
    needed = f"--{option.needs}"
    if option.name == option.needs:  # that of a printing port
        return f"there is no place for its jobs; add {needed}={value} above the first [table]"
    return f"means nothing without {needed}; add {needed}={value}, or leave this out"


def defaults(option: Option) -> str:
    """What L{Words.places} calls an option of C{[defaults]}."""
    return f"defaults.{option.name}"


_NOT_WITH_FIRE = {
    "control-loss-grace": "no loss is waited for",
    "on-duplicate": "no job counts as a duplicate",
}

_ELSE = ", or name a printer with --printer"


def _asKey(found: re.Match[str]) -> str:
    return f"{found[1]} = " if found[2] else found[1]


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
