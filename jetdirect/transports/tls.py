"""
TLS towards a printer: which certificates are trusted, and what is said of others.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from twisted.internet.error import ConnectionClosed
from twisted.python.failure import Failure

from ..uri import DeviceURI

MISSING = "TLS needs pyOpenSSL; pip install 'jetdirect[tls]'"

_REMEDY = "name it, or the one that signed it, with tls-ca=FILE, or write tls=any"


def tlsOptions(uri: DeviceURI) -> Any:
    """
    Which certificates are trusted: what a URI's C{tls} and C{tls-ca} say.

    @return: for L{wrapClientTLS<twisted.internet.endpoints.wrapClientTLS>}.
    @raise ValueError: the options cannot be used, or pyOpenSSL is missing.
    """
    if not available():
        raise ValueError(MISSING)
    from ..tlstrust import anybody, signers

    everybody, file = uri.values["tls"] == "any", uri.values["tls-ca"]
    if everybody and file is not None:
        raise ValueError("tls=any and tls-ca contradict each other; leave out one")
    host = uri.host.partition("%")[0]  # a zone is this machine's, and in no certificate
    return anybody() if everybody else signers(host, file)


def available() -> bool:
    """Is there pyOpenSSL?"""
    return find_spec("OpenSSL") is not None


def whyNot(reason: Failure) -> str:
    """Why a connection ended in its TLS handshake."""
    if reason.check(ConnectionClosed):
        return "the printer closed the connection before TLS began"
    # OpenSSL's errors, or service_identity's; neither can be imported without them.
    if "Verif" in repr(reason.type):
        return f"its certificate is not trusted: it is for another name; {_REMEDY}"
    if "certificate" in repr(reason.value):
        return f"its certificate is not trusted; {_REMEDY}"
    return "the printer does not speak TLS, or none that is safe"
