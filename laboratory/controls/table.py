"""
The page about the probes.
"""

from __future__ import annotations

import datetime
import os
import platform
import re
import subprocess
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from laboratory.controls.verdict import Probe, Verdict

#: Of a line.
WIDTH = 100

_ROOT = Path(__file__).resolve().parents[2]

_INTRODUCTION = """\
What servers do when things go wrong
====================================

Made by ``python -m laboratory.controls.probes --table docs/evidence/probes.rst``: {count} probes,
each done to this gateway (before printers on TCP port 9100) and to FTP servers that were there
before it.  A verdict is founded on what was seen: replies, bytes kept, connections made, memory,
the server's own record of the upload.  What that was is below the table.

{place}

"""

_AFTER = """\

The others are good file servers, and some of what is UNSAFE here is no fault in one: a file may
get the line ends of its new system in TYPE A, and half a file can be sent again, while half a page
is on paper.  vsftpd (anonymous uploads) and proftpd (HiddenStores) run as an ordinary user with
otherwise default settings; pyftpdlib and Twisted have no settings changed.  Twisted's only record
of success is that it calls ``IWriteFile.close``.  The gateway runs with ``--max-sessions=100`` and
``--drain-timeout=0.5``.


What was seen
-------------
"""


@dataclass(frozen=True)
class Column:
    """
    One server.

    @ivar name: its short name.
    @ivar title: name and version.
    @ivar verdicts: one for each probe.
    """

    name: str
    title: str
    verdicts: Sequence[Verdict]

    def told(self, rows: Sequence[Probe]) -> dict[str, dict[str, str]]:
        """For machines."""
        return {
            probe.title: {"verdict": verdict.word, "seen": verdict.seen}
            for probe, verdict in zip(rows, self.verdicts, strict=True)
        }


def page(rows: Sequence[Probe], columns: Sequence[Column]) -> str:
    """The whole page."""
    titles = [column.title.rpartition(" ") for column in columns]
    # A line without a first cell goes on with the one before.
    heading = [["probe", *[name for name, _, _ in titles]], ["", *[last for *_, last in titles]]]
    table = [
        [probe.title, *[column.verdicts[number].word for column in columns]]
        for number, probe in enumerate(rows)
    ]
    introduction = _INTRODUCTION.format(
        count=len(rows),
        place="\n".join(_wrapped(f"{place()}.", "")),
    )
    lines = [*introduction.splitlines(), *_simple(heading, table), *_AFTER.splitlines()]
    for number, probe in enumerate(rows):
        lines += ["", *_wrapped(f"**{probe.title}** (safe: {probe.safe})", ""), ""]
        for column in columns:
            verdict = column.verdicts[number]
            lines += _wrapped(f"- {column.title}: {verdict.word}; ``{verdict.seen}``", "  ")
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _simple(heading: Sequence[Sequence[str]], rows: Sequence[Sequence[str]]) -> Iterable[str]:
    cells = [*heading, *rows]
    widths = [max(len(line[place]) for line in cells) for place in range(len(cells[0]))]
    rule = " ".join("=" * width for width in widths)
    lines = [
        " ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        for line in cells
    ]
    yield from [rule, *lines[: len(heading)], rule, *lines[len(heading) :], rule]


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(
        text, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def place() -> str:
    """Of what, when and where the figures were measured."""
    return f"Commit {_commit()}, {datetime.datetime.now(datetime.UTC).date()}, {_machine()}"


def _commit() -> str:
    def git(*words: str) -> str:
        command = ["git", "-c", f"safe.directory={_ROOT}", "-C", str(_ROOT), *words]
        try:
            return subprocess.run(command, capture_output=True, text=True).stdout.strip()
        except OSError:
            return ""

    changed = git("status", "--porcelain", "--untracked-files=no", "--", "jetdirect")
    commit = git("rev-parse", "--short=12", "HEAD") or "unknown"
    return f"{commit} with changes" if changed else commit


def _machine() -> str:
    model = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.M)
    kernel = platform.release().split("-")[0]
    processor = model[1] if model is not None else platform.machine()
    return (
        f"Linux {kernel}, {os.cpu_count()} cores ({processor}), Python {platform.python_version()},"
        " loopback"
    )
