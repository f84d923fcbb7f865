"""
Who is let in: nobody whom a page of another site has sent.  No I/O.

A browser on this machine reaches loopback addresses for every page that it shows.  Such a page may
have a name of its own that leads to 127.0.0.1 (rebinding): then C{Host} has that name.  Or it sends
requests to ours: then browsers say so in C{Sec-Fetch-Site} (Fetch Metadata), the older ones in
C{Origin} (RFC 6454) when something may change; and they ask before they send JSON elsewhere, which
is never allowed here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from ipaddress import ip_address

Headers = Callable[[str], Sequence[str]]
"""The values of a header field, by its name."""

_ONLY = "only this machine's own programs and pages may"


def whyNot(headers: Headers, changes: bool) -> str:
    """
    Why a request is refused (403), in a sentence; empty: it is let in.

    @param changes: may it change something?
    """
    hosts = headers("Host")
    if len(hosts) != 1 or not _isHere(hosts[0]):
        return "this host name is not known here; ask by localhost, 127.0.0.1 or [::1]"
    if any(site not in ("same-origin", "none") for site in headers("Sec-Fetch-Site")):
        return f"a page of another site has asked; {_ONLY}"
    if any(origin.lower() != f"http://{hosts[0].lower()}" for origin in headers("Origin")):
        return f"a page of another origin has asked; {_ONLY}"
    kinds = headers("Content-Type")
    isJSON = [kind.partition(";")[0].strip().lower() for kind in kinds] == ["application/json"]
    if changes and not isJSON:
        return "a change is asked for with Content-Type: application/json"
    return ""


def _isHere(host: str) -> bool:
    # Any port: an operator may come through a tunnel.
    found = re.fullmatch(r"(\[[0-9a-f:.]+\]|[^:\[\]]+)(:\d{1,5})?", host.lower(), re.ASCII)
    if found is None:
        return False
    name = found[1].strip("[]")
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"
