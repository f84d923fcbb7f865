"""
To a running gateway and back: JSON over HTTP, by TCP or a Unix socket.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import socket
from base64 import b64encode
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from netrc import NetrcParseError, netrc
from typing import Any

from ..verb import Refused

ENVIRONMENT = "JETDIRECT_GATEWAY"
"""The variable that says where the gateway is, if no option does."""

DEFAULTS = ("unix:/run/jetdirect/control", "http://127.0.0.1:8631")
"""Where it is looked for else, in this order."""

TIMEOUT = 60.0
"""Seconds for each of a connection and a silence: a reload reads disks and names (chosen)."""

_LINE = "machine HOST login NAME password WORD"

_REMEDY = "start one with --web, or name it with --gateway"


_MAY = "ask as a user, or in a group, that may write to it"


class _UnixConnection(HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=TIMEOUT)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(TIMEOUT)
        self.sock.connect(self._path)


def add(parser: argparse.ArgumentParser, gateway: object, asJSON: object) -> None:
    """
    Let a parser know where the gateway is, and for whom the answer is.

    @param gateway: the default of C{--gateway}, and C{asJSON} that of C{--json}.
    """
    where = f"where the gateway is: URL or unix:PATH [${ENVIRONMENT}, or {', or '.join(DEFAULTS)}]"
    parser.add_argument("--gateway", metavar="WHERE", default=gateway, help=where.replace("%", ""))
    parser.add_argument(
        "--json", action="store_true", default=asJSON, help="print the gateway's own answer"
    )


def ask(
    said: argparse.Namespace, method: str, path: str, body: Mapping[str, object] | None = None
) -> dict[str, Any]:
    """
    Ask the gateway that the words mean.

    @param path: quoted.
    @return: what it says.
    @raise Refused: it does not do it; or it cannot be reached (status 2).
    """
    named = said.gateway or os.environ.get(ENVIRONMENT)
    places = [named] if named else DEFAULTS
    failed, denied = [], False
    for place in places:
        wire = _connection(place)
        try:
            wire.connect()
        except (OSError, OverflowError, UnicodeError) as error:  # no address, no port, no name
            wire.close()
            denied = denied or isinstance(error, PermissionError)
            failed.append(f"{place}: {getattr(error, 'strerror', None) or 'no such address'}")
            continue
        try:
            return _asked(wire, method, path, body)
        except (OSError, HTTPException, ValueError) as error:
            told = f"{place}: no answer of a gateway came ({str(error) or type(error).__name__})"
            raise Refused(f"{told}; look whether it is done", 2) from None
        finally:
            wire.close()
    remedy = _MAY if named and denied else _REMEDY
    raise Refused(f"no gateway is reached: {', '.join(failed)}; {remedy}", 2)


def _connection(place: str) -> HTTPConnection:
    if place.startswith("unix:") and len(place) > len("unix:"):
        return _UnixConnection(place.removeprefix("unix:"))
    found = re.fullmatch(r"(https?)://(\[[0-9a-fA-F:.]+\]|[^/:@\[\]?#\s]+)(?::(\d{1,5}))?/?", place)
    if found is None:
        remedy = "give http://HOST:PORT, https://HOST:PORT or unix:/PATH/OF/SOCKET"
        raise Refused(f"--gateway={place}: {remedy}", 2)
    scheme, host, port = found[1], found[2].strip("[]"), found[3]
    if scheme == "https":
        return HTTPSConnection(host, int(port or 443), timeout=TIMEOUT)
    return HTTPConnection(host, int(port or 80), timeout=TIMEOUT)


def _authorization(wire: HTTPConnection) -> dict[str, str]:
    """The header with user and password, from C{~/.netrc} (RFC 7617)."""
    file = os.path.expanduser("~/.netrc")
    if isinstance(wire, _UnixConnection) or not os.path.exists(file):
        return {}
    try:
        found = netrc(file).authenticators(wire.host)
    except (NetrcParseError, OSError, UnicodeError) as error:
        raise Refused(f"{file} cannot be read: {error}", 2) from None
    if found is None:
        return {}
    login, _, password = found
    coded = b64encode(f"{login}:{password}".encode()).decode("ascii")
    return {"Authorization": f"Basic {coded}"}


def _asked(
    wire: HTTPConnection, method: str, path: str, body: Mapping[str, object] | None
) -> dict[str, Any]:
    content = None if method == "GET" else json.dumps(body or {})
    heads = {"Content-Type": "application/json", **_authorization(wire)}
    wire.request(method, path, content, heads)
    response = wire.getresponse()
    answer = json.loads(response.read())
    if not isinstance(answer, dict):
        raise ValueError("no object")
    if response.status == 401:
        raise Refused(f"who you are is not known there; write it into ~/.netrc: {_LINE}")
    if response.status >= 400:
        first, *more = map(str, answer.get("errors") or [answer.get("error", "refused")])
        raise Refused(first, 1, *more)
    return answer
