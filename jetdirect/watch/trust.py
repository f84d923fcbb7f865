"""
Which mail and web servers are trusted when alarms are sent.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

from .settings import MailServer, NotifySettings, Webhook


def available() -> bool:
    """Is there pyOpenSSL?"""
    return find_spec("OpenSSL") is not None


def context(server: MailServer | Webhook) -> Any:
    """
    Which certificates are trusted.

    @return: for C{startTLS}; L{None}: no TLS is spoken.
    @raise ValueError: there is none; the message says why.
    """
    mail = server if isinstance(server, MailServer) else None
    needed = server.secure if mail is None else mail.proven
    if needed and not available():
        raise ValueError("TLS needs pyOpenSSL; pip install 'jetdirect[tls]'")
    if not available() or not (needed or mail):
        return None
    from ..tlstrust import anybody, signers

    if not needed:
        return anybody()
    return signers(server.host, None if mail is None else mail.authorities)


def untold(settings: NotifySettings) -> Iterator[tuple[str, str]]:
    """The receivers that cannot be told: the name of the option, and why."""
    servers: list[tuple[str, MailServer | Webhook | None]] = [
        ("smtp", settings.smtp if settings.mailTo else None),
        ("webhook", settings.webhook),
    ]
    for name, server in servers:
        try:
            if server is not None:
                context(server)
        except ValueError as error:
            yield name, str(error)
