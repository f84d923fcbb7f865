"""
Device URIs, in CUPS's syntax: C{socket://host:9100?description=Ward+3}.

Read once and strictly: CUPS overlooks a misspelt option, here it is an error that names the option
and those there are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address
from socket import AF_INET6, inet_ntop, inet_pton
from typing import Any
from urllib.parse import unquote_to_bytes

_FORM = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*):"
    r"(?://(?:(?P<userinfo>[^/?#@]*)@)?(?P<authority>[^/?#@]*))?"
    r"(?P<path>[^?#]*)(?:\?(?P<query>[^#]*))?\Z"
)
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")

_IN_OPTION = re.compile(r"[?&][\w-]+=[^&]*\Z")
"""Before an @ that belongs to the value of an option."""

_OPTION = re.compile(r"(?P<name>[\w%-]+)=[^&]*")

_AUTHORITY = re.compile(r"(?:\[(?P<literal>[^\]]*)\]|(?P<name>[^:\[\]]*))(?::(?P<port>[^:]*))?\Z")


@dataclass(frozen=True)
class DeviceURI:
    """
    A device URI in its parts, percent-decoded.

    @ivar host: without the brackets of an IPv6 address; C{""} if there is none.
    @ivar port: L{None} if there is none.
    @ivar options: what follows the question mark.
    @ivar values: what that means: a value for each option that there is, once it is known which.
    """

    scheme: str
    host: str = ""
    port: int | None = None
    path: str = ""
    user: str = ""
    password: str = field(default="", repr=False)
    options: Mapping[str, str] = field(default_factory=dict, repr=False)
    values: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def description(self) -> str:
        """What the user calls the printer, or C{""}."""
        return octets(self.options.get("description", "")).decode("utf-8", "replace")

    @property
    def bracketed(self) -> str:
        """The host, with the brackets of an IPv6 address."""
        return f"[{self.host}]" if ":" in self.host else self.host

    def place(self, port: int) -> str:
        """
        Host and port as a URI has them.

        @param port: the port if there is none in the URI.
        """
        return f"{self.bracketed}:{port if self.port is None else self.port}"


def parse(text: str) -> DeviceURI:
    """
    Take a device URI apart.

    @raise ValueError: it is not one.  Of a URI that is written badly the message may show a part;
        L{hidesSecret} says whether that may be a secret.
    """
    found = _FORM.match(text)
    if found is None:
        raise ValueError("not a device URI such as socket://printer:9100")
    scheme = found["scheme"].lower()
    user, _, password = (found["userinfo"] or "").partition(":")
    place = _AUTHORITY.match(found["authority"] or "")
    if place is None:
        raise ValueError("host and port are written host:9100 or [ipv6]:9100")
    # CUPS writes a USB printer's maker there, in as many words as it has.
    host = (
        _decoded(place["name"] or "", "the host")
        if scheme == "usb"
        else _host(place["literal"], place["name"])
    )
    port = place["port"]
    if port is not None and not (
        re.fullmatch(r"\d{1,5}", port, re.ASCII) and 0 < int(port) < 65536
    ):
        raise ValueError(f"port {port!r} is not a number from 1 to 65535")
    if found["authority"] is not None and found["path"][:1] not in ("", "/"):
        raise ValueError("between a host and a path there is a slash")
    path = _decoded(found["path"], "the path")
    if "\0" in path:
        raise ValueError("a path cannot hold a NUL")
    return DeviceURI(
        scheme,
        host,
        None if port is None else int(port),
        path,
        _decoded(user, "user name or password"),
        _decoded(password, "user name or password"),
        _options(found["query"] or "", scheme),
    )


def _host(literal: str | None, name: str) -> str:
    if literal is None:
        host = _decoded(name, "the host")
        if not re.fullmatch(r"[\w-]+(\.[\w-]+)*\.?|", host):
            raise ValueError(f"{name!r} is not a host name")
        # The last word of a name is none of digits only (RFC 1123, section 2.1).
        return _address(IPv4Address, host) if re.search(r"(\A|\.)\d+\.?\Z", host) else host
    # RFC 6874 writes %25eth0, people write %eth0, and it can mean only one thing.
    host, mark, scope = literal.partition("%")
    scope = _unquoted(scope.removeprefix("25"))
    if mark and not scope:
        raise ValueError(f"{literal!r} is not an IPv6 address")
    # In the form in which the kernel tells it, so it can be compared.
    host = inet_ntop(AF_INET6, inet_pton(AF_INET6, _address(IPv6Address, host)))
    if IPv6Address(host).is_link_local and not mark:
        remedy = f"name the network interface behind it, as in [{host}%eth0]"
        raise ValueError(f"{host} is on every network of this machine; {remedy}")
    return host + mark + scope


def _address(kind: type[IPv4Address] | type[IPv6Address], text: str) -> str:
    try:
        address = kind(text)
    except ValueError:
        version = 4 if kind is IPv4Address else 6
        raise ValueError(f"{text!r} is not an IPv{version} address") from None
    if address.is_multicast or address.is_unspecified or text == "255.255.255.255":
        raise ValueError(f"{text} is the address of no printer")
    return text


def _decoded(text: str, what: str) -> str:
    """@param what: is named in the error; the text may be a secret."""
    if _BAD_ESCAPE.search(text):
        remedy = "write %25 for a % itself"
        raise ValueError(f"{what}: a % that no two hexadecimal digits follow; {remedy}")
    return _unquoted(text)


def _unquoted(text: str) -> str:
    raw = text.encode("utf-8", "surrogateescape")
    return unquote_to_bytes(raw).decode("utf-8", "surrogateescape")


def _options(query: str, scheme: str) -> dict[str, str]:
    # CUPS separates the options of a serial line by a plus sign, elsewhere that is a blank.
    separator = r"&|\+(?=[\w-]+=)" if scheme == "serial" else "&"
    options: dict[str, str] = {}
    for pair in filter(None, re.split(separator, query)):
        name, equals, value = pair.partition("=")
        name = _decoded(name, "an option's name")
        if not equals:
            raise ValueError(f"option {name!r} has no value; write {name}=VALUE")
        if name in options:
            raise ValueError(f"option {name!r} is given twice")
        options[name] = _decoded(value.replace("+", " "), f"option {name}")
    return options


def withoutSecrets(text: str) -> str:
    """A device URI as it may be shown, also if it is written badly."""
    _, at, rest = text.rpartition("@")
    shown = f"...@{rest}" if at else text
    return _OPTION.sub(_withoutValue, shown)


def _withoutValue(option: re.Match[str]) -> str:
    secret = _unquoted(option["name"]).lower() == "community"
    return f"{option['name']}=..." if secret else option[0]


def hidesSecret(text: str) -> bool:
    """
    May a part of a badly written URI be user name or password?

    They are taken for host, port, path or options then.  Well written they hold no @, which then
    belongs to the value of an option, or to a path.
    """
    found = _FORM.match(text)
    rest = text if found is None or found["userinfo"] is None else text.partition("@")[2]
    before, at, _ = rest.partition("@")
    return bool(at) and not _IN_OPTION.search(before)


def octets(text: str) -> bytes:
    """The octets that a part of a URI stands for."""
    return text.encode("utf-8", "surrogateescape")
