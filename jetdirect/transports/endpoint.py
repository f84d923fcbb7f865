"""
What is typed behind C{endpoint:}: one of Twisted's client endpoint strings, or what is wrong with
it.
"""

from __future__ import annotations

import re
from typing import Any

from twisted.internet.endpoints import clientFromString
from twisted.internet.interfaces import IStreamClientEndpoint

from .tls import MISSING, available

_PORT = re.compile(
    r"(?::port=|\A(?:tcp|tls|ssl):(?:host=)?(?:\\.|[^:=])+:)(-?\d+)(?=:|\Z)",
    re.IGNORECASE | re.ASCII,
)


def clientEndpoint(reactor: Any, text: str) -> IStreamClientEndpoint:
    """
    The endpoint of a string such as C{tls:host=printer:port=9100}.

    @raise ValueError: it is none; the message says why, and shows one that is.
    """
    if text.partition(":")[0].lower() in ("tls", "ssl") and not available():
        raise ValueError(MISSING)
    port = _PORT.search(text)  # Twisted takes any number
    if port is not None and not 0 < int(port[1]) < 65536:
        remedy = "write one such as endpoint:tls:host=printer:port=9100"
        raise ValueError(f"{text!r}: the port is a number from 1 to 65535; {remedy}")
    try:
        endpoint: IStreamClientEndpoint = clientFromString(reactor, text)
    except Exception as why:  # every parser of endpoint strings has its own kind
        remedy = "write one such as endpoint:tls:host=printer:port=9100"
        reason = _reason(str(why))
        raise ValueError(f"{text!r} is no client endpoint string ({reason}); {remedy}") from None
    return endpoint


def _reason(said: str) -> str:
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
