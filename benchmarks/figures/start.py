"""
From the command until it listens.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable

from benchmarks.lab import Lab
from benchmarks.servers.bare import Bare
from benchmarks.servers.ours import Ours, environment
from benchmarks.servers.server import Server
from benchmarks.table import Row, atMost

STARTS = 3
"""In a round; the least counts, since others' work only ever adds."""

_LISTING = """
import json, sys
from twisted.application.service import IServiceMaker
from twisted.plugin import getPlugins
assert "jetftp" in [each.tapname for each in getPlugins(IServiceMaker)]
print(json.dumps([each for each in ("jetdirect.tap", "twisted.internet.reactor")
                  if each in sys.modules]))
"""


def run(lab: Lab) -> list[Row]:
    """Milliseconds, and what listing the plugins imports."""

    def best(start: Callable[[], Server]) -> float:
        return min(_started(start) for _ in range(STARTS))

    with lab.sink() as sink:
        results = lab.interleaved(
            {
                Ours.name: lambda: best(lambda: Ours(lab.directory("ours"), sink.ports)),
                Bare.name: lambda: best(lambda: Bare(lab.directory("bare"))),
            }
        )
    listed = subprocess.run(
        [sys.executable, "-c", _LISTING],
        env=environment() or None,
        cwd="/",
        capture_output=True,
        text=True,
        check=True,
    )
    imported = json.loads(listed.stdout)
    return [
        Row(
            "start to listening, ms",
            results[Ours.name],
            Bare.name,
            results[Bare.name],
            atMost(1.15),
        ),
        Row("tap, reactor imported by listing plugins", [len(imported)], target=atMost(0)),
    ]


def _started(start: Callable[[], Server]) -> float:
    began = time.monotonic()
    with start() as server:
        return (server.listened - began) * 1000
