"""
C{--check}: the printing ports of a configuration as a table, and what may be wrong with them.
Nothing is started, written or printed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace

from twisted.internet.defer import Deferred

from .changes import differing
from .configuration import Configuration
from .listeners import readable
from .named import PortSettings, defaultOf, named
from .net.reactor import IGatewayReactor
from .spool.directory import lookAt
from .spool.postgresql.opening import lookAtDatabase
from .spool.where import isDatabase, withoutPassword
from .text import inEscapes, presentable
from .transports.checks import seen
from .transports.reach import outOfReach

_HEADS = ("NUMBER", "NAME", "PRINTER", "SPOOL", "OTHERWISE")


def table(configuration: Configuration) -> str:
    """The printing ports, a line each, and where jobs come in."""
    default = defaultOf(configuration.ports, configuration.default)
    rows = [_HEADS, *_rows(configuration)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADS) - 1)]
    lines = [
        "  ".join([*(each.ljust(width) for each, width in zip(row, widths, strict=False)), row[-1]])
        for row in rows
    ]
    ports = len(configuration.printers)
    usual = "; ".join(_others(PortSettings(), configuration.defaults))
    lines += [
        "",
        *([f"All of them, unless they say otherwise: {presentable(usual)}."] if usual else []),
        f"{ports} printing port{'s' if ports > 1 else ''}; uploads that name none print on"
        f" {default.name}.",
        f"Senders connect to {', '.join(map(readable, configuration.listeners))}:"
        f" {configuration.sessions.sessions(ports)} sessions at a time.",
        *([f"Alarms go to {configuration.notify}."] if configuration.notify else []),
    ]
    return "\n".join(line.rstrip() for line in lines)


def _rows(configuration: Configuration) -> Iterator[tuple[str, ...]]:
    for port in named(configuration.printers, configuration.defaults):
        settings = replace(port.settings, spool=configuration.defaults.spool)  # it has a column
        others = list(_others(configuration.defaults, settings))
        if port.aliases:
            others.insert(0, f"aliases = {', '.join(port.aliases)}")
        number = "" if port.number is None else str(port.number)
        uri = presentable(port.transport.uri)
        spool = "yes" if port.settings.spool else "no"
        yield number, port.name, uri, spool, presentable("; ".join(others))


def _others(usual: PortSettings, settings: PortSettings) -> Iterator[str]:
    for option, now, _ in differing(usual, settings):
        yield f"{option.name} = {now}"


def warnings(configuration: Configuration) -> tuple[list[str], list[str]]:
    """What will not work as it is written, and what may not, as far as looking on shows it."""
    found = seen([port.transport for port in configuration.ports])
    certificate = configuration.sessions.certificate
    more = [*configuration.warnings()]
    more += [] if certificate is None else certificate.warnings
    fatal = [each.text for each in found if each.fatal]
    where = withoutPassword(configuration.spool)
    if isDatabase(where):
        wrong, notSo = lookAtDatabase(configuration.spool)
        fatal += [f"spool {where}: {each}" for each in wrong]
        more += [f"spool {where}: {each}" for each in notSo]
    elif where:
        try:
            lookAt(where)
        except ValueError as error:
            fatal.append(f"spool {where}: {error}")
    try:
        if configuration.state:
            lookAt(configuration.state, what="state directory")
    except ValueError as error:
        fatal.append(f"state {configuration.state}: {error}")
    return fatal, [each.text for each in found if not each.fatal] + more


def check(configuration: Configuration, reactor: IGatewayReactor, reach: bool = False) -> int:
    """
    Print the table and what is wrong.

    @param reach: try whether each printer can be reached now; runs the reactor, and ends it.
    @return: the exit status: 0, or 1 if something is wrong.
    """
    inEscapes(sys.stdout)
    fatal, others = warnings(configuration)
    print(table(configuration))
    for each in others:
        print(f"warning: {presentable(each)}")
    if reach:
        fatal += _reached(configuration, reactor)
    for each in fatal:
        print(f"wrong: {presentable(each)}")
    return 1 if fatal else 0


def _reached(configuration: Configuration, reactor: IGatewayReactor) -> list[str]:
    ports = configuration.ports
    whys: list[str] = []

    def tried(found: Sequence[str]) -> None:
        whys.extend(found)
        reactor.stop()

    def begin() -> None:
        trying: Deferred[list[str]] = outOfReach(reactor, [port.transport for port in ports])
        trying.addCallback(tried)

    reactor.callWhenRunning(begin)
    reactor.run()
    wrong = [f"{port.name}: {why}" for port, why in zip(ports, whys, strict=False) if why]
    print(f"{len(whys) - len(wrong)} of {len(ports)} printers can be reached now.")
    return wrong
