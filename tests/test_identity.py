"""
Whatever an operator edits, and in whichever order: a name or a number that has led to one printing
port never leads to another one.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.task import Clock

from jetdirect.named import NamedPrinter
from jetdirect.port import PrintingPort
from jetdirect.server import PrintServer
from jetdirect.testing import FakePrinter

NAMES = ["ward3", "lab", "Lab", "PORT2", "xray", "lp"]
WORDS = st.sampled_from([*NAMES, "prt1"])
NUMBERS = st.sampled_from([None, 1, 2, 3])


@st.composite
def edits(draw: st.DrawFn, before: list[NamedPrinter]) -> list[NamedPrinter]:
    """What an operator makes of a file: some printers more, fewer, other ones, elsewhere."""
    now = list(before)
    for _ in range(draw(st.integers(1, 3))):
        kind = draw(st.sampled_from(["add", "remove", "name", "number", "alias", "uri", "order"]))
        place = draw(st.integers(0, max(len(now) - 1, 0)))
        if kind == "add" or not now:
            now.insert(place, NamedPrinter(draw(WORDS), FakePrinter(), draw(NUMBERS)))
            continue
        match kind:
            case "remove":
                del now[place]
            case "name":
                now[place] = replace(now[place], name=draw(WORDS))
            case "number":
                now[place] = replace(now[place], number=draw(NUMBERS))
            case "alias":
                now[place] = replace(now[place], aliases=tuple(draw(st.sets(WORDS, max_size=2))))
            case "uri":
                now[place] = replace(now[place], transport=FakePrinter())
            case "order":
                now = draw(st.permutations(now))
    return now


@pytest.mark.slow
@given(st.data())
@settings(max_examples=200, deadline=None)
def test_wordsKeepTheirPort(data: st.DataObject) -> None:
    """Also one that was taken away, came back, got another address, or lost its name."""
    now = [NamedPrinter("ward3", FakePrinter(), 1), NamedPrinter("lab", FakePrinter(), 2)]
    server = PrintServer(now, Clock())
    ports: dict[str, PrintingPort] = {}
    for _ in range(data.draw(st.integers(1, 12))):
        for printer in now:
            for word in replace(printer, aliases=()).words:
                port = server.port(word)
                assert port is not None
                assert port is ports.setdefault(word.upper(), port), word
                assert (port.name, port.transport) == (printer.name, printer.transport)
        for word, port in ports.items():
            assert server.port(word) in (port, None), word
        wanted = data.draw(edits(now))
        try:
            server.apply(wanted)
        except ValueError:
            continue  # refused whole: all is as before
        now = wanted
