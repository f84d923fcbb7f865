"""
The documents name pages, files and public names that are there, and draw the states as they are.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from twisted.python.reflect import namedAny

import jetdirect
from jetdirect import errors, phase
from jetdirect.ftp import replies
from jetdirect.ftp.replies import Reply
from jetdirect.phase import Phase
from jetdirect.record import JobState
from jetdirect.transports import ending

ROOT = Path(__file__).parents[1]

PAGES = sorted(
    each
    for pattern in ("*.rst", "*.md", "docs/**/*.rst", "tests/*.rst", "contrib/*.rst")
    for each in ROOT.glob(pattern)
    if "_build" not in each.parts
)

SOURCES = sorted(
    each
    for folder in ("jetdirect", "laboratory", "benchmarks", "examples", "tests", "contrib")
    for each in (ROOT / folder).rglob("*")
    if each.suffix in (".py", ".rst") or each.parent.name == "contrib"
    if each.is_file() and each != Path(__file__)
)

PROMISED = {"docs/spool.rst"}
"""Pages that are written when what they describe is there."""

_PAGE = re.compile(
    r"(?:``|<)([\w./-]+\.(?:rst|md))(?:``|>`_)|\]\(([\w./-]+\.(?:rst|md))\)", re.ASCII
)
_FILE = re.compile(r"\bdocs/[\w/.-]+\.(?:rst|txt)\b", re.ASCII)
_NAME = re.compile(r"``(jetdirect(?:\.\w+)+)``", re.ASCII)


def text(page: Path) -> str:
    """What stands there."""
    return page.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda each: str(each.relative_to(ROOT)))
def test_pages(page: Path) -> None:
    """A page that is named is there: beside the page that names it, or from the root."""
    named = {one or other for one, other in _PAGE.findall(text(page))}
    folders = [page.parent, ROOT, ROOT / "docs", ROOT / "docs/printers"]
    assert [n for n in named if not any((each / n).exists() for each in folders)] == []


def test_files() -> None:
    """A page that code names by its path is there."""
    named = {(each.name, name) for each in SOURCES for name in _FILE.findall(text(each))}
    assert len(named) > 20
    missing = [pair for pair in sorted(named) if not (ROOT / pair[1]).exists()]
    assert [name for name in missing if name[1] not in PROMISED] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda each: str(each.relative_to(ROOT)))
def test_names(page: Path) -> None:
    """A name of the package is one."""
    for name in _NAME.findall(text(page)):
        namedAny(name)


def drawn(table: Mapping[Any, Mapping[str, Any]]) -> list[str]:
    """The states of a table and what leads from one to another, as the design has them."""
    width = max(len(_called(state)) for state in table)
    lines = [
        f"{_called(state):{width}}  " + ", ".join(f"{e} -> {_called(n)}" for e, n in leads.items())
        for state, leads in table.items()
        if leads
    ]
    return [*lines, "the end:  " + ", ".join(_called(s) for s, leads in table.items() if not leads)]


def _called(state: Enum) -> str:
    return state.name.lower()


@pytest.mark.parametrize("table", [phase.NEXT, ending.NEXT], ids=["phase", "ending"])
def test_states(table: Mapping[Any, Mapping[str, Any]]) -> None:
    """The states in the design are those of the code; a failure shows how they have to be."""
    design = text(ROOT / "docs/design.rst")
    assert "\n".join(f"    {line}" for line in drawn(table)) in design, "\n".join(drawn(table))


@pytest.mark.parametrize(
    ("module", "table"), [(phase, phase.NEXT), (ending, ending.NEXT)], ids=["phase", "ending"]
)
def test_drawing(module: Any, table: Mapping[Any, Mapping[str, Any]]) -> None:
    """The drawing at the head of the module has every event, and every state as it is shown."""
    drawing = module.__doc__.partition("::\n")[2]
    events = {event for leads in table.values() for event in leads}
    assert [event for event in sorted(events) if not re.search(rf"\b{event}\b", drawing)] == []
    assert [name for name in _shown(table) if not re.search(rf"\b{name}\b", drawing)] == []


def _shown(table: Iterable[Enum]) -> list[str]:
    return [_word(state) for state in table]


def _word(state: Enum) -> str:
    if isinstance(state, Phase) and state.state is not JobState.PROCESSING:
        return state.state.value
    return _called(state)


def test_map() -> None:
    """CONTRIBUTING names every module and folder of the package, and none that is not there."""
    page = text(ROOT / "CONTRIBUTING.rst")
    page = page[page.index("Where things are") : page.index("Where to add")]
    folder = Path(jetdirect.__file__).parent
    named = set(re.findall(r"``(?:[\w/]+/)?(\w+\.py|\w+/)``", page))
    there = {each.name for each in folder.glob("[a-z]*.py")}
    there |= {f"{each.parent.name}/" for each in folder.glob("*/__init__.py")}
    assert sorted(there - named) == [], "say in CONTRIBUTING.rst what it is"
    inside = {each.name for each in folder.rglob("*.py")}
    assert sorted(named - there - inside - {"tests/", "laboratory/", "benchmarks/"}) == []


# What a sender can be told is found by whoever looks for it.

UNSEEN = {
    "aborted by the sender",
    "and another gateway may print",
    "another gateway prints on",
    "it always wants to be asked otherwise",
    "nothing more was wanted",
    "the dialogue is over",
    "the exchange is over",
    "the job is kept, and prints already",
    "the job is over",
    "the job was aborted",
    "the job was not open",
    "the printer connection was closed",
    "the printer was not opened",
    "the spool failed when the job was to be taken back",
    "the database still has our last session",
    "the gateway was stopped",
    "the spool failed",
    "the spool's disk has not answered for",
    "try again when it is well",
}
"""
Reasons of which no sender hears: it asked for the end itself, another one came before, or its job
is kept and told to an operator; and nobody is told anything while a disk is silent.
"""


def searched() -> str:
    """The pages for who looks for a reply, on one line."""
    pages = ("replies", "troubleshooting")
    return " ".join(" ".join(text(ROOT / f"docs/{page}.rst") for page in pages).split())


def constant(parts: Iterable[str]) -> str:
    """The longest of the parts that are the same in every reply."""
    return max((part.strip(" :;,.()'") for part in parts), key=len, default="")


def test_refusals() -> None:
    """Each reply that refuses something."""
    page = searched()
    texts = [r.text for r in vars(replies).values() if isinstance(r, Reply) and r.code >= 400]
    assert len(texts) > 40
    missing = [each for each in texts if constant(re.split(r"{.*?}|[;,] ", each)) not in page]
    assert missing == [], "say in docs/replies.rst what it means"


def reasons() -> Iterable[str]:
    """What stands in the errors that a job can end with, where it stands in the code."""
    kinds = {n for n, kind in vars(errors).items() if isinstance(kind, type)}
    kinds = {n for n in kinds if issubclass(getattr(errors, n), errors.PrintError)}
    for file in Path(jetdirect.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(text(file))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            if isinstance(node.func, ast.Name) and node.func.id in kinds:
                said = node.args[0]
                parts = said.values if isinstance(said, ast.JoinedStr) else [said]
                words = [str(p.value) for p in parts if isinstance(p, ast.Constant)]
                if constant(words) and "testing" not in file.parts:
                    yield constant(words)


def test_reasons() -> None:
    """Each reason for which a job does not print."""
    page, found = searched(), {*reasons()}
    assert len(found) > 50 and found >= UNSEEN
    missing = sorted(each for each in found - UNSEEN if each not in page)
    assert missing == [], "say in docs/replies.rst when a sender hears it, or here why none does"
