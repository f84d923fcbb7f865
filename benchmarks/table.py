"""
The table: a figure, ours, a peer's, their ratio, what was to be reached, and whether it was.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

_HEADINGS = ("figure", "ours", "beside", "theirs", "ratio", "target", "met")


@dataclass(frozen=True)
class Target:
    """
    What must be reached.

    @ivar sign: C{<=} or C{>=}.
    @ivar value: of the ratio where there is a peer, else of the figure.
    @ivar text: the value as the issue writes it.
    """

    sign: str
    value: float
    text: str = ""

    def met(self, value: float) -> bool:
        """Is it?"""
        return value <= self.value if self.sign == "<=" else value >= self.value

    def __str__(self) -> str:
        return f"{self.sign} {self.text or f'{self.value:g}'}"


def atMost(value: float, text: str = "") -> Target:
    """Less is better."""
    return Target("<=", value, text)


def atLeast(value: float, text: str = "") -> Target:
    """More is better."""
    return Target(">=", value, text)


@dataclass(frozen=True)
class Row:
    """
    One comparison.

    @ivar ours: one value for each round.
    @ivar peer: whom it is compared with; empty: nobody, the target is absolute.
    @ivar theirs: in the same rounds; empty: the peer is absent.
    """

    figure: str
    ours: Sequence[float]
    peer: str = ""
    theirs: Sequence[float] = ()
    target: Target | None = None

    @property
    def ratio(self) -> float | None:
        """The median of the rounds' ratios; C{None}: there is nothing to divide by."""
        if not self.theirs or 0 in self.theirs:
            return None
        pairs = zip(self.ours, self.theirs, strict=True)
        return statistics.median(mine / their for mine, their in pairs)

    @property
    def met(self) -> bool | None:
        """Is the target reached; C{None}: there is none, or no ratio."""
        value = self.ratio if self.peer else statistics.median(self.ours)
        return None if self.target is None or value is None else self.target.met(value)

    def cells(self) -> tuple[str, ...]:
        """As they are printed."""
        ratio = "" if self.ratio is None else f"{self.ratio:.3g}"
        theirs = spread(self.theirs) if self.theirs else ("absent" if self.peer else "")
        verdict = {True: "yes", False: "NO", None: "-"}[self.met]
        target = "" if self.target is None else str(self.target)
        return (self.figure, spread(self.ours), self.peer, theirs, ratio, target, verdict)


def spread(values: Sequence[float]) -> str:
    """Median, and least to most in parentheses."""
    middle, low, high = (_digits(each(values)) for each in (statistics.median, min, max))
    return middle if low == high else f"{middle} ({low}-{high})"


def _digits(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def written(rows: Sequence[Row]) -> str:
    """A table in reStructuredText."""
    lines = [_HEADINGS, *(each.cells() for each in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEADINGS))]
    rule = "  ".join("=" * width for width in widths)

    def row(cells: Sequence[str]) -> str:
        # An empty cell in the first column would continue the row above; ours never is.
        padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        return "  ".join(padded).rstrip()

    return "\n".join([rule, row(_HEADINGS), rule, *map(row, lines[1:]), rule, ""])
