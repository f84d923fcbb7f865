"""
What pydoctor has to be told of the packages that jetdirect stands on: where their documents are,
and which of their names are interfaces.

Nothing is fetched: a name is looked up in what is installed, and its address follows from it.
"""

from __future__ import annotations

import builtins
import inspect
from typing import Any

from pydoctor.extensions.zopeinterface import ZopeInterfaceClass
from pydoctor.model import DocumentableKind, System
from pydoctor.sphinx import SphinxInventory
from twisted.python.reflect import namedAny
from zope.interface.interface import InterfaceClass

_TWISTED = "https://docs.twisted.org/en/stable/api"
_PYTHON = "https://docs.python.org/3/library"
_PYSERIAL = "https://pyserial.readthedocs.io/en/latest/pyserial_api.html"


class JetdirectSystem(System):
    """Reads jetdirect; C{--system-class} of pydoctor."""

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self.intersphinx = Elsewhere(logger=self.msg)

    def postProcess(self) -> None:
        """An interface may have its base in a package that is not read."""
        for each in self.objectsOfType(ZopeInterfaceClass):
            bases = [each.parent.expandName(base) for base in each.bases]
            if not each.isinterface and any(isinstance(_known(b), InterfaceClass) for b in bases):
                each.isinterface = True
                each.kind = DocumentableKind.INTERFACE
                each.implementedby_directly = []
        super().postProcess()


class Elsewhere(SphinxInventory):
    """The addresses of other people's documents."""

    def getLink(self, name: str) -> str | None:
        """The address for a name; L{None}: there is no such thing."""
        places = ["", *_TWISTED_WORDS] if "." not in name else [""]
        name = next((place + name for place in places if _known(place + name) is not _MISSING), "")
        if not name:
            return None
        found = _known(name)
        module, _, own = name.rpartition(".")
        if not module:
            return _builtin(name, found)
        if name.startswith("twisted."):
            page = inspect.isclass(found) or inspect.ismodule(found)
            page = page or isinstance(found, InterfaceClass)
            return f"{_TWISTED}/{name}.html" if page else f"{_TWISTED}/{module}.html#{own}"
        if name.startswith("serial."):
            return f"{_PYSERIAL}#{name}"
        return f"{_PYTHON}/{module}.html#{name}"


_MISSING = object()

_TWISTED_WORDS = (
    "twisted.internet.interfaces.",
    "twisted.internet.abstract.",
    "twisted.internet.testing.",
)
"""Where a docstring's word may be from that its module does not import."""


def _known(name: str) -> object:
    if name in vars(builtins):
        return vars(builtins)[name]
    if name.partition(".")[0] not in ("twisted", "serial", "argparse", "zope", "asyncio", "os"):
        return _MISSING
    try:
        return namedAny(name)
    except (AttributeError, ImportError, ValueError):
        return _MISSING


def _builtin(name: str, found: object) -> str:
    if inspect.isclass(found):
        page = "exceptions" if issubclass(found, BaseException) else "stdtypes"
    else:
        page = "functions" if callable(found) else "constants"
    return f"{_PYTHON}/{page}.html#{name}"
