"""
What is typed behind C{endpoint:}: one of Twisted's client endpoint strings, or what is wrong with
it.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping, Sequence

from twisted.internet.abstract import isIPAddress, isIPv6Address
from twisted.internet.endpoints import clientFromString
from twisted.internet.interfaces import IStreamClientEndpoint

from ..interfaces import Complaint
from ..net.reactor import IGatewayReactor
from ..uri import parse
from .tls import MISSING, available

_OVER_TCP = ("tcp", "tls", "ssl")

_REMEDY = "write one such as endpoint:tls:host=printer:port=9100"

_WORD = re.compile(r"((?:\\.|[^:\\])*):", re.DOTALL)


def clientEndpoint(reactor: IGatewayReactor, text: str) -> IStreamClientEndpoint:
    """
    The endpoint of a string such as C{tls:host=printer:port=9100}.

    @raise ValueError: it is none; the message says why, and shows one that is.
    """
    if text.partition(":")[0].lower() in _OVER_TCP[1:] and not available():
        raise ValueError(MISSING)
    _checkNumbers(text)
    try:
        endpoint: IStreamClientEndpoint = clientFromString(reactor, text)
    except Exception as why:  # every parser of endpoint strings has its own kind
        reason = _reason(why)
        raise ValueError(f"{text!r} is no client endpoint string ({reason}); {_REMEDY}") from None
    _checkPlace(text)
    return endpoint


def hostOf(text: str) -> str:
    """The host of an endpoint string, or C{""}: there is none, or its kind is a plugin's."""
    return _value(text, "host") if _words(text)[0] in _OVER_TCP else ""


def complaintsAbout(text: str) -> list[Complaint]:
    """What is wrong with the Unix socket that an endpoint string names, if it names one."""
    if _words(text)[0] != "unix":
        return []
    path = _value(text, "path")
    where = f"endpoint:{text}"
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return [Complaint(f"{where}: there is no such socket now; its jobs get 450 until there is")]
    except OSError as why:
        return [Complaint(f"{where}: {why.strerror}; its jobs get 450 as long as that is so")]
    if not stat.S_ISSOCK(found.st_mode):
        return [Complaint(f"{where}: {path} is no Unix socket; name one that a program has", True)]
    if not os.access(path, os.W_OK):
        return [Complaint(f"{where}: no permission to use it now; give this user the right to")]
    return []


def _words(text: str) -> tuple[str, Sequence[str], Mapping[str, str]]:
    # The kind in lower case, the values without a name, and those with one.
    kind, *words = _WORD.findall(text + ":") or [""]
    plain = [_unescaped(word) for word in words if "=" not in word]
    named: dict[str, str] = {}
    for name, value in (word.split("=", 1) for word in words if "=" in word):
        if name in named:
            raise ValueError(f"{name}= is given twice")
        named[name] = _unescaped(value)
    return kind.lower(), plain, named


def _unescaped(word: str) -> str:
    return re.sub(r"\\(.)", r"\1", word, flags=re.DOTALL)


def _value(text: str, name: str) -> str:
    # By its name, or by its place.
    kind, plain, named = _words(text)
    places = (
        ["path"] if kind == "unix" else [each for each in ("host", "port") if each not in named]
    )
    place = places.index(name) if name in places else len(plain)
    return named.get(name, plain[place] if place < len(plain) else "")


def _checkNumbers(text: str) -> None:
    # Twisted takes any number.
    kind, _, named = _words(text)
    port = _value(text, "port")
    known = kind in _OVER_TCP and re.fullmatch(r"-?\d+", port, re.ASCII)
    if known and not 0 < int(port) < 65536:
        raise ValueError(f"{text!r}: the port is a number from 1 to 65535; {_REMEDY}")
    timeout = named.get("timeout", "1")
    if not re.fullmatch(r"\d{1,7}", timeout, re.ASCII) or not int(timeout):
        raise ValueError(f"timeout={timeout}: expected whole seconds, 1 or more, as in timeout=30")


def _checkPlace(text: str) -> None:
    kind, plain, named = _words(text)
    if kind == "unix" and not _value(text, "path"):
        raise ValueError("path= is missing; write endpoint:unix:/PATH/OF/SOCKET")
    if kind not in _OVER_TCP:
        return
    if len(plain) + len({"host", "port"} & {*named}) > 2:
        remedy = r"before a : in a host write a backslash, as in host=fd00\:\:7"
        raise ValueError(f"there is more than a host and a port; {remedy}")
    host = hostOf(text)
    if not host:
        raise ValueError(f"host= is missing; {_REMEDY}")
    source = named.get("bindAddress")
    if source is not None and not (isIPAddress(source) or isIPv6Address(source)):
        raise ValueError(f"bindAddress={source}: expected an address of this machine")
    parse(f"socket://[{host}]" if ":" in host else f"socket://{host}")


def _reason(why: Exception) -> str:
    if isinstance(why, OSError) and why.filename:
        return f"{why.filename}: {why.strerror}"
    said = str(why)
    # What the parsers raise names their own functions and arguments, which nobody typed.
    if missing := re.search(r"missing \d+ required .*?: '(\w+)'", said):
        return f"{missing[1]}= is missing"
    if unknown := re.search(r"unexpected keyword argument '(\w+)'", said):
        return f"it has no {unknown[1]}="
    if twice := re.search(r"multiple values for (?:keyword )?argument '(\w+)'", said):
        return f"{twice[1]}= is given twice"
    if kind := re.match(r"Unknown endpoint type: (.+)", said):
        return f"no kind of endpoint is called {kind[1]}"
    return "the port is a number" if "invalid literal" in said else "it cannot be understood"
