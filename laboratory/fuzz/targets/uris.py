"""
Device URIs: nothing but L{ValueError} is raised, what was read and is written again reads the same,
and no message holds a password.
"""

from __future__ import annotations

import re
from urllib.parse import quote

from twisted.internet.testing import MemoryReactorClock

from jetdirect.transports.build import transportFor
from jetdirect.uri import DeviceURI, parse

TOKENS = (
    b"socket://",
    b"file:///",
    b"user:secret@",
    b"[2001:db8::7]",
    b":9100",
    b"?description=",
    b"&finish-timeout=",
    b"&early-close=ok",
    b"%2F",
    b"%00",
)

SECRET = "h1dd3n.w0rds"


def check(data: bytes) -> None:
    """C{data} is a URI as it stands on a command line."""
    text = data.decode("utf-8", "surrogateescape")
    _readsTheSame(text)
    _transport(text)
    _keepsSecret(text)


def _readsTheSame(text: str) -> None:
    try:
        uri = parse(text)
    except ValueError as error:
        assert type(error) is ValueError, repr(error)
        return
    assert re.fullmatch(r"[a-z][a-z0-9+.-]*", uri.scheme), uri
    assert uri.port is None or 0 < uri.port < 65536, uri
    assert "\0" not in uri.path + uri.host, uri
    assert parse(_written(uri)) == uri, (_written(uri), uri)


def _written(uri: DeviceURI) -> str:
    def coded(text: str) -> str:
        return quote(text.encode("utf-8", "surrogateescape"), safe="")

    user = coded(uri.user) + (f":{coded(uri.password)}" if uri.password else "")
    host = f"[{uri.host}]" if ":" in uri.host else coded(uri.host)
    port = "" if uri.port is None else f":{uri.port}"
    query = "&".join(f"{coded(name)}={coded(value)}" for name, value in uri.options.items())
    path = quote(uri.path.encode("utf-8", "surrogateescape"), safe="/")
    place = f"//{user}@{host}{port}" if user or host or port or path.startswith("//") else ""
    return f"{uri.scheme}:{place}{path}?{query}"


def _transport(text: str) -> str:
    try:
        transport = transportFor(MemoryReactorClock(), text)
    except ValueError as error:
        return str(error)
    assert isinstance(transport.uri, str) and isinstance(transport.description, str)
    return f"{transport.uri} {transport.description}"


def _keepsSecret(rest: str) -> None:
    # What stands before an @ is user name and password, unless an option holds it all.
    before, at, _ = rest.partition("@")
    if at and not re.search(r"[?&]", before):
        for text in (f"socket://user:{SECRET}{rest}", f"file://{SECRET}:{rest}"):
            assert SECRET not in _transport(text), text
