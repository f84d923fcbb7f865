"""
What an attack measured: a name and a figure each, as they are printed.
"""

from __future__ import annotations

from collections.abc import Sequence

Figures = dict[str, object]


def spread(seconds: Sequence[float]) -> str:
    """Median, 99th percentile and maximum in milliseconds."""
    ordered = sorted(seconds)
    places = (len(ordered) // 2, min(len(ordered) * 99 // 100, len(ordered) - 1), -1)
    middle, high, most = (ordered[place] * 1000 for place in places)
    return f"median {middle:.1f} ms, p99 {high:.1f} ms, at most {most:.1f} ms"
