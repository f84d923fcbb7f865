"""
The names of the printing ports, and what can only have been meant as one of them.  No I/O.

Any word may be the name of a job, so a sender that misspells its printing port would print on
another one and hear a 226.  What nobody writes but to name a port is found here, to be refused: the
stem of a port's name with another number, in any spelling (C{PORT13}, C{port 2}, C{PORT02},
C{'PORT2'}, C{PORT2;1}, C{[PORT2]x}, C{PORT%32}), a range of them (C{PORT1-3}), and one slip of the
pen in the name of a port.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import unquote

NEAR = 3
"""Names that are offered instead of a wrong one: as many as a person reads at once."""

SHORTEST_SLIP = 5
"""Letters and digits of a port's name in which one slip is recognized; shorter words are too near
to each other."""

STEM = "PORT"
"""Followed by a number it is never a job's name, whatever the printing ports are called."""

_LOOKED_AT = 50  # characters of a word: what is behind them is no port's name, or behind one
_LONGEST_NUMBER = 6
_LONGEST_MISSPELT = 3  # digits behind a misspelt stem: post2026 is a name
_LONGEST_SECOND = 3  # digits of the end of a range (PORT1-3): port2-0001 is a name

# What other systems and programs write round a name, or between it and the next one.
_FOREIGN = r"""\\/\u2044\u2215:|<>()\[\]{}"'`\u00b4,;@=+*?&!#$^~"""
_TEMPORARY = "part|partial|filepart|tmp|temp|upload"
_NUMBERED = re.compile(
    r"[\W_]*(?:in\.)?([^\W\d_]+)[\W_]*(\d+)"
    rf"(?:[\W_]*|[.,;]+\d*[\W_]*|[\W_]+(?:\1[\W_]*)?\d{{1,{_LONGEST_SECOND}}}[\W_]*"
    rf"|\.(?:{_TEMPORARY})[\W_]*|[{_FOREIGN}].*)",
    re.DOTALL,
)
_ENCLOSED = re.compile(r"(?:^|:)[\[<\"'`\u00b4({]([^\[\]<>\"'`\u00b4(){}]*)")
_FIRST = re.compile(rf"[^{_FOREIGN}]+")
_DIGIT = re.compile(r"[\d%]")  # or one that is percent-encoded
_TWICE = re.compile(r"(\d)\1")
_SEPARATORS = re.compile(r"[\W_]+")


class PortNames:
    """
    The printing ports' names, in their order, and what else leads to one of them.

    All that is looked up is made once: a look-up costs the same with a thousand ports.
    """

    def __init__(self, names: Iterable[str], others: Mapping[str, str] | None = None) -> None:
        """@param others: aliases, each with the name that it leads to; such a port may be gone."""
        self._now: object = None
        self.replace(names, others or {})

    def replace(
        self, names: Iterable[str], others: Mapping[str, str], lost: Mapping[str, str] | None = None
    ) -> None:
        """
        The printing ports are other ones now.

        @param lost: words that have led to a port, each with its name, and lead nowhere now.
        """
        now = [*names], dict(others), {w.upper(): name for w, name in (lost or {}).items()}
        if now == self._now:
            return
        self._now = now
        self._names, _, self._lost = now
        led = {**others, **{name: name for name in self._names}}
        self._known = {name.upper() for name in led.values()}
        self._leads = {word.upper(): name for word, name in led.items()}
        self._stems: dict[str, list[tuple[int, str]]] = {_folded(STEM): []}
        for word, name in self._leads.items():
            found = re.fullmatch(r"([^\W\d_]+)[\W_]*(\d+)", _folded(word))
            if found is not None:
                self._stems.setdefault(found[1], []).append((int(found[2]), name))
        for numbers in self._stems.values():
            numbers.sort()
        words = {_compact(_folded(word)): name for word, name in self._leads.items()}
        self._slips = _Slips({w: n for w, n in words.items() if len(w) >= SHORTEST_SLIP})
        self._stemSlips = _Slips({s: s for s in self._stems if len(s) + 1 >= SHORTEST_SLIP})

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.upper() in self._known

    def find(self, word: str) -> str | None:
        """The name of the port that C{word} leads to, in upper or lower case."""
        return self._leads.get(word.upper()) if word.isascii() else None

    def missing(self, word: str) -> list[str] | None:
        """
        The ports near to a word that can only be meant as a port's, and leads to none: one that was
        a port's, or a port's stem and a number, in any spelling.

        @return: L{None} for any other word.
        """
        name = self._lost.get(word.upper()) if self._lost and word.isascii() else None
        if name is None:
            return self.numbered(word)
        return [name] if name in self._names else self._names[:NEAR]

    def numbered(self, word: str) -> list[str] | None:
        """
        The ports near to a word that is a port's stem and a number, in any spelling.

        @return: L{None} for any other word.
        """
        if word.isascii() and _DIGIT.search(word) is None:
            return None  # as of most names
        if not any(map(str.isalnum, word)) or word.isalpha():
            return None
        for spelling in _spellings(_folded(word)):
            found = _NUMBERED.fullmatch(spelling)
            if found is not None and found[1] in self._stems:
                return self._around(found[1], found[2])
        return None

    def misspelt(self, word: str) -> list[str] | None:
        """
        The ports whose names are one slip away from a word: a letter that is wrong, too much or
        missing, or two that changed places.  The port's number has to be there: C{ports} and
        C{portX} name none.

        @return: L{None} for any other word.
        """
        folded = _folded(word)
        first = _FIRST.search(folded)
        if first is None:
            return None
        near = [] if "." in first[0].strip(".") else self._slips.near(_compact(first[0]))
        if near:
            return near[:NEAR]
        found = _NUMBERED.fullmatch(folded)
        if found is not None and len(found[2]) <= _LONGEST_MISSPELT:
            for stem in self._stemSlips.near(found[1]):
                return self._around(stem, found[2])
        return None

    def _around(self, stem: str, number: str) -> list[str]:
        # The ports of that stem with the nearest numbers; of others, where it has none.
        known = self._stems[stem] or [(0, name) for name in self._names[:NEAR]]
        wanted = int(number[-_LONGEST_NUMBER:]) if len(number) <= _LONGEST_NUMBER else 10**9
        place = bisect_left(known, (wanted, ""))
        near = known[max(0, place - NEAR) : place + NEAR]
        nearest = sorted(near, key=lambda each: abs(each[0] - wanted))
        once = _TWICE.sub(r"\1", number, count=1)  # a key that was pressed twice: ward33
        place = bisect_left(known, (int(once), "")) if once != number else len(known)
        if known[place : place + 1] and known[place][0] == int(once):
            nearest.insert(0, known[place])
        return [*dict.fromkeys(name for _, name in nearest)][:NEAR]


