"""
The garbage collector in the process of the command: it looks seldom from the first module on, and
not at what the start has made.

Only the command imports this: an embedding program's memory is its own.
"""

from __future__ import annotations

import gc

SELDOM = 10_000
"""So many more objects must there be before it looks at the new ones: what ends leaves no cycles,
and nine thousand sessions are held without one look (chosen).  With Python's 700 it has a quarter
of the time that the gateway's modules take to load (measured)."""

gc.set_threshold(SELDOM)


def keepForGood() -> None:
    """
    Have it look no more at what there is now, which is all that the start made.

    It would look at it again and again, for 5 % of the time of small jobs (measured).
    """
    gc.collect()
    gc.freeze()
