"""
Rows into the page for people.
"""

from __future__ import annotations

import platform
import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version

from laboratory.printers import cups
from laboratory.printers.promise import LONGEST_TURN, broken
from laboratory.printers.row import FAULTS, WHOLE, Row

_PAGE = """\
Every transport, every fault
============================

{made}

{verdict}

{faults}

{sections}


Notes
-----

{costs}

{versions}

{notes}
"""

_MADE = (
    "Made by ``python -m laboratory.printers --table docs/evidence/faults.rst``: a gateway in a"
    " process of its own (``twistd -n jetftp``), and printers that misbehave by script behind real"
    " sockets, pseudo terminals and pipes.  Each fault met {small} jobs of 200,003 bytes, all of"
    " which the kernels take for a printer that reads none of them, and {large} of 8 MiB, one after"
    " the other (a pulled cable: the large one; parallel and USB printers, in an emulated machine:"
    " one of each, the parallel port's large one 1 MiB; ``guest.rst``).  A number in parentheses"
    " is a count where it went both ways."
)

_COSTS = (
    "*Memory* is by how much the gateway's resident memory was larger, at most, than at the"
    " beginning of the job; other jobs had gone before.  *Turn* is the longest time for which the"
    " reactor was busy with one thing, or blocked, and nobody else was served; what it only waited"
    " for a processor is not counted (``laboratory/printers/watched.py``).  The most of all was"
    " {memory} KiB and {turn:.1f} ms.  ``finish-timeout`` was 1 second and ``--connect-timeout`` 1,"
    " to be quick (90 and 30 by default).  STAT says ``processing`` of a job that is all with the"
    " kernels and the printer, and ``processing-stopped`` when the sender is held up."
)

_VERSIONS = (
    "Linux {kernel}, Python {python}, Twisted {twisted}.  CUPS is {cups}: its backend ``socket`` as"
    " the scheduler runs it, with ``snmp=false&contimeout=5``.  Its success is the exit status 0,"
    " upon which CUPS forgets the job; it was stopped after {patience:g} s.  Bold is a success that"
    " is none."
)

_WORDS = {
    "good": "no fault",
    "refused": "there is no printer: the connection is refused, the device, the reader or the"
    " directory is missing",
    "busy": "somebody else has it, and it says so",
    "slow": "it reads, with pauses",
    "paper out": "it stops after 1,000 bytes and goes on {paperless:g} s later; for a directory:"
    " the disk is full",
    "stalled": "it stops after 1,000 bytes for ever; after {paperless:g} s the sender asks with"
    " STAT, then gives up with ABOR",
    "closed early": "it reads 1,000 bytes, says good-bye (FIN, close_notify) and reads no more; of"
    " a small job when all is sent, of a large one in the middle",
    "reset early": "it resets the connection after 1,000 bytes; a USB printer refuses a transfer",
    "reset late": "it does so when it has read all, instead of an answer",
    "never closed": "it reads all, and neither answers nor closes",
    "unplugged": "the cable is pulled in mid-job; a serial line hangs up; a directory is removed",
    "aborted": "the sender says ABOR when half of the job is sent",
}


def short(reply: str) -> str:
    """Its code; and what a waiting sender heard."""
    return re.sub(r"(^|to ABOR: )(\d{3}) .*", r"\1\2", reply)


def counted(outcomes: Iterable[str]) -> str:
    """One, if all are alike; else each with its number."""
    found = Counter(outcomes).most_common()
    return found[0][0] if len(found) == 1 else ", ".join(f"{each} ({n})" for each, n in found)


def had(row: Row) -> str:
    """What the printer had, without numbers."""
    return row.reached.partition(" (")[0]


def lie(row: Row) -> bool:
    """Is success reported for a job that the printer does not have?"""
    return row.reply.startswith(("2", cups.SUCCESS)) and row.reached != WHOLE


def said(row: Row) -> str:
    """What the sender was told."""
    told = " ".join(filter(None, [short(row.reply), row.level]))
    return f"**{told}**" if lie(row) else told


