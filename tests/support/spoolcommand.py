"""
C{jetdirect spool}, as somebody types it.
"""

from __future__ import annotations

import pytest

from jetdirect import cli


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, list[str], str]:
    """Status, lines and error of the command."""
    status = cli.main(["spool", *words])
    out, err = capsys.readouterr()
    return status, out.splitlines(), err
