"""
The plugin that names a scheme without loading its transport: listing plugins stays cheap.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from twisted.plugin import IPlugin
from twisted.python.reflect import namedAny
from zope.interface import implementer

from ..interfaces import IPrinterScheme, IPrinterTransport
from ..net.reactor import IGatewayReactor
from ..options import Option
from ..uri import DeviceURI


@implementer(IPlugin, IPrinterScheme)
@dataclass(frozen=True)
class PrinterScheme:
    """
    A scheme whose transport is loaded when a URI first uses it.

    @ivar factory: the full name of a callable that takes C{(reactor, uri)}, as
        L{IPrinterScheme.transport} does.
    @ivar login: what stands before the @ and means something: C{"user"}, C{"password"}.
    """

    scheme: str
    example: str
    factory: str
    options: Sequence[Option] = ()
    login: Collection[str] = ()

    def transport(self, reactor: IGatewayReactor, uri: DeviceURI) -> IPrinterTransport:
        """L{IPrinterScheme}."""
        for given, kind, called in (
            (uri.password, "password", "password"),
            (uri.user, "user", "user name"),
        ):
            if given and kind not in self.login:
                raise ValueError(f"{self.scheme}: has no {called}; leave it out, before the @")
        made: IPrinterTransport = namedAny(self.factory)(reactor, uri)
        return made
