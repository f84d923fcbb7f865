"""
Which requests are let in: none that a page of another site has sent.  No I/O.

A browser reaches a gateway for every page that it shows.  Such a page may have a name of its own
that leads to the gateway's address (rebinding): then C{Host} has that name.  Or it sends requests
to ours: then browsers say so in C{Sec-Fetch-Site} (Fetch Metadata), the older ones in C{Origin}
(RFC 6454) when something may change; and they ask before they send JSON elsewhere, which is never
allowed here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from ipaddress import ip_address

Headers = Callable[[str], Sequence[str]]
"""The values of a header field, by its name."""

_ONLY = "only this gateway's own pages and programs may"


def whyNot(
    headers: Headers,
    json: bool,
    hosts: Collection[str] = (),
    own: str = "",
    schemes: Collection[str] = ("http",),
) -> str:
    """
    Why a request is refused (403), in a sentence; empty: it is let in.

    @param json: must it have a body of JSON, as what changes something has to?
    @param hosts: names of the gateway besides those of its own machine.
    @param own: the address at which the request came in.
    @param schemes: by which browsers reach the gateway.
    """
    said = headers("Host")
    if len(said) != 1 or not _isHere(said[0], hosts, own):
        remedy = "ask by localhost, 127.0.0.1 or [::1], or name it with --web-host"
        return f"this host name is not known here; {remedy}"
    if any(site not in ("same-origin", "none") for site in headers("Sec-Fetch-Site")):
        return f"a page of another site has asked; {_ONLY}"
    origins = {f"{scheme}://{said[0].lower()}" for scheme in schemes}
    if any(origin.lower() not in origins for origin in headers("Origin")):
        return f"a page of another origin has asked; {_ONLY}"
    kinds = headers("Content-Type")
    isJSON = [kind.partition(";")[0].strip().lower() for kind in kinds] == ["application/json"]
    if json and not isJSON:
        return "a change is asked for with Content-Type: application/json"
    return ""


def _isHere(host: str, hosts: Collection[str], own: str) -> bool:
    # Any port: an operator may come through a tunnel. An address is no name that leads elsewhere
    # tomorrow, but only our own one is ours.
    found = re.fullmatch(r"(\[[0-9a-f:.]+\]|[^:\[\]]+)(:\d{1,5})?", host.lower(), re.ASCII)
    if found is None:
        return False
    name = found[1].strip("[]")
    try:
        address = ip_address(name)
    except ValueError:
        return name == "localhost" or name in hosts
    return address.is_loopback or str(address) == own or name in hosts
