"""
The device URIs of simulated printers.
"""

from __future__ import annotations

from random import Random
from typing import Any

from jetdirect.transports.build import transportFor

from .directory import DirectoryPrinter
from .plugin import PluginPrinter
from .printer import Printer, Watched
from .reactor import SimulatedReactor
from .switches import Dress


def device(
    reactor: SimulatedReactor,
    random: Random,
    printer: Printer | DirectoryPrinter | PluginPrinter,
    plain: bool,
) -> tuple[Watched, Dress]:
    """
    The transport to a printer, by a URI with any options, and what they make of its jobs.

    @param plain: only those of the first edition.
    """
    dress = Dress() if plain else Dress.draw(random)
    if isinstance(printer, PluginPrinter):
        return Watched(printer, printer), Dress()
    query = list(dress.query)
    place = f"file:///{printer.name}"
    if isinstance(printer, Printer):
        place = f"socket://{printer.name}"
        finish = random.choice(["", "7"])
        if not plain and random.random() < 0.3:
            finish = random.choice(["0", "0.5", "30"])
        if finish:
            query.append(f"finish-timeout={finish}")
            printer.finishTimeout = float(finish)
        query += ["early-close=ok"] * printer.earlyClose
    uri = place + "?" * bool(query) + "&".join(query)
    transport: Any = transportFor(reactor, uri)
    return Watched(transport, printer), dress