def page(
    rows: Sequence[Row],
    without: Mapping[str, Mapping[str, str]],
    counts: tuple[int, int],
    paperless: float,
) -> str:
    """
    The whole page.

    @param rows: of all transports, and CUPS's.
    @param without: by transport the faults that it cannot have, with the reason.
    @param counts: how many jobs, of both sizes.
    @param paperless: seconds for which printers had no paper.
    """
    ours = [row for row in rows if row.transport != cups.NAME]
    measured = [row for row in ours if row.stall >= 0]
    notes = Notes()
    words = [f"{fault}\n{_filled(_WORDS[fault], paperless=paperless)}" for fault in FAULTS]
    return _PAGE.format(
        made=_filled(_MADE, small=counts[0], large=counts[1]),
        verdict=_verdict(ours),
        faults="\n".join(text.replace("\n", "\n    ") for text in words),
        sections="\n\n".join(
            _section(name, rows, reasons, notes) for name, reasons in without.items()
        ),
        costs=_filled(
            _COSTS,
            memory=max((row.memory for row in measured), default=0) // 1024,
            turn=max((row.stall for row in measured), default=0),
        ),
        versions=_filled(
            _VERSIONS,
            kernel=platform.release(),
            python=platform.python_version(),
            twisted=version("twisted"),
            cups=cups.version(),
            patience=cups.PATIENCE,
        ),
        notes=str(notes),
    )


def _verdict(rows: Sequence[Row]) -> str:
    cells = {(row.transport, row.fault) for row in rows}
    wrong = {(row.transport, row.fault) for row in rows if broken(row)}
    held = {(row.transport, row.fault) for row in rows if row.stall >= LONGEST_TURN}
    told = f" ({', '.join(': '.join(cell) for cell in sorted(wrong))})" if wrong else ""
    return _filled(
        f"**Of {len(cells)} cells, {len(wrong) or 'none'} reported success for a lost job, or 4xx"
        f" after a byte{told}; {len(held) or 'none'} held the reactor up for {LONGEST_TURN:g} ms.**"
    )


def _filled(text: str, **words: object) -> str:
    return textwrap.fill(text.format(**words), 96, break_long_words=False, break_on_hyphens=False)


class Notes:
    """Numbered reasons, each once."""

    def __init__(self) -> None:
        self._known: list[str] = []

    def mark(self, reason: str) -> str:
        """What stands in a cell for it."""
        if reason not in self._known:
            self._known.append(reason)
        return f"\\- [{self._known.index(reason) + 1}]_"

    def __str__(self) -> str:
        return "\n".join(f".. [{n}] {each}" for n, each in enumerate(self._known, 1))


_HEAD = ["fault", "jetdirect says", "the printer had", "memory", "turn"]
_BESIDE = ["CUPS says", "it had"]
_LEFT_OUT = "not in this run"


def _section(name: str, rows: Sequence[Row], without: Mapping[str, str], notes: Notes) -> str:
    if name not in {row.transport for row in rows}:
        return f"{_heading(name)}\n\nNot in this run."
    compared = name == "socket"
    lines = []
    for fault in FAULTS:
        cell = [row for row in rows if row.transport == name and row.fault == fault]
        lines.append([fault, *_ours(cell, without.get(fault, _LEFT_OUT), notes)])
        if compared:
            cell = [row for row in rows if row.transport == cups.NAME and row.fault == fault]
            lines[-1] += _theirs(cell, notes)
    heading = [*_HEAD, *_BESIDE] if compared else _HEAD
    return f"{_heading(name)}\n\n{_table(lines, heading)}"


def _ours(cell: list[Row], reason: str, notes: Notes) -> list[str]:
    if not cell:
        return [notes.mark(reason), "", "", ""]
    turn = max(row.stall for row in cell)
    return [
        counted(map(said, cell)),
        counted(map(had, cell)),
        f"{max(row.memory for row in cell) // 1024} KiB",
        f"{turn:.1f} ms" if turn >= 0 else "?",
    ]


def _theirs(cell: list[Row], notes: Notes) -> list[str]:
    if not cell:
        return [notes.mark("not tried: CUPS's scheduler cancels jobs"), ""]
    return [counted(map(said, cell)), counted(map(had, cell))]


def _heading(text: str) -> str:
    return f"{text}\n{'-' * len(text)}"


def _table(lines: list[list[str]], heading: list[str]) -> str:
    every = [heading, *lines]
    widths = [max(len(line[column]) for line in every) for column in range(len(heading))]
    rule = "  ".join("=" * width for width in widths)
    shown = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in every
    ]
    return "\n".join([rule, shown[0], rule, *shown[1:], rule])
