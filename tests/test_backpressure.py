"""
A producer is paused and resumed as there is much, or nothing, that waits for the device.
"""

from __future__ import annotations

import pytest

from jetdirect.transports.backpressure import BackPressure
from tests.support.source import Source


@pytest.mark.parametrize(
    ("streaming", "what", "told"),
    [
        (True, "", []),
        (True, "full", ["pause"]),
        (True, "full empty", ["pause", "resume"]),
        (True, "empty", []),
        (True, "full empty empty", ["pause", "resume"]),
        (True, "full empty full empty", ["pause", "resume"] * 2),
        (True, "full unregisterProducer empty full", ["pause"]),
        (False, "", ["resume"]),
        (False, "full", ["resume"]),
        (False, "empty empty", ["resume"] * 3),
        (False, "unregisterProducer empty", ["resume"]),
    ],
)
def test_told(streaming: bool, what: str, told: list[str]) -> None:
    """One that streams is told what has changed; one that waits to be asked is asked."""
    source, pressure = Source(), BackPressure()
    pressure.registerProducer(source, streaming)
    for each in what.split():
        getattr(pressure, each)()
    assert source.told == told


def test_nobody() -> None:
    """Without a producer there is nobody to be told."""
    pressure = BackPressure()
    pressure.full()
    pressure.empty()
