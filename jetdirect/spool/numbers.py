"""
Counters that never give a number twice, also not after a crash.

The file holds marks that are above every number given so far.  They are raised by many at a time,
so most numbers cost no write; what a crash leaves unused below a mark is never used.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from .disk import Disk
from .durable import replaceFile

STEP = 100
"""Numbers for one write of the file (chosen): a crash skips up to so many."""


class Numbers:
    """
    Counters with names, in one file.

    They belong to one thread.
    """

    def __init__(self, disk: Disk, path: str, names: Sequence[str]) -> None:
        """
        @raise ValueError: the file does not hold these counters; the message says why.
        @raise OSError: it cannot be read or written.
        """
        self._disk = disk
        self._path = path
        try:
            found = self._read(disk.read(path), names)
        except FileNotFoundError:
            found = dict.fromkeys(names, 0)
        self._last = dict(found)
        self._marks = found

    @property
    def unused(self) -> bool:
        """No number was ever given."""
        return not any(self._marks.values())

    def next(self, name: str, count: int = 1) -> int:
        """
        The next number of a counter; the first is 1.

        @param count: take so many; it is the first of them that is returned.
        @raise OSError: the marks could not be raised; no number was given.
        """
        first = self._last[name] + 1
        last = first + count - 1
        if last > self._marks[name]:
            self._raise({**self._marks, name: max(last, first + STEP - 1)})
        self._last[name] = last
        return first

    def beyond(self, name: str, number: int) -> None:
        """
        Give only numbers above C{number} from now on.

        @raise OSError: the marks could not be raised.
        """
        if number > self._last[name]:
            if number > self._marks[name]:
                self._raise({**self._marks, name: number + STEP - 1})
            self._last[name] = number

    # Inside.

    def _raise(self, marks: dict[str, int]) -> None:
        replaceFile(self._disk, self._path, json.dumps(marks).encode("ascii") + b"\n")
        self._marks = marks

    @staticmethod
    def _read(data: bytes, names: Sequence[str]) -> dict[str, int]:
        try:
            found = json.loads(data)
        except ValueError:
            raise ValueError("it is no JSON") from None
        if not isinstance(found, dict) or sorted(found) != sorted(names):
            raise ValueError(f"it does not hold the counters {', '.join(names)}")
        for name, mark in found.items():
            if type(mark) is not int or mark < 0:
                raise ValueError(f"its counter {name} is {mark!r}")
        return found
