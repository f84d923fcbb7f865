"""
Where C{--web} listens: on loopback addresses and Unix sockets.  Elsewhere only with passwords, and
only where nobody on the way can read them.
"""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Iterable
from contextlib import suppress
from ipaddress import ip_address

from twisted.internet.error import CannotListenError

REMEDY = (
    "give a port number, tcp:8631:interface=127.0.0.1, unix:/PATH/OF/SOCKET, or tls:8631 with"
    " --web-auth"
)

CONNECTIONS = 100
"""At a time for each listener; one more is closed at once."""

MODE = 0o660
"""The mode of a Unix socket: everybody who may write there administers the gateway."""


def places(text: str, folder: str = "") -> list[str]:
    """
    The server endpoint strings for a port number, or for one such string.

    @param folder: where a relative path of a Unix socket begins.
    @raise ValueError: it is no place; the message ends with the remedy.
    """
    if text.isascii() and text.isdigit():
        return _loopback(_port(text))
    kind, _, rest = text.partition(":")
    if kind == "unix":
        path, *more = re.split(r"(?<!\\):", rest.removeprefix("address="))
        if not path:
            raise ValueError("a path is missing; write unix:/PATH/OF/SOCKET")
        if more:
            raise ValueError(f"unix: takes a path and nothing else, the mode is {MODE:o}; {REMEDY}")
        path = os.path.abspath(os.path.join(folder, re.sub(r"\\(.)", r"\1", path)))
        return [f"unix:{_escaped(path)}:mode={MODE:o}"]
    if kind not in ("tcp", "tcp6", "tls"):
        raise ValueError(f"no place for a page or a command; {REMEDY}")
    port, interface = _taken(rest)
    where = f":interface={_escaped(interface)}" if interface else ""
    return [f"{kind}:{_port(port)}{where}"]


def exposure(place: str, proved: bool, behindProxy: bool) -> str:
    """
    Why a place is refused to which somebody on another machine could connect; empty: it is not.

    @param place: a server endpoint string that L{places} has made.
    @param proved: are users asked for a password there?
    @param behindProxy: does a proxy end TLS in front of it?
    """
    kind, _, rest = place.partition(":")
    if kind == "unix":
        return ""
    _, interface = _taken(rest)
    with suppress(ValueError):
        if ip_address(interface).is_loopback:
            return ""
    if not proved:
        return (
            f"not a loopback address, and everybody who connects there would administer; {REMEDY}"
        )
    if kind != "tls" and not behindProxy:
        remedy = "write tls:, or say --web-behind-proxy if a proxy in front of it ends TLS"
        return f"passwords would cross the network in clear; {remedy}"
    return ""


def isThere(error: CannotListenError | OSError, web: Iterable[str]) -> bool:
    """Is it one of these endpoint strings where nothing could listen?"""
    if not isinstance(error, CannotListenError):  # of a Unix socket's lock
        lock = error.filename2 or error.filename
        named = isinstance(lock, (str, bytes))
        return named and _socket(os.fsdecode(lock).removesuffix(".lock")) in web
    if isinstance(error.port, bytes):
        return _socket(os.fsdecode(error.port)) in web
    where = f":interface={_escaped(error.interface)}" if error.interface else ""
    return any(each.partition(":")[2] == f"{error.port}{where}" for each in web)


def _socket(path: str) -> str:
    return f"unix:{_escaped(path)}:mode={MODE:o}"


def _taken(rest: str) -> tuple[str, str]:
    port = interface = ""
    for word in re.split(r"(?<!\\):", rest):
        name, equals, value = word.partition("=")
        if not equals and not port:
            port = word
        elif name == "port" and not port:
            port = value
        elif name == "interface" and not interface:
            interface = value.replace("\\", "")
        else:
            what = word or "an empty word (in an address : is written \\:)"
            raise ValueError(f"{what} is not understood; {REMEDY}")
    return port, interface


def _port(text: str) -> int:
    if not re.fullmatch(r"\d{1,5}", text, re.ASCII) or int(text) > 65535:
        raise ValueError(f"no port from 0 to 65535; {REMEDY}")
    return int(text)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace(":", "\\:")


def _loopback(port: int) -> list[str]:
    four, six = f"tcp:{port}:interface=127.0.0.1", rf"tcp6:{port}:interface=\:\:1"
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return [four]
    return [four, six]
