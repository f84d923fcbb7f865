"""
What of an operator's words contradicts the rest, or means nothing without something else.
"""

from __future__ import annotations

from collections.abc import Iterator

from .commandline import OPTIONS, PORT_OPTIONS
from .listeners import portOf
from .options import Option
from .spool.where import isDatabase
from .web.places import exposure
from .words import SaidPrinter, Words, defaults

_NOT_WITH_FIRE = {
    "control-loss-grace": "no loss is waited for",
    "on-duplicate": "no job counts as a duplicate",
}


def contradictions(words: Words) -> Iterator[str]:
    """Each: where it was said, what is wrong, and what to do."""
    for option, where in (("port", words.listeners()), ("web", words.said("web") or ())):
        for port in filter(None, map(portOf, where)):
            if port in (words.said("passive-ports") or ()):
                remedy = f"{port} is a --{option}, so choose other ones"
                yield f"{words.places['passive-ports']}: {remedy}"
            if port == words.said("active-port"):
                name = words.nameOf("active-port", str(port))
                yield f"{name}: that is a --{option}; choose another"
    for place in words.said("web") or ():
        proved = bool(words.said("web-auth"))
        why = exposure(place, proved, bool(words.said("web-behind-proxy")))
        if why:
            yield f"{words.nameOf('web', place)}: {why}"
    yield from _useless(words)
    if words.said("standby") and isDatabase(words.said("spool") or ""):
        remedy = "gateways that share a database take over from each other; leave it out"
        yield f"{words.nameOf('standby')}: {remedy}"
    if words.said("fire-and-forget"):
        for name, why in _NOT_WITH_FIRE.items():
            remedy = f"with --fire-and-forget {why}; leave one of them out"
            yield from (f"{place}: {remedy}" for place in words.placesOf(name))


def _useless(words: Words) -> Iterator[str]:
    # What means nothing without something else, which nobody has said, was not meant so.
    for option in OPTIONS:
        if option.needs and _isSaid(words.said(option.name)) and not words.said(option.needs):
            value = words.text(option) if option.value else ""
            yield f"{words.nameOf(option.name, value)}: {_without(option)}"
    if not words.said("spool"):
        for option in filter(_ofSpool, PORT_OPTIONS):
            if option.name not in words.places and _isSaid(words.defaults.get(option.setting)):
                yield f"{words.places[defaults(option)]}: {_without(option)}"
    for each in words.printers:
        yield from _uselessFor(words, each)
    web = words.said("web")
    if web and all(place.startswith("unix:") for place in web):
        for name in ("web-auth", "web-behind-proxy"):
            if words.said(name):
                remedy = "say --web with a TCP port, too, or leave this out"
                yield f"{words.nameOf(name)}: a Unix socket asks nobody who it is; {remedy}"


def _uselessFor(words: Words, printer: SaidPrinter) -> Iterator[str]:
    keeps = printer.settings.get("spool", words.defaults.get("spool"))
    for option in filter(_ofSpool, PORT_OPTIONS):
        if not _isSaid(printer.settings.get(option.setting)):
            continue
        if option.name == "spool" and not words.said("spool"):
            yield f"{printer.placeOf('spool')}: {_without(option)}"
        elif option.name != "spool" and not keeps:
            remedy = "say spool = true below it, or leave this out"
            yield f"{printer.placeOf(option.name)}: {printer.name} keeps no jobs; {remedy}"


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