class _Slips:
    """
    Words one slip away from others: each is kept under all that is left of it when one letter
    goes, so that a look-up tries few of them.
    """

    def __init__(self, words: dict[str, str]) -> None:
        self._meant = words
        self._longest = max(map(len, words), default=0)
        self._left: dict[str, list[str]] = {}
        for word in words:
            for left in _shortened(word):
                self._left.setdefault(left, []).append(word)

    def near(self, word: str) -> list[str]:
        """What the words stand for that are one slip, and no less, away from C{word}."""
        if not self._longest or len(word) > self._longest + 1 or word in self._meant:
            return []
        found = {each: None for left in _shortened(word) for each in self._left.get(left, ())}
        digits = _digits(word)
        return [
            self._meant[each]
            for each in found
            if digits.endswith(_digits(each)) and _oneSlip(word, each)
        ]


def _digits(word: str) -> str:
    return "".join(filter(str.isdecimal, word))


def _shortened(word: str) -> set[str]:
    return {word, *(word[:place] + word[place + 1 :] for place in range(len(word)))}


def _oneSlip(one: str, other: str) -> bool:
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    one, other = one[start:], other[start:]
    while one and other and one[-1] == other[-1]:
        one, other = one[:-1], other[:-1]
    return max(len(one), len(other)) < 2 or (len(one) == 2 and one == other[::-1])


def _spellings(folded: str) -> Iterator[str]:
    # The word itself; behind a node or device (dka0:[port2]x); in brackets or quotes ('me.port2').
    yield folded
    if ":" in folded:
        yield from folded.split(":")[1:4]
    for enclosed in _ENCLOSED.findall(folded)[:3]:
        yield from enclosed.split(".")[:8]


def _compact(folded: str) -> str:
    return _SEPARATORS.sub("", folded)


def _folded(word: str) -> str:
    # As a person reads it: small letters without accents, wide and raised digits as plain ones,
    # percent-encoding undone, nothing that cannot be seen.
    word = word[:_LOOKED_AT]
    if word.isascii() and "%" not in word:
        return word.lower()
    word = "".join(chr(ord(c) - 0xDC00) if 0xDC80 <= ord(c) <= 0xDCFF else c for c in word)
    for _ in range(2):
        word = unquote(word)
    word = unicodedata.normalize("NFKD", word).casefold()
    return "".join(
        str(unicodedata.decimal(each, each))
        for each in word
        if unicodedata.category(each)[0] not in "MC"
    )
