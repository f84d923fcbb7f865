"""
What an operator says in words, and how words become values.

One reader for each kind of value: a time is written the same way in every option and in every
device URI.  A reader raises L{ValueError} with the remedy; the caller puts the name of the
option and the value in front.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

LONGEST_TIME = 366 * 24 * 3600
"""Seconds; who means longer means never."""

LARGEST_SIZE = 2**63 - 1
"""Bytes: what an C{off_t} holds, and so the largest file there is."""

MOST = 1_000_000
"""No number of sessions or jobs is larger: a process has no more descriptors (fs.nr_open)."""

LONGEST_GREETING = 500
"""Characters: with code and line end it fits the 512 bytes that many clients have for a line."""

LONGEST_NAME = 253
"""Characters of a host's name (RFC 1035, section 2.3.4, without the octets of its lengths)."""

_ANY_CASE = re.ASCII | re.IGNORECASE

_EVERYBODY = IPv4Address("255.255.255.255")
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 24 * 3600}
_BYTES = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}


@dataclass(frozen=True)
class Option:
    """
    One option, of the command line, a configuration file or a device URI; also for the help and the
    documents.

    @ivar name: as on the command line, without the dashes.
    @ivar topic: under which it stands in the help.
    @ivar help: whole sentences; the first says what it does.
    @ivar value: what the help calls its value; empty: it has none, and is on or off.
    @ivar read: makes the value of the text, or raises L{ValueError} with the remedy.
    @ivar default: the value when nobody says one.
    @ivar otherwise: that default in words, if it is not shown well as it is.
    @ivar many: it may be given several times; the reader returns a list.
    @ivar short: a letter for it.
    @ivar setting: the field of C{SessionSettings} or C{PortSettings} that it sets, and has its
        default from.
    @ivar path: its value is the name of a file, or a pattern of such: in a configuration file it is
        relative to the folder of that one.
    @ivar needs: the option without which it means nothing; empty: there is none.
    """

    name: str
    topic: str
    help: str
    value: str = ""
    read: Callable[[str], Any] = str
    default: Any = None
    otherwise: str = ""
    many: bool = False
    short: str = ""
    setting: str = ""
    path: bool = False
    needs: str = ""

    def of(self, said: Mapping[str, str]) -> Any:
        """
        Its value, where options are said as C{name=value}; its default if it was not said.

        @raise ValueError: it has none; the message names it and the remedy.
        """
        if self.name not in said:
            return self.default
        text = said[self.name]
        try:
            return self.read(text)
        except ValueError as error:
            raise ValueError(f"{self.name}={text}: {error}") from None


def uriOption(
    name: str,
    help: str,
    read: Callable[[str], Any] = str,
    default: Any = None,
    otherwise: str = "",
    path: bool = False,
) -> Option:
    """An option that may follow a device URI, as C{?name=value}."""
    return Option(name, "Device URIs", help, "VALUE", read, default, otherwise, path=path)


def path(text: str) -> str:
    """
    The name of a file or a directory, as the system has it: nobody expands or fetches it.

    @raise ValueError: it is empty, or was meant for a shell, a browser or another system; what is
        really called so can be said with C{./} in front.
    """
    if not text:
        raise ValueError("a value is missing; give one, or leave this out")
    if text != text.strip():
        raise ValueError("a blank is in front of it or behind it; leave that out")
    if text[0] in "\"'" and text[-1] == text[0]:
        raise ValueError("the quotes are taken for a part of the name; leave them out")
    if text[0] in "~$":
        raise ValueError(f"nobody replaces the {text[0]} here; write the path from / on")
    if re.match(r"[^/]*[:\\]", text):
        raise ValueError("no path of this machine; write one from / on, or ./ in front of a name")
    if text.lower() in ("on", "off", "true", "false", "yes", "no"):
        raise ValueError("give a name and not whether; write ./ in front if it is called so")
    return text


def seconds(text: str) -> float:
    """
    A time in seconds: C{30}, C{2.5}, C{30s}, C{5m}, C{2h}, C{1d}.

    @raise ValueError: it is none, or more than L{LONGEST_TIME}.
    """
    found = re.fullmatch(r"(\d+(?:\.\d*)?|\.\d+)([smhd]?)", text, re.ASCII)
    time = float(found[1]) * _SECONDS[found[2]] if found else -1
    if not 0 <= time <= LONGEST_TIME:
        raise ValueError("give seconds as a number from 0 to a year, such as 30, 2.5, 5m or 1h")
    return time


def size(text: str) -> int:
    """
    A number of bytes, 1 or more: C{1000}, C{512K}, C{10M}, C{1G}; a K has 1024.

    @raise ValueError: it is none.
    """
    found = re.fullmatch(r"(\d{1,19})([kmgt]?)(?:i?b)?", text, re.ASCII | re.IGNORECASE)
    number = int(found[1]) * _BYTES[found[2].lower()] if found else 0
    if not 0 < number <= LARGEST_SIZE:
        raise ValueError("give bytes as a whole number of 1 or more, such as 500000, 512K or 10M")
    return number


def count(text: str) -> int:
    """
    A whole number from 1 to L{MOST}.

    @raise ValueError: it is none.
    """
    if not re.fullmatch(r"\d{1,7}", text, re.ASCII) or not 0 < int(text) <= MOST:
        raise ValueError(f"give a whole number of 1 or more, up to {MOST}")
    return int(text)


def hosts(text: str) -> list[str]:
    """
    Names or addresses of hosts, as they stand in the address that a browser shows.

    @raise ValueError: one is none.
    """
    found = [each.lower().strip("[]") for each in names(text)]
    for each in found:
        if not re.fullmatch(r"\w[\w-]*(\.[\w-]+)*\.?", each) and not _isAddress(each):
            raise ValueError("give a name such as print.example, without http://, port and path")
    return found


