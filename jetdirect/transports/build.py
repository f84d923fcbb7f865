"""
From a device URI to a transport: the scheme's own, and around it what its options ask for.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache

from twisted.plugin import getPlugins

from ..interfaces import IPrinterScheme, IPrinterTransport
from ..net.network import networkOf
from ..net.reactor import IGatewayReactor
from ..options import Option, didYouMean, oneOf, path, seconds, switch, uriOption
from ..uri import DeviceURI, hidesSecret, octets, parse
from .cups import insteadOf, insteadOfScheme
from .dressing import DressedTransport, Dressing
from .gap import GapTransport
from .policy import PJLPolicy, policed
from .shorthand import spelledOut


def _word(text: str) -> bytes:
    if not text:
        raise ValueError("a word is missing")
    return octets(text)


COMMON_OPTIONS = (
    uriOption("description", "what the printer is called in banner, PWD, LIST and STAT"),
    uriOption("prolog", "sent before every job, percent-encoded", octets),
    uriOption("epilog", "sent after every complete job, percent-encoded", octets),
    uriOption("form-feed", "on: a form feed ends every complete job", switch),
    uriOption(
        "newlines",
        "crlf: a bare LF becomes CR LF, for text printers",
        oneOf(["crlf"]),
    ),
    uriOption(
        "gap", "seconds that the printer needs after each job before the next one", seconds, 0.0
    ),
)
"""The options of every scheme."""

NETWORK_OPTIONS = (
    uriOption("snmp", "on: ask the printer by SNMP how it is; STAT shows it", switch, False),
    uriOption(
        "community",
        "the word that the printer wants with it, a password of a kind",
        _word,
        b"public",
        otherwise="public",
    ),
    uriOption("community-file", "a file with that word as its first line", path=True),
    uriOption(
        "password-file",
        "a file with the password as its first line; the user stands in the URI",
        path=True,
    ),
)
"""Those of every URI with a host."""

LONGEST_SECRET = 1024
"""Characters of a secret in a file of its own (chosen)."""

_WELL_WRITTEN = "in user name and password write %2F for /, %3F for ?, %40 for @"


@cache
def schemes() -> Mapping[str, IPrinterScheme]:
    """The schemes of all plugins that are installed, in alphabetical order."""
    found: Iterable[IPrinterScheme] = getPlugins(IPrinterScheme)
    return {plugin.scheme: plugin for plugin in sorted(found, key=lambda p: p.scheme)}


def deviceURI(text: str, folder: str = "") -> DeviceURI:
    """
    The device URI that is meant, with the secrets that stand in files of their own.

    @param folder: where relative paths in it begin.
    @raise ValueError: it is none; as L{transportFor} says it.
    """
    try:
        uri = parse(spelledOut(text))
        plugin = schemes().get(uri.scheme)
        known = {} if plugin is None else _optionsOf(uri, plugin)
        _checkSeparators(text, known)
        return _withSecrets(_inFolder(uri, folder, known))
    except ValueError:
        if hidesSecret(text):
            raise ValueError(f"not a device URI; {_WELL_WRITTEN}") from None
        raise


def _inFolder(uri: DeviceURI, folder: str, known: Mapping[str, Option]) -> DeviceURI:
    # What names a file on this machine.
    if uri.scheme == "file" and uri.path and not uri.host:
        uri = replace(uri, path=os.path.join(folder, path(uri.path)))
    options = {
        name: os.path.join(folder, value) if value and name in known and known[name].path else value
        for name, value in uri.options.items()
    }
    return replace(uri, options=options)


def _withSecrets(uri: DeviceURI) -> DeviceURI:
    if not uri.host:
        return uri
    options = dict(uri.options)
    password = options.pop("password-file", None)
    if password is not None:
        if uri.password:
            raise ValueError("the password is in the URI and in password-file; leave one out")
        uri = replace(uri, password=_secret("password-file", password))
    community = options.pop("community-file", None)
    if community is not None:
        if "community" in options:
            raise ValueError("the community is in the URI and in community-file; leave one out")
        options["community"] = _secret("community-file", community)
    return uri if password is community is None else replace(uri, options=options)


def _secret(option: str, file: str) -> str:
    try:
        with open(file, encoding="utf-8", errors="surrogateescape") as opened:
            secret = opened.readline(LONGEST_SECRET + 2).rstrip("\r\n")
    except OSError as error:
        remedy = "name a file that this user can read, with the secret as its first line"
        raise ValueError(f"{option}={file}: {error.strerror}; {remedy}") from None
    if not 0 < len(secret) <= LONGEST_SECRET:
        raise ValueError(
            f"{option}={file}: the secret is its first line, of 1 to {LONGEST_SECRET} characters"
        )
    return secret


def transportFor(
    reactor: object, uri: str | DeviceURI, policy: PJLPolicy = PJLPolicy.OFF
) -> IPrinterTransport:
    """
    The transport for a device URI, with all that its options put around it.

    @param reactor: one of Twisted's, see
        L{IGatewayReactor<jetdirect.net.reactor.IGatewayReactor>}.
    @param policy: what becomes of PJL commands that no print job needs.
    @raise ValueError: the URI cannot be used; the message says why and what can be, and never holds
        user name or password.
    """
    if isinstance(uri, str):
        text = uri
        try:
            return transportFor(reactor, deviceURI(text), policy)
        except ValueError:
            if hidesSecret(text):
                raise ValueError(f"not a device URI; {_WELL_WRITTEN}") from None
            raise
    known = schemes()
    plugin = known.get(uri.scheme)
    if plugin is None:
        remedy = insteadOfScheme(uri.scheme)
        if remedy:
            raise ValueError(f"unknown scheme {uri.scheme!r}; {remedy}")
        raise ValueError(
            f"unknown scheme {uri.scheme!r}{didYouMean(uri.scheme, known)}; known are "
            + ", ".join(f"{p.scheme} ({p.example})" for p in known.values())
        )
    options = _optionsOf(uri, plugin)
    for name, value in uri.options.items():
        remedy = insteadOf(uri.scheme, name, value, name in options)
        if remedy:
            raise ValueError(f"{name}={value} is CUPS's; {remedy}")
        if name not in options:
            near = didYouMean(name, options)
            listed = ", ".join(sorted(options))
            raise ValueError(f"unknown option {name!r}{near}; known are {listed}")
    if not uri.description.isprintable():
        raise ValueError(f"description={uri.description!a}: expected one line that can be shown")
    uri = replace(uri, values={name: each.of(uri.options) for name, each in options.items()})
    network = networkOf(reactor)
    transport = plugin.transport(network, uri)
    for wrapped in _WRAPPERS:
        transport = wrapped(transport, network, uri)
    return policed(transport, policy)


def _optionsOf(uri: DeviceURI, plugin: IPrinterScheme) -> Mapping[str, Option]:
    network = NETWORK_OPTIONS if uri.host else ()
    return {each.name: each for each in (*COMMON_OPTIONS, *network, *plugin.options)}


def _checkSeparators(text: str, options: Collection[str]) -> None:
    for pair in text.partition("?")[2].split("&"):
        name, _, value = pair.partition("=")
        further = re.search(r"[?;,]([\w-]+)=", value)
        if further is not None and further[1] in options:
            remedy = (
                f"write & before {further[1]}=, or %{ord(further[0][0]):02X} for the sign itself"
            )
            raise ValueError(f"{name}={value}: {remedy}")


def _withPJL(
    transport: IPrinterTransport, reactor: IGatewayReactor, uri: DeviceURI
) -> IPrinterTransport:
    if not uri.values.get("pjl"):
        return transport
    from .pjl.transport import PJLTransport  # few printers need it
    from .socket import SocketTransport

    if not isinstance(transport, SocketTransport):
        return transport  # the option is a plugin's own
    return PJLTransport(transport, reactor, transport.endpoint, bool(uri.description))


def _withSNMP(
    transport: IPrinterTransport, reactor: IGatewayReactor, uri: DeviceURI
) -> IPrinterTransport:
    if not uri.values.get("snmp"):
        if "community" in uri.options:
            raise ValueError("community is for snmp=on; write both")
        return transport
    from .snmp.transport import SNMPTransport  # few printers need it

    named = bool(uri.description)
    return SNMPTransport(transport, reactor, uri.host, named, uri.values["community"])


def _withGap(
    transport: IPrinterTransport, reactor: IGatewayReactor, uri: DeviceURI
) -> IPrinterTransport:
    gap = uri.values["gap"]
    return GapTransport(transport, gap) if gap else transport


def _dressed(
    transport: IPrinterTransport, reactor: IGatewayReactor, uri: DeviceURI
) -> IPrinterTransport:
    said = uri.values
    dressing = Dressing(
        said["prolog"] or b"",
        (said["epilog"] or b"") + (b"\f" if said["form-feed"] else b""),
        bool(said["newlines"]),
    )
    return DressedTransport(transport, dressing) if dressing else transport


_WRAPPERS: Sequence[
    Callable[[IPrinterTransport, IGatewayReactor, DeviceURI], IPrinterTransport]
] = (
    _withPJL,
    _withSNMP,
    _withGap,
    _dressed,
)
"""What may be put around a transport, from the inside out.  Around all of it comes the policy: it
reads jobs as they were sent, without what the operator adds."""
