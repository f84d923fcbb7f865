"""
The help and the page about options are the table, all of it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from jetdirect.commandline import FILE_OPTIONS, NOTIFY_OPTIONS, OPTIONS, PORT_OPTIONS
from jetdirect.help import document, fileDocument, helpText
from jetdirect.transports.build import schemes

PAGE = Path(__file__).parents[1] / "docs/options.rst"
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
        for name, says in scheme.options.items():
            assert f"      {name}=" in text and says in text
    assert "prolog=" in text and "snmp=" in text
