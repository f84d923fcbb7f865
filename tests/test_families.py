"""
The pages about kinds of printers and senders: each says what was tried, and what not.
"""

from __future__ import annotations

from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"

TABLES = {"index", "compare", "faults", "guest"}
"""What was tried is all that is there."""


def pages(folder: str) -> list[Path]:
    """The pages of a folder."""
    found = sorted((DOCS / folder).glob("*.rst"))
    assert found
    return [each for each in found if each.stem not in TABLES]


@pytest.mark.parametrize("page", pages("printers"), ids=lambda page: page.stem)
def test_printers(page: Path) -> None:
    """What was tried, and what was not, each behind its word."""
    text = page.read_text()
    for word in ("**Tried**: ", "**Not tried**: "):
        assert word in text, f"say behind {word.strip()} what was; nothing is an answer, too"


@pytest.mark.parametrize("page", pages("senders"), ids=lambda page: page.stem)
def test_senders(page: Path) -> None:
    """A sender that was tried, or is known from papers only, is called so."""
    text = page.read_text()
    known = "**Tried**" in text or "**unverified**" in text.lower()
    assert known, "say behind **Tried**: what was, or that it is **unverified**"
