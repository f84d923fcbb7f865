"""
The page under attack (A22 to A25), and jobs that print meanwhile.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from laboratory.attacks import web

pytestmark = pytest.mark.slow


@pytest.mark.long
def test_crowd(tmp_path: Path) -> None:
    """A22: of many connections a hundred are held, none longer than its time."""
    web.crowd(tmp_path, 300)


def test_bodies(tmp_path: Path) -> None:
    """A23: what is too long is cut, wherever it is too long, and costs no memory."""
    web.bodies(tmp_path, 8)


def test_unread(tmp_path: Path) -> None:
    """A24: open pages that nobody reads cost a bounded memory, and nobody who prints anything."""
    web.unread(tmp_path, 10)


def test_names(tmp_path: Path) -> None:
    """A25: names are text, never an element or an attribute."""
    web.names(tmp_path, 300)


def test_probes(tmp_path: Path) -> None:
    """A25: what pages of other sites can send changes nothing and shows nothing."""
    web.probes(tmp_path, 2)