def _isAddress(text: str) -> bool:
    with suppress(ValueError):
        return bool(ip_address(text))
    return False


def networks(text: str) -> list[IPv4Network | IPv6Network]:
    """
    Networks with a comma or a blank between them; one address is a network of one host, and what
    an address has behind the length of the network is left out.

    @raise ValueError: one is none.
    """
    words = re.split(r"[,\s]+", text.strip(" ,"))
    try:
        found = [ip_network(each, strict=False) for each in words]
    except ValueError:
        remedy = "give networks such as 10.0.0.0/8 or fd00::/8, with a comma between them"
        raise ValueError(f"not a network; {remedy}") from None
    for word, network in zip(words, found, strict=True):
        all_ = f"{network.network_address}/0"
        if network.prefixlen == network.max_prefixlen and network.is_unspecified:
            raise ValueError(f"{word} is nobody's address; write {all_} for everybody's")
        if network.prefixlen == 0 and word != all_:
            raise ValueError(f"{word} is everybody; write {all_} if that is meant")
    return found


def names(text: str) -> list[str]:
    """
    Names with a comma or a blank between them.

    @raise ValueError: there is none.
    """
    found = [each for each in re.split(r"[,\s]+", text) if each]
    if not found:
        raise ValueError("give names, with a comma between them")
    return found


def switch(text: str) -> bool:
    """
    On or off; CUPS has other words for it, and people paste its URIs.

    @raise ValueError: it is neither.
    """
    words = {"on": True, "true": True, "yes": True, "off": False, "false": False, "no": False}
    if text not in words:
        raise ValueError("say on or off")
    return words[text]


@dataclass(frozen=True)
class OneOf:
    """
    A reader of one of these words.

    @ivar make: of the word, the value.
    """

    words: tuple[str, ...]
    make: Callable[[str], Any] = str

    def __call__(self, text: str) -> Any:
        """
        @raise ValueError: it is none of them.
        """
        if text not in self.words:
            which = (
                f"choose one of {', '.join(self.words)}"
                if self.words[1:]
                else f"say {self.words[0]}"
            )
            raise ValueError(which + didYouMean(text, self.words))
        return self.make(text)


def oneOf(words: Iterable[str]) -> OneOf:
    """A reader of one of these words."""
    return OneOf(tuple(words))


def choice(kind: type[StrEnum]) -> OneOf:
    """A reader of one of the words of an enumeration, which returns its member."""
    return OneOf(tuple(each.value for each in kind), kind)


def portRange(lowest: int) -> Callable[[str], Sequence[int]]:
    """A reader of C{LOW-HIGH}: TCP ports from C{lowest} on."""

    def read(text: str) -> Sequence[int]:
        found = re.fullmatch(r"(\d{1,5})-(\d{1,5})", text, re.ASCII)
        low, high = (int(found[1]), int(found[2])) if found else (0, 0)
        if not lowest <= low <= high <= 65535:
            raise ValueError(f"give LOW-HIGH between {lowest} and 65535, such as 40000-40099")
        return range(low, high + 1)

    return read


def address(text: str) -> str:
    """
    An IPv4 address that a host can have, or the name of one that has it.

    @raise ValueError: it is neither.
    """
    with suppress(ValueError):
        found = IPv4Address(text)
        nobody = found.is_unspecified or found.is_multicast or found == _EVERYBODY
        if not nobody:
            return str(found)
    *_, last = labels = text.removesuffix(".").split(".")
    isName = all(re.fullmatch(r"(?!-)[a-z0-9_-]{1,63}(?<!-)", each, _ANY_CASE) for each in labels)
    if not isName or last.isdigit() or len(text) > LONGEST_NAME:
        raise ValueError("give an IPv4 address such as 203.0.113.7, or a host's name")
    return text


def tcpPort(text: str) -> int:
    """
    A TCP port.

    @raise ValueError: it is none.
    """
    if not re.fullmatch(r"\d{1,5}", text, re.ASCII) or not 0 < int(text) <= 65535:
        raise ValueError("give a TCP port from 1 to 65535")
    return int(text)


def greeting(text: str) -> str:
    """
    The text of a reply's one line.

    @raise ValueError: it is none.
    """
    if not 0 < len(text) <= LONGEST_GREETING or not all(" " <= each <= "~" for each in text):
        raise ValueError(f"give one line of printable ASCII, at most {LONGEST_GREETING} characters")
    if re.match(r"\d{3}(?:[ -]|\Z)", text):
        raise ValueError("the code is written in front of it; give the text alone")
    return text


def line(text: str) -> str:
    """
    One line that can be shown, in any script.

    @raise ValueError: it is none.
    """
    if not text.isprintable():
        raise ValueError("give one line of characters that can be shown")
    return text


def shown(option: Option, value: Any) -> str:
    """A value of an option as an operator writes it; its default may have words of its own."""
    if option.otherwise and (value == option.default or value is None):
        return option.otherwise
    match value:
        case bool() if option.read is switch:
            return "on" if value else "off"
        case bool():
            return "true" if value else "false"
        case float():
            return f"{value:g}"
        case int() if option.read is size:
            units = [unit for unit in "tgmk" if value % _BYTES[unit] == 0]
            return f"{value // _BYTES[units[0]]}{units[0].upper()}" if units else str(value)
        case range():
            return f"{value[0]}-{value[-1]}"
        case list() | tuple():
            return ", ".join(map(str, value))
    return str(value)


def didYouMean(text: str, known: Iterable[str]) -> str:
    """The end of a sentence that says a word is unknown: the nearest known one, or nothing."""
    near = get_close_matches(text.lower(), known, 1)
    return f" (did you mean {near[0]}?)" if near else ""
