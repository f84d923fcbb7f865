"""
The quick start's commands do what it says, as they stand there.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.gateway import environment
from tests.support.peer import PATIENCE
from tests.support.rawprinter import RawPrinter
from tests.support.started import freePort

pytestmark = pytest.mark.slow

PAGE = Path(__file__).parents[1] / "docs/quickstart.rst"

JETDIRECT = f'#!/bin/sh\nexec "{sys.executable}" -m jetdirect "$@"\n'


def commands() -> Iterator[str]:
    """What is typed; what follows a here document's first line belongs to it."""
    inside = ""
    for line in PAGE.read_text().splitlines():
        line = line.removeprefix("    ")
        if inside:
            inside += f"\n{line}"
            if line == "END":
                yield inside
                inside = ""
        elif line.startswith("$ ") and "<<" in line:
            inside = line.removeprefix("$ ")
        elif line.startswith("$ "):
            yield line.removeprefix("$ ")


def test_commands(tmp_path: Path) -> None:
    """One after the other, in one shell."""
    port = freePort()
    printer = RawPrinter()
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/jetdirect").write_text(JETDIRECT)
    (tmp_path / "bin/jetdirect").chmod(0o755)
    typed = [*commands()]
    assert len(typed) > 10
    lines = []
    for command in typed:
        if ".venv" in command:
            continue  # README's, which .ci/run types
        lines.append(command)
        if command.endswith("&"):
            lines.append(f"until curl --silent ftp://localhost:{port}/; do sleep 0.1; done")
        if command.startswith("kill "):
            lines.append("wait")
    script = "\n".join(lines).replace("2121", str(port))
    script = script.replace("192.0.2.7", f"127.0.0.1:{printer.port}")
    known = {**environment(), "PATH": f"{tmp_path}/bin:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-e", "-u", "-x", "-c", script],
        cwd=tmp_path,
        env=known,
        capture_output=True,
        text=True,
        timeout=3 * PATIENCE,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert printer.waitForJob(1) == (tmp_path / "page.txt").read_bytes()
    printer.stop()
