"""
A session: the control connection with all its commands.
"""

from __future__ import annotations

from .commands.access import AccessCommands
from .commands.extensions import ExtensionCommands
from .commands.names import NameCommands
from .commands.parameters import ParameterCommands
from .commands.security import SecurityCommands
from .commands.service import ServiceCommands


class PrintFTP(
    AccessCommands,
    ParameterCommands,
    ServiceCommands,
    NameCommands,
    ExtensionCommands,
    SecurityCommands,
):
    """The FTP of a print server; each base class is one group of commands."""
