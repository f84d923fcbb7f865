"""
The plugin that names a scheme without loading its transport: listing plugins stays cheap.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from twisted.plugin import IPlugin
from twisted.python.reflect import namedAny
from zope.interface import implementer

from ..interfaces import IPrinterScheme, IPrinterTransport
from ..uri import DeviceURI


@implementer(IPlugin, IPrinterScheme)
@dataclass(frozen=True)
class PrinterScheme:
    """
    A scheme whose transport is loaded when a URI first uses it.

    @ivar factory: the full name of a callable that takes C{(reactor, uri)}, as
        L{IPrinterScheme.transport} does.
    """

    scheme: str
    example: str
    factory: str
    options: Mapping[str, str] = field(default_factory=dict)

    def transport(self, reactor: Any, uri: DeviceURI) -> IPrinterTransport:
        """L{IPrinterScheme}."""
        made: IPrinterTransport = namedAny(self.factory)(reactor, uri)
        return made
