"""
The help and the page about options are the table, all of it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from jetdirect.commandline import FILE_OPTIONS, NOTIFY_OPTIONS, OPTIONS, PORT_OPTIONS
from jetdirect.help import document, fileDocument, helpText
from jetdirect.options import shown
from jetdirect.transports.build import COMMON_OPTIONS, NETWORK_OPTIONS, schemes

PAGE = Path(__file__).parents[1] / "docs/options.rst"


def ours(scheme: Any) -> bool:
    """Is it a kind of printer that jetdirect brings along?"""
    return str(getattr(scheme, "factory", "")).startswith("jetdirect.")


FILE_PAGE = PAGE.with_name("configuration.rst")


def test_page() -> None:
    """The page says what this version can do; C{document} makes it anew."""
    remedy = 'python -c "from jetdirect.help import document as d; print(d(), end=str())"'
    assert PAGE.read_text() == document(), f"{remedy} > docs/options.rst"


def test_filePage() -> None:
    """So does the page about the file; its example can be used."""
    remedy = 'python -c "from jetdirect.help import fileDocument as d; print(d(), end=str())"'
    text = fileDocument()
    assert FILE_PAGE.read_text() == text, f"{remedy} > docs/configuration.rst"
    for option in (*FILE_OPTIONS, *PORT_OPTIONS, *NOTIFY_OPTIONS):
        assert f"\n``{option.name}``" in text


@pytest.mark.parametrize("width", [80, 200])
def test_width(width: int) -> None:
    """No line is wider than the terminal, but for one that cannot be broken."""
    lines = [line for line in helpText(width).splitlines() if " " in line.strip()]
    assert max(map(len, lines)) <= width


def test_everyOption() -> None:
    """Each option is there once, under its topic, with its default."""
    text = helpText(80)
    for option in OPTIONS:
        assert text.count(f"--{option.name}{'=' if option.value else ' '}") == 1, option.name
        assert f"\n{option.topic}:\n" in text
    flat = " ".join(text.split())
    assert "[default: 60]" in flat and "[default: 21]" in flat and "print-jobs]" in flat


def test_everyScheme() -> None:
    """Each kind of printer is there, with the options of its URIs."""
    text = helpText(200)
    for scheme in schemes().values():
        assert f"\n  {scheme.example}\n" in text
        for option in scheme.options:
            assert f"      {option.name}=" in text and option.help in text
    assert "prolog=" in text and "snmp=" in text


PRINTERS = {"socket+tls": "socket", "endpoint": "socket", "ipps": "ipp"}
"""The page about a scheme, where it has another name."""


@pytest.mark.parametrize("scheme", [name for name, each in schemes().items() if ours(each)])
def test_printersPage(scheme: str) -> None:
    """
    The page about a kind of printer names each of its options; what it shows of them can be said.
    """
    name = PRINTERS.get(scheme, scheme)
    page = (PAGE.parent / "printers" / f"{name}.rst").read_text()
    options = {each.name: each for each in schemes()[scheme].options}
    assert [each for each in options if not re.search(rf"``{each}(=|``)", page)] == []
    together = {s for s in schemes() if PRINTERS.get(s, s) == name}
    known = {each.name: each for s in together for each in schemes()[s].options}
    known |= {each.name: each for each in (*COMMON_OPTIONS, *NETWORK_OPTIONS)}
    for option, value in re.findall(r"^``([a-z-]+)=(\S+?)``  ", page, re.MULTILINE):
        if not value.isupper():
            known[option].read(value)
    for option, default in re.findall(r"^``([a-z-]+)``  +([a-z0-9]+)[;,]", page, re.MULTILINE):
        assert default == shown(known[option], known[option].default)
