"""
Inputs made of others by chance: one seed, one sequence.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random

LONGEST = 1024
"""Bytes of a mutated input; beyond, targets grow slow and nothing new is found (chosen)."""

CHANGES = 8
"""The most changes made to one input; one is the most frequent (chosen)."""


def mutations(seed: int, inputs: Sequence[bytes], tokens: Sequence[bytes]) -> Iterator[bytes]:
    """Without end."""
    random = Random(seed)
    while True:
        data = random.choice(inputs)
        for _ in range(random.randint(1, random.randint(1, CHANGES))):
            data = _changed(random, data, inputs, tokens)[:LONGEST]
        yield data


def _changed(
    random: Random, data: bytes, inputs: Sequence[bytes], tokens: Sequence[bytes]
) -> bytes:
    start, end = sorted(random.randint(0, len(data)) for _ in range(2))
    match random.randrange(6):
        case 0:  # one byte is another
            return data[:start] + random.randbytes(1) + data[start + 1 :]
        case 1:  # a word comes in
            return data[:start] + random.choice(tokens) + data[start:]
        case 2:  # a part is missing
            return data[:start] + data[end:]
        case 3:  # a part comes again
            return data[:end] + data[start:]
        case 4:  # the rest is another's
            other = random.choice(inputs)
            return data[:start] + other[random.randint(0, len(other)) :]
        case _:  # noise
            return data[:start] + random.randbytes(random.randint(1, 8)) + data[end:]
