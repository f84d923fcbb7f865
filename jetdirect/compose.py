"""
The configuration that an operator's words make.

All that is wrong is told together, each with the place where it was said.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from urllib.parse import quote

from twisted.cred.checkers import ICredentialsChecker

from .certificate import ServerCertificate
from .checkers import checkerFor
from .commandline import DEFAULT_PRINTER, FILE_OPTIONS, NOTIFY_OPTIONS, OPTIONS
from .configuration import Configuration, Said
from .contradictions import contradictions
from .ftp.settings import PROFILES
from .interfaces import IPrinterTransport
from .listeners import leadsHere
from .named import NamedPrinter, PortSettings, defaultOf, unclear
from .portnames import STEM
from .transports.build import deviceURI, transportFor
from .transports.policy import PJLPolicy
from .uri import DeviceURI
from .watch.retention import Retention
from .watch.settings import NotifySettings
from .watch.trust import untold
from .web.access import Access
from .words import SaidPrinter, Words, Wrong

_OPTION = re.compile(r"--([a-z-]+)(=?)")

_ELSE = ", or name a printer with --printer"


@dataclass(frozen=True)
class _Source:
    """What a transport was made of: the words, and what they meant, secrets and all."""

    words: tuple[str, str, PJLPolicy]
    device: DeviceURI = field(repr=False)


def composed(
    words: Words,
    before: Configuration | None = None,
    checker: Callable[[str], ICredentialsChecker] = checkerFor,
) -> Configuration:
    """
    The configuration that an operator has said.

    @param before: the configuration until now; what was made of the same words is used again.
    @param checker: makes what decides about logins, from the words of an option.
    @raise Wrong: it makes none.
    """
    wrong = [*words.wrong, *contradictions(words)]
    said = words.values
    set = {o.setting: said[o.name] for o in OPTIONS if o.setting and o.name in said}
    settings = PROFILES[words.said("profile") or "500x"]
    sessions = {name: value for name, value in set.items() if hasattr(settings, name)}
    ports = {name: value for name, value in set.items() if name not in sessions}
    settings = replace(settings, **sessions)
    defaults = PortSettings(**{**words.defaults, **ports})
    try:
        settings = replace(settings, certificate=_certificate(words, before))
    except ValueError as error:
        wrong.append(str(error))
    notify = _alarms(words, wrong)
    printers = list(_made(words, before, defaults, wrong))
    if wrong:
        raise Wrong(_inItsWords(words, wrong))
    return Configuration(
        printers,
        words.listeners(),
        settings,
        defaults,
        checkers=[checker(text) for text in words.said("auth") or ()],
        default=words.said("default-port") or "",
        spool=words.said("spool") or "",
        web=words.said("web") or (),
        standby=bool(words.said("standby")),
        state=_state(words),
        history=words.history(),
        retention=_retention(words),
        access=_access(words, checker),
        file=words.file,
        said={
            option.name: Said(words.text(option), str(words.places[option.name]))
            for option in FILE_OPTIONS
            if option.name in said
        },
        remarks=words.remarks,
        notify=notify,
        logFormat=words.said("log-format") or "text",
    )


def _state(words: Words) -> str:
    state: str = words.said("state") or ""
    return "" if state == words.said("spool") else state


def _retention(words: Words) -> Retention:
    usual = Retention()
    return Retention(
        words.said("history-days") or usual.days,
        words.said("history-rows") or usual.rows,
        words.said("history-bytes") or usual.bytes,
        words.said("names") or usual.names,
    )


def _access(words: Words, checker: Callable[[str], ICredentialsChecker]) -> Access:
    return Access(
        [checker(text) for text in words.said("web-auth") or ()],
        words.said("web-host") or (),
        bool(words.said("web-behind-proxy")),
        words.said("web-see") or (),
        words.said("web-operate") or (),
        words.said("web-administer") or (),
    )


def _alarms(words: Words, wrong: list[str]) -> NotifySettings | None:
    if "notify" not in words.places:
        return None
    made = NotifySettings(**words.notify)
    said = {each.name for each in NOTIFY_OPTIONS if f"notify.{each.name}" in words.places}
    useless = [o for o in NOTIFY_OPTIONS if o.name in said and o.needs not in ("", *said)]
    for option in useless:
        remedy = f"means nothing without {option.needs}; add that, or leave this out"
        wrong.append(f"{words.places[f'notify.{option.name}']}: {remedy}")
    if not useless and not said & {"mail-to", "webhook"}:
        remedy = "nobody is told; write mail-to or webhook below it"
        wrong.append(f"{words.places['notify']}: {remedy}")
    for name, why in untold(made):
        wrong.append(f"{words.places.get(f'notify.{name}', words.places['notify'])}: {why}")
    return made


def _inItsWords(words: Words, sentences: Iterable[str]) -> Iterator[str]:
    # A key of a file is an option's name without the dashes.
    known = {each.name for each in OPTIONS}
    for each in sentences:
        place, colon, rest = each.partition(": ")
        if words.file and not place.startswith("--"):
            rest = _OPTION.sub(lambda o: _asKey(o) if o[1] in known else o[0], rest)
        yield f"{place}{colon}{rest}"


def _made(
    words: Words, before: Configuration | None, defaults: PortSettings, wrong: list[str]
) -> Iterator[NamedPrinter]:
    said = words.printers or _embedded(words)
    if words.wrong:
        said = [each for each in said if each.name]  # or it was told already
    elif not said:
        wrong.append(f"{words.file}: no printer; write a [[printer]] with name and uri")
    if not said:
        return
    for place, why in unclear(said):
        wrong.append(f"{said[place].placeOf('name')}: {why}")
    try:
        defaultOf(said, words.said("default-port") or "")
    except ValueError as error:
        where = words.places.get("default-port", words.file)
        wrong.append(f"{where}: {error}" if where else str(error))
    known = {} if before is None else {each.name.upper(): each for each in before.ports}
    here = [*words.listeners(), *(words.said("web") or ())]
    for each in said:
        if each.uri is None:
            continue  # it was told already
        own = replace(defaults, **each.settings) if each.settings else defaults
        if each.onCommandLine and words.said("spool"):
            own = replace(own, spool=True)
        try:
            old = known.get(each.name.upper())
            transport, source = _transport(words, each, PJLPolicy(own.pjlPolicy), old)
            if leadsHere(transport.uri, here):
                remedy = "name the printer's own address and port"
                raise ValueError(f"this gateway listens there; {remedy}")
            if words.said("spool") and _isInside(transport.uri, words.said("spool")):
                raise ValueError("that is inside the spool; name a directory outside of it")
            if each.settings.get("gap") and "gap" in source.device.options:
                raise ValueError("gap is said here, too; leave one out")
        except ValueError as error:
            wrong.append(f"{each.placeOf('uri')}: {error}{'' if words.printers else _ELSE}")
            continue
        aliases = tuple(each.aliases)
        yield NamedPrinter(each.name, transport, each.number, aliases, own, source)


def _transport(
    words: Words, said: SaidPrinter, policy: PJLPolicy, old: NamedPrinter | None
) -> tuple[IPrinterTransport, _Source]:
    # That of before, if it was made of the same: nothing of it is read again but secrets.
    assert said.uri is not None
    own = said.uri, said.folder, policy
    was = None if old is None else old.source
    known = isinstance(was, _Source) and was.words == own
    if known and "-file=" not in said.uri:
        source = was
    else:
        source = _Source(own, deviceURI(said.uri, said.folder))
    assert isinstance(source, _Source)
    if old is not None and source == was:
        return old.transport, source
    return transportFor(words.reactor, source.device, policy), source


def _embedded(words: Words) -> list[SaidPrinter]:
    if words.file:
        return []  # a file whose printers cannot be found must not keep their jobs elsewhere
    path = quote(os.fsencode(os.path.abspath(DEFAULT_PRINTER)))
    place = "the default printer"
    return [SaidPrinter(f"{STEM}1", 1, uri=f"file://{path}", place=place)]


def _certificate(words: Words, before: Configuration | None) -> ServerCertificate | None:
    file, key = words.said("tls-certificate"), words.said("tls-key")
    if file is None:
        for name in ("port", "web"):
            for each in words.said(name) or ():
                if re.match("tls:|ssl:", each):
                    remedy = "name the certificate with --tls-certificate=FILE"
                    place = words.nameOf(name, each)
                    raise ValueError(f"{place}: there is no certificate; {remedy}")
        return None
    try:
        made = ServerCertificate(file, key or file)
    except ValueError as error:
        raise ValueError(f"{words.places['tls-certificate']}: {error}") from None
    old = None if before is None else before.sessions.certificate
    return old if old == made else made


def _isInside(uri: str, directory: str) -> bool:
    path = uri.removeprefix("file://")
    return path != uri and PurePath(path).is_relative_to(directory)


def _asKey(found: re.Match[str]) -> str:
    return f"{found[1]} = " if found[2] else found[1]
