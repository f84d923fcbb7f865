"""
How many printers that have not answered yet are dialled in a second.
"""

from __future__ import annotations

from itertools import pairwise

from twisted.internet.task import Clock

from jetdirect.spool.dialling import EACH, Dialling


def test_spread() -> None:
    """Those who ask together have a moment each, in the order in which they asked."""
    clock = Clock()
    dialling = Dialling(clock)
    clock.advance(100)
    dialled: list[tuple[int, float]] = []

    def dial(_: None, number: int) -> None:
        dialled.append((number, clock.seconds()))

    for number in range(40):
        dialling.turn().addCallback(dial, number)
    assert dialled == []  # never by the call itself
    clock.advance(0)
    assert [number for number, _ in dialled] == [0]
    for _ in range(400):
        clock.advance(EACH / 10)
    assert [number for number, _ in dialled] == [*range(40)]
    gaps = [after[1] - before[1] for before, after in pairwise(dialled)]
    assert min(gaps) > 0.8 * EACH
    assert dialled[-1][1] - 100 < 40 * EACH


def test_notSavedUp() -> None:
    """Moments that nobody wanted are gone: after a quiet hour no burst comes."""
    clock = Clock()
    dialling = Dialling(clock)
    clock.advance(3600)
    dialled: list[float] = []
    for _ in range(5):
        dialling.turn().addCallback(lambda _: dialled.append(clock.seconds()))
    clock.advance(0)
    assert len(dialled) == 1
