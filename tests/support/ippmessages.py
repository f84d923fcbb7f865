"""
What an IPP printer answers, byte for byte.
"""

from __future__ import annotations

import struct

from jetdirect.transports.ipp.rfc8010 import ENUM, INTEGER, KEYWORD
from jetdirect.transports.ipp.rfc8011 import (
    CREATE_JOB,
    PRINT_JOB,
    SEND_DOCUMENT,
    VALIDATE_JOB,
)

Said = list[tuple[int, str, list[bytes]]]


def number(value: int) -> bytes:
    return struct.pack(">i", value)


def message(status: int, request: int, attributes: Said) -> bytes:
    """What a printer answers."""
    data = struct.pack(">BBHIB", 1, 1, status, request, 4)
    for tag, name, values in attributes:
        word = name.encode()
        for value in values:
            data += (
                struct.pack(">BH", tag, len(word)) + word + struct.pack(">H", len(value)) + value
            )
            word = b""
    return data + b"\x03"


def operations(*codes: int) -> tuple[int, str, list[bytes]]:
    return (ENUM, "operations-supported", [number(code) for code in codes])


#: A printer of our days, and one that takes a job only with its document.
NEW: Said = [operations(PRINT_JOB, VALIDATE_JOB, CREATE_JOB, SEND_DOCUMENT)]
OLD: Said = [operations(PRINT_JOB, VALIDATE_JOB)]

JOB: Said = [(INTEGER, "job-id", [number(31)])]


def jobState(state: int, *reasons: bytes) -> Said:
    said: Said = [(ENUM, "job-state", [number(state)])]
    return [*said, (KEYWORD, "job-state-reasons", list(reasons))] if reasons else said
