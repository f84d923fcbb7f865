"""
Where FTP clients connect, as C{--port} says it: what can be no listener, and why one cannot listen.
"""

from __future__ import annotations

import errno
import os
import re
import socket
from collections.abc import Iterable
from contextlib import suppress
from ipaddress import ip_address

from twisted.internet.endpoints import serverFromString
from twisted.internet.error import CannotListenError

from .net.reactor import IGatewayReactor
from .net.tuning import BACKLOG
from .options import didYouMean
from .web.places import isThere

REMEDY = "give a port number or an endpoint string such as tcp:2121:interface=127.0.0.1"

_TCP = ["port", "interface", "backlog"]
_WORDS = {
    "tcp": _TCP,
    "tcp6": _TCP,
    "tls": _TCP,
    "ssl": [*_TCP, "privateKey", "certKey", "sslmethod", "extraCertChain", "dhParameters"],
    "unix": ["address", "mode", "backlog", "lockfile"],
    "systemd": ["domain", "index", "name"],
}
"""What the kinds of listeners may be told (Twisted's endpoints; C{tls} is ours)."""


_ROOMY = re.compile(r"(haproxy:)?(tcp[46]?|tls|ssl):", re.ASCII)


def listeners(reactor: IGatewayReactor, text: str) -> list[str]:
    """
    The server endpoint strings for a port number, or for one such string.

    @raise ValueError: it can be no listener; the message ends with the remedy.
    """
    if text.isascii() and text.isdigit():
        if not _isPort(text):
            raise ValueError(f"no port from 0 to 65535; {REMEDY}")
        return _everywhere(int(text))
    kind, places, named = _taken(text)
    _checkWords(text, kind, named)
    if kind == "tls" and text.startswith("haproxy:"):
        remedy = "let it end TLS for the control connection, and write haproxy:tcp:PORT"
        raise ValueError(f"a proxy's header comes before TLS; {remedy}")
    if kind == "haproxy":
        raise ValueError(f"behind haproxy: comes another listener, once; {REMEDY}")
    if kind == "stdio":
        raise ValueError(f"nobody can connect to stdio; {REMEDY}")
    if kind == "unix" and not named.get("address", "".join(places)):
        raise ValueError("a path is missing; write unix:/PATH/OF/SOCKET")
    port = named.get("port", places[0] if places else None)
    if "port" in _WORDS.get(kind, ()) and not (port and _isPort(port)):
        raise ValueError(f"no port from 0 to 65535; {REMEDY}")
    try:
        serverFromString(reactor, re.sub(r"\Atls:", "tcp:", text))
    except Exception as error:  # every parser of endpoint strings has its own kind
        raise ValueError(f"{_reason(kind, named, error)}; {REMEDY}") from None
    return [text]


def _checkWords(text: str, kind: str, named: dict[str, str]) -> None:
    # What Twisted takes, and nobody can have meant.
    if kind != kind.lower() and kind.lower() in (*_WORDS, "haproxy"):
        raise ValueError(f"write {kind.lower()} in small letters; {REMEDY}")
    if kind not in ("tcp", "tcp6", "tls"):
        return
    words = re.findall(r"(?<!\\):(\w+)=", text)
    twice = next((each for each in words if words.count(each) > 1), "")
    if twice:
        raise ValueError(f"{twice}= is given twice; {REMEDY}")
    if named.get("interface") == "":
        colons = r"in an IPv6 address a \ stands before each colon, as in interface=\:\:1"
        raise ValueError(f"interface= has no address ({colons}); {REMEDY}")
    if not re.fullmatch(r"0*[1-9]\d{0,4}", named.get("backlog", "1"), re.ASCII):
        raise ValueError(f"backlog= is a number of 1 or more; {REMEDY}")


def portOf(listener: str) -> int | None:
    """The TCP port of an endpoint string; L{None}: it names none."""
    _, places, named = _taken(listener)
    port = named.get("port", places[0] if places else "")
    return int(port) if _isPort(port) else None


def roomy(listener: str) -> str:
    """The same, with room for as many to wait as at a bare port number, unless it says how many."""
    _, places, named = _taken(listener)
    most = 1 if "tcp6:" in listener else 2  # Twisted's tcp6 takes it second, tcp third
    said = "backlog" in named or len(places) > most
    return listener if said or not _ROOMY.match(listener) else f"{listener}:backlog={BACKLOG}"


def leadsHere(uri: str, where: Iterable[str]) -> bool:
    """
    Does a device URI lead to one of these listeners, so the gateway would print to itself?

    @param uri: with an address; of names only localhost is looked at.
    @param where: server endpoint strings.
    """
    found = re.match(r"[a-z+]+://(\[[^]]+\]|[^/:]+):(\d+)(?:/|\Z)", uri)
    if found is None:
        return False
    host = found[1].strip("[]")
    hosts = ["127.0.0.1", "::1"] if host == "localhost" else [host]
    port = found[2]
    near = (each for each in where if port in each and portOf(each) == int(port))
    return any(_listensTo(each, host) for each in near for host in hosts)


def _listensTo(listener: str, host: str) -> bool:
    _, _, named = _taken(listener)
    interface = named.get("interface", "").replace("\\", "")
    return host == interface if interface.strip(":0.") else _isOurs(host)


