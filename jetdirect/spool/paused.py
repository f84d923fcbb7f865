"""
Which printing ports an operator has paused: C{paused.json}, a file of a spool or of a state
directory.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from .disk import Disk
from .durable import replaceFile
from .record import BadRecord

PAUSED = "paused.json"


def readPaused(disk: Disk) -> dict[str, str]:
    """
    The printing ports that were paused, in lower case, each with the person who did it.

    @raise BadRecord: the file cannot be used.
    @raise OSError: it cannot be read.
    """
    try:
        found = json.loads(disk.read(PAUSED))
    except FileNotFoundError:
        return {}
    except ValueError:
        raise BadRecord(f"{PAUSED} is no JSON") from None
    if not isinstance(found, dict) or not all(isinstance(by, str) for by in found.values()):
        raise BadRecord(f"{PAUSED} holds no names")
    return found


def writePaused(disk: Disk, paused: Mapping[str, str]) -> None:
    """Write what L{readPaused} reads.  @raise OSError: it is not known whether it is written."""
    replaceFile(disk, PAUSED, json.dumps(dict(paused)).encode("ascii") + b"\n")
