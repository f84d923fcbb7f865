"""
Options that CUPS has in its device URIs and that are called otherwise here, or not needed.

People paste such URIs.  What has the same meaning here has the same name; CUPS overlooks what it
does not know, here nothing is overlooked.  The names are those of CUPS 2.4's backends; the table in
C{docs/printers/index.rst} shows them all, and is tested.
"""

from __future__ import annotations

_EVERYWHERE = {
    "contimeout": "write --connect-timeout={value} (in a file, below its [[printer]])",
}

_IPP = {
    "encryption": "write ipps:// for it, or ipp:// without",
    "version": "leave it out, the printer is asked in the version that it speaks",
    "waitprinter": "leave it out, a job waits for its printer as long as --connect-timeout says",
    "compression": "leave it out, jobs go as they are",
}

_INSTEAD = {
    "ipp": _IPP,
    "ipps": _IPP,
    "serial": {
        "flow=dtrdsr": "wire the printer's DTR to CTS and write flow=hard, Linux has no other"
    },
    "lpd": {
        "timeout": "write finish-timeout={value}",
        "mode": "leave it out, a job is streamed if its sender announces its size",
        "manual_copies": "leave it out, a job is printed once",
        "sanitize_title": "leave it out, names are always printable ASCII",
    },
}

_SCHEMES = {
    "dnssd": "look up the printer's host (avahi-browse -rt _ipp._tcp) and write ipp://HOST",
    "http": "write ipp://HOST:PORT/PATH",
    "https": "write ipps://HOST:PORT/PATH",
}


def insteadOf(scheme: str, option: str, value: str, known: bool) -> str:
    """
    What to write instead of an option of CUPS's that there is not here, or C{""}.

    @param known: there is an option of this name; only some of its values are meant then.
    """
    remedies = {**_EVERYWHERE, **_INSTEAD.get(scheme, {})}
    remedy = remedies.get(f"{option}={value}") or ("" if known else remedies.get(option, ""))
    return remedy.format(value=value)


def insteadOfScheme(scheme: str) -> str:
    """What to write instead of a scheme of CUPS's that there is not here, or C{""}."""
    return _SCHEMES.get(scheme, "")