def _isOurs(host: str) -> bool:
    # A socket can be bound to an address of this machine, and to no other one; but where the system
    # allows any (net.ipv4.ip_nonlocal_bind) nothing is known.
    with suppress(ValueError):
        address = ip_address(host)
        return address.is_loopback or (_isBound(host) and not _isBound(_NOBODYS[address.version]))
    return False


_NOBODYS = {4: "192.0.2.1", 6: "2001:db8::1"}
"""Addresses that no machine has (RFC 5737, RFC 3849)."""


def _isBound(address: str) -> bool:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((address, 0))
    except OSError:
        return False
    return True


def whyNot(error: CannotListenError | OSError, web: Iterable[str] = ()) -> str:
    """
    One sentence that tells why nothing can listen there, and what to do.

    @param web: the endpoint strings of C{--web}; all others are of C{--port}.
    """
    told = _whyNot(error)
    return told.replace("--port", "--web") if isThere(error, web) else told


def _whyNot(error: CannotListenError | OSError) -> str:
    if not isinstance(error, CannotListenError):  # of a Unix socket's lock, or one that was passed
        place = error.filename2 or error.filename
        where = f"{os.fsdecode(place)}: " if isinstance(place, (str, bytes)) else ""
        remedy = "name a socket in a directory where this user may write"
        return f"--port: {where}{error.strerror}; {remedy}"
    if isinstance(error.port, bytes):
        return _whyNotThere(os.fsdecode(error.port), error)
    option = f"--port={error.port}"
    code = getattr(error.socketError, "errno", None)
    if code == errno.EADDRINUSE:
        return f"{option}: in use; end what listens there, or choose another with --port=NUMBER"
    if code in (errno.EACCES, errno.EPERM) and isinstance(error.port, int):
        right = "start it as root with twistd --uid=USER, grant it CAP_NET_BIND_SERVICE"
        return (
            f"{option}: Permission denied, this user may not listen there; {right}, or choose"
            " another with --port=NUMBER"
        )
    place = error.interface or option
    if code == errno.EADDRNOTAVAIL or isinstance(error.socketError, socket.gaierror):
        remedy = "give one of its addresses, or none for all of them"
        return f"{option}: {place} is no address of this machine; {remedy}"
    reason = getattr(error.socketError, "strerror", None) or "nothing can listen there"
    return f"{option}: {reason}; choose another with --port"


def _whyNotThere(path: str, error: CannotListenError) -> str:
    reason = getattr(error.socketError, "strerror", None) or "nothing can listen there"
    remedy = "choose another with --port=unix:PATH"
    if getattr(error.socketError, "errno", None) == errno.EADDRINUSE:
        reason, remedy = "something is there already", f"remove it, or {remedy}"
    return f"--port=unix:{path}: {reason}; {remedy}"


def readable(listener: str) -> str:
    """An endpoint string as a person writes it: C{port 21}, C{127.0.0.1:2121}, C{[::1]:2121}."""
    told, port = _OWN.sub("", listener), portOf(listener)
    kind, _, named = _taken(told)
    interface = named.pop("interface", "").replace("\\:", ":")
    if kind not in ("tcp", "tcp6") or named.keys() - {"port"} or told.startswith("haproxy:"):
        return told
    if not interface.strip(":0."):  # all of a family
        return f"port {port}"
    return f"[{interface}]:{port}" if ":" in interface else f"{interface}:{port}"


_OWN = re.compile(r":backlog=\d+")
"""What nobody typed."""


def _taken(text: str) -> tuple[str, list[str], dict[str, str]]:
    """An endpoint string's kind, its words without names and those with; C{haproxy:} put aside."""
    kind, *words = re.split(r"(?<!\\):", re.sub(r"\Ahaproxy:", "", text))
    pairs = [word.partition("=") for word in words]
    places = [name for name, equals, _ in pairs if not equals]
    return kind, places, {name: value for name, equals, value in pairs if equals}


def _isPort(text: str) -> bool:
    return bool(re.fullmatch(r"\d{1,5}", text, re.ASCII)) and int(text) < 65536


def _reason(kind: str, named: dict[str, str], error: Exception) -> str:
    # What the parsers raise names their own functions and arguments, which nobody typed.
    known = _WORDS.get(kind)
    if known is None and isinstance(error, ValueError):
        return f"no kind of listener is called {kind!r}{didYouMean(kind, _WORDS)}"
    for name in named:
        if known is not None and name not in known:
            return f"{kind} knows no {name}={didYouMean(name, known)}"
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    if kind == "ssl":
        return "privateKey= and certKey= are needed, PEM files that fit each other"
    if kind == "systemd":
        return "systemd passed no such socket; domain= and index= or name= say which"
    return "not all of it can be understood (write \\: for a colon inside a value)"


def _everywhere(port: int) -> list[str]:
    # An IPv6 socket takes IPv4 too, unless the system says otherwise (sysctl net.ipv6.bindv6only).
    four = f"tcp:{port}:backlog={BACKLOG}"
    six = rf"tcp6:{port}:interface=\:\::backlog={BACKLOG}"
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::", 0))
            both = not probe.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)
    except OSError:
        return [four]
    return [six] if both else [four, six]
