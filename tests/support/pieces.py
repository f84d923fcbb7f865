"""
Bytes in pieces, as a network delivers them.
"""

from __future__ import annotations

import itertools


def split(data: bytes, places: set[int]) -> list[bytes]:
    """C{data} cut at these places, where they are inside of it."""
    cuts = [0, *sorted(place for place in places if 0 < place < len(data)), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(cuts)]
