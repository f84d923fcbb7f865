"""
C{docs/evidence/field.rst} names a test for each finding, and the tests are there.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/evidence/field.rst").read_text()
NAMED = sorted(set(re.findall(r"``((?:tests|docs|contrib)/[\w/]+\.(?:py|rst)(?:::\w+)?)``", PAGE)))


def test_everyRowHasATest() -> None:
    """No row is without one, or without a page that gives the reason."""
    rows = re.split(r"^   \* - ", PAGE, flags=re.MULTILINE)[1:]
    findings = [row for row in rows if not row.startswith("found")]
    assert len(findings) > 100
    assert [row for row in findings if not re.search(r"``(tests|docs|contrib)/", row)] == []


@pytest.mark.parametrize("named", NAMED)
def test_isThere(named: str) -> None:
    """The file is there, and has the test."""
    name, _, test = named.partition("::")
    text = (ROOT / name).read_text()
    if test:
        functions = (ast.FunctionDef, ast.AsyncFunctionDef)
        assert test in {
            node.name for node in ast.walk(ast.parse(text)) if isinstance(node, functions)
        }
