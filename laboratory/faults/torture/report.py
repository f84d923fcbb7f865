"""
How a run is told: to a terminal, to a program, and in the documentation.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import twisted

import jetdirect

from ..simulation.faults import PHASES
from .cells import CELLS, KINDS
from .result import Result


def asJSON(result: Result) -> str:
    """All figures."""
    return json.dumps(_facts(result), indent=1) + "\n"


def _facts(result: Result) -> dict[str, object]:
    cells = []
    for kind, phase in CELLS:
        outcomes = _outcomes(result, kind, phase)
        if outcomes:
            cells.append({"kind": kind, "phase": phase, "hits": _hits(result, kind, phase)})
            cells[-1]["outcomes"] = dict(sorted(outcomes.items()))
    return {
        **circumstances(),
        "seed": result.seed,
        "jobs": result.jobs,
        "cases": len(result.played),
        "seconds": round(result.seconds, 1),
        "replies": dict(sorted(_replies(result).items())),
        "cells": cells,
        "empty": result.missing,
        "violations": [
            {"case": case, "rule": each.rule, "text": each.text} for case, each in result.violations
        ],
        "gateways": [
            {"gateway": each.gateway, "files": each.files, "memory": each.memory}
            for each in result.figures
        ],
    }


def circumstances() -> dict[str, object]:
    """Of what, with what, on what, when."""
    return {
        "commit": _commit(),
        "jetdirect": jetdirect.__version__,
        "twisted": twisted.__version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
        "cores": len(os.sched_getaffinity(0)),
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    }


def _commit() -> str:
    def git(*words: str) -> str:
        where = Path(__file__).parent
        command = ["git", "-c", f"safe.directory={Path(__file__).resolve().parents[3]}", *words]
        done = subprocess.run(command, cwd=where, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    try:
        changed = git("status", "--porcelain", "--untracked-files=no")
        return git("rev-parse", "HEAD") + (", changed" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _outcomes(result: Result, kind: str, phase: str) -> Counter[str]:
    return Counter(
        each.outcome
        for each in result.played
        if (each.case.kind.name, each.case.phase) == (kind, phase)
    )


def _hits(result: Result, kind: str, phase: str) -> int:
    return sum(
        each.hit
        for each in result.played
        if (each.case.kind.name, each.case.phase) == (kind, phase)
    )


def _replies(result: Result) -> Counter[str]:
    return Counter(reply for each in result.played for reply in each.replies)


def _summary(result: Result) -> list[str]:
    facts = circumstances()
    kinds = {each.case.kind.name for each in result.played}
    empty = result.missing
    replies = ", ".join(f"{code}: {n}" for code, n in sorted(_replies(result).items()))
    rules = Counter(each.rule for _, each in result.violations)
    lines = [
        f"{result.jobs} jobs, {len(result.played)} faults of {len(kinds)} kinds in"
        f" {result.seconds:.0f} s ({result.jobs / max(result.seconds, 0.001):.1f} jobs/s), seed"
        f" {result.seed}",
        f"replies to them: {replies}",
        f"violations: {dict(rules) if rules else 'none'}",
        f"cells that were not hit: {', '.join(' / '.join(cell) for cell in empty) or 'none'}",
    ]
    for each in result.figures:
        before, after, most = (size // 1024 for size in each.memory)
        lines.append(
            f"{each.gateway} gateway: open files {each.files[0]} before, {each.files[1]} after;"
            f" memory {before} KiB before, {after} KiB after, {most} KiB at most"
        )
    lines.append(
        f"commit {facts['commit']}, jetdirect {facts['jetdirect']}, Twisted {facts['twisted']},"
        f" Python {facts['python']}, {facts['system']}, {facts['cores']} cores, {facts['date']}"
    )
    return lines


def _cell(result: Result, kind: str, phase: str) -> str:
    if (kind, phase) not in CELLS:
        return "."
    outcomes = _outcomes(result, kind, phase)
    told = ", ".join(f"{what} {n}" for what, n in sorted(outcomes.items()))
    return f"{_hits(result, kind, phase)}: {told}" if told else "0"


def asText(result: Result) -> str:
    """For a terminal."""
    lines = [f"{'':32}" + "".join(f"{phase:>11}" for phase in PHASES)]
    for kind in dict.fromkeys(kind for kind, _ in result.wanted):
        counts = [
            str(_hits(result, kind, phase)) if (kind, phase) in result.wanted else "."
            for phase in PHASES
        ]
        lines.append(f"{kind:32}" + "".join(f"{count:>11}" for count in counts))
    for case, each in result.violations:
        lines.append(f"{case}\n    {each}")
    return "\n".join([*lines, *_summary(result)])


def asTable(result: Result, options: str) -> str:
    """
    A page in reStructuredText.

    @param options: those of the command that made it.
    """
    title = "Torture: faults injected with real sockets"
    lines = [
        title,
        "=" * len(title),
        "",
        f"Made by ``python -m laboratory.faults.torture {options}``; do not edit.",
        "``docs/evidence/laboratory.rst`` says what is judged.  One seed decides faults, phases,",
        "sizes, splits and delays; the kernel's timing is not replayed.",
        "",
        *[f"- {line}" for line in _summary(result)],
        "",
        "Each cell: how often the fault happened in that phase, and what became of the job it",
        "hit: the code of its final reply, ``closed`` (the control connection ended first), or",
        "``no job`` (it was not asked for any more).  A dot: the fault means nothing there.",
        "",
        ".. list-table::",
        "   :header-rows: 1",
        "",
        "   * - fault",
        *[f"     - {phase}" for phase in PHASES],
    ]
    for kind in KINDS:
        lines.append(f"   * - {kind}")
        lines += [f"     - {_cell(result, kind, phase)}" for phase in PHASES]
    lines += ["", "Violations", "-" * 10, ""]
    lines += [f"- {case}: {each}" for case, each in result.violations] or ["None."]
    return "\n".join(lines) + "\n"
