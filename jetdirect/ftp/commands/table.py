"""
The table of all commands: what is not here is answered with 500.

HELP and FEAT are made from it, and docs/dialogue.rst is checked against it.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain

from ..command import Command
from ..session import Session
from . import access, extensions, names, parameters, security, service

COMMANDS: Mapping[str, Command[Session]] = {
    verb: command
    for command in chain(
        access.COMMANDS,
        parameters.COMMANDS,
        service.COMMANDS,
        names.COMMANDS,
        extensions.COMMANDS,
        security.COMMANDS,
    )
    for verb in (command.verb, *command.also)
}
"""Each by its verbs, in capitals."""
