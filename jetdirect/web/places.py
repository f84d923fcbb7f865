"""
Where C{--web} listens: on loopback addresses and Unix sockets, and nowhere else.
"""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Iterable
from ipaddress import ip_address

from twisted.internet.error import CannotListenError

REMEDY = "give a port number, tcp:8631:interface=127.0.0.1 or unix:/PATH/OF/SOCKET"

MODE = 0o660
"""Of a Unix socket: whoever may write there administers the gateway."""


def places(text: str, folder: str = "") -> list[str]:
    """
    The server endpoint strings for a port number, or for one such string.

    @param folder: where a relative path of a Unix socket begins.
    @raise ValueError: somebody on another machine could connect there, or it is no place; the
        message ends with the remedy.
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
    if kind not in ("tcp", "tcp6"):
        raise ValueError(f"no place for a page or a command; {REMEDY}")
    port, interface = _taken(rest)
    try:
        isHere = ip_address(interface).is_loopback
    except ValueError:
        isHere = False
    if not isHere:
        raise ValueError(f"not a loopback address, and whoever connects administers; {REMEDY}")
    return [f"{kind}:{_port(port)}:interface={_escaped(interface)}"]


def isThere(error: CannotListenError | OSError, web: Iterable[str]) -> bool:
    """Is it one of these endpoint strings where nothing could listen?"""
    if not isinstance(error, CannotListenError):  # of a Unix socket's lock
        lock = error.filename2 or error.filename
        named = isinstance(lock, (str, bytes))
        return named and _socket(os.fsdecode(lock).removesuffix(".lock")) in web
    if isinstance(error.port, bytes):
        return _socket(os.fsdecode(error.port)) in web
    place = f"{error.port}:interface={_escaped(error.interface or '')}"
    return any(each.partition(":")[2] == place for each in web)


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
            raise ValueError(f"{word or 'nothing'} is not understood; {REMEDY}")
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
