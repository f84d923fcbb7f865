"""
The documents as somebody reads them who types what they say: blocks, and words between two quotes.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).parents[2]

PAGES = sorted(
    each
    for pattern in ("*.rst", "*.md", "docs/**/*.rst", "tests/*.rst", "contrib/**/*.rst")
    for each in ROOT.glob(pattern)
    if "_build" not in each.parts
)

_HERE = re.compile(r"<<'?(\w+)'?")


@dataclass(frozen=True)
class Passage:
    """
    What stands on a page to be typed, or to be seen.

    @ivar page: the page's path from the root.
    @ivar line: where it begins, from 1.
    @ivar text: it, without the page's indentation.
    @ivar answer: of a command, what the page shows that it prints.
    """

    page: str
    line: int
    text: str
    answer: str = ""

    def __str__(self) -> str:
        return f"{self.page}:{self.line}: {self.text}"


def blocks(page: Path) -> Iterator[Passage]:
    """The literal blocks: what is indented behind two colons."""
    yield from (passage for passage in _passages(page) if passage.line)


def quoted(page: Path) -> Iterator[Passage]:
    """What the page quotes in its sentences and tables, each on one line."""
    [prose] = (passage.text for passage in _passages(page) if not passage.line)
    mark = "`" if page.suffix == ".md" else "``"
    for found in re.finditer(rf"(?<!`){mark}([^`].*?){mark}(?!`)", prose, re.DOTALL):
        line = prose[: found.start()].count("\n") + 1
        yield Passage(_named(page), line, " ".join(found[1].split()))


def _passages(page: Path) -> Iterator[Passage]:
    # The blocks, and as line 0 all that is none of them, with empty lines in their places.
    prose: list[str] = []
    block: list[str] = []
    indent = -1
    for line in [*page.read_text(encoding="utf-8").splitlines(), "the end"]:
        inside = indent >= 0 and (not line.strip() or len(line) - len(line.lstrip()) > indent)
        if indent >= 0 and not inside:
            text = textwrap.dedent("\n".join(block))
            blank = len(text) - len(text.lstrip("\n"))
            yield Passage(_named(page), len(prose) - len(block) + blank + 1, text.strip("\n"))
            block, indent = [], -1
        if inside:
            block.append(line)
            prose.append("")
            continue
        prose.append(line)
        if line.endswith("::") and not line.lstrip().startswith(".. "):
            indent = len(line) - len(line.lstrip())
    yield Passage(_named(page), 0, "\n".join(prose[:-1]))


def _named(page: Path) -> str:
    return str(page.relative_to(ROOT))


def commands(block: Passage) -> Iterator[Passage]:
    """
    The commands of a block that has some.

    One that goes on in the next line, has a here document or is a loop is one command.  Where some
    lines begin with a dollar sign, the others are what the commands print.
    """
    typed = re.search(r"^\$ ", block.text, re.MULTILINE) is not None
    command: list[str] = []
    last: Passage | None = None
    until = ""
    for number, line in enumerate(block.text.splitlines(), start=block.line):
        if not command:
            if typed and not line.startswith("$ "):
                assert last is not None
                last = replace(last, answer=f"{last.answer}{line}\n")
                continue
            if not line.strip() or line.startswith("#"):
                continue
            line = line.removeprefix("$ ")
            here = _HERE.search(line)
            until = here[1] if here else "done" if line.startswith("for ") else ""
            first = number
        command.append(line)
        if line.strip() == until if until else not line.endswith("\\"):
            if last is not None:
                yield last
            text = "\n".join(command)
            last = Passage(block.page, first, text if until else _joined(text))
            command = []
    assert last is not None and not command, f"{block.page}:{block.line}: no end of {command}"
    yield last


def _joined(text: str) -> str:
    text = re.sub(r"\s*\\\n\s*", " ", text)
    return re.sub(r"\s{2,}# .*$", "", text).strip()
