"""
What comes out of a printer is what was sent, whatever its size and its bytes.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from laboratory.printers.row import WHOLE
from laboratory.printers.stands.stand import Kind
from laboratory.printers.stands.tcp import TLS
from laboratory.printers.transports import TRANSPORTS
from laboratory.printers.tries import Tries, Try, noise
from tests.support.pages import TRAPS, page

pytestmark = pytest.mark.long

#: Around what drivers and buffers take at a time; 32 MiB is more than anybody keeps.
SIZES = (0, 1, 8191, 8192, 8193, 64 * 1024 + 1, 32 * 1024 * 1024)

#: Every value a byte can have, in every order of two that FTP, Telnet and printers trip over.
VALUES = bytes(range(256)) * 33 + TRAPS


def digest(data: bytes) -> str:
    """SHA-256, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("kind", TRANSPORTS, ids=lambda kind: kind.name.replace(", ", "-"))
def test_sameBytes(kind: Kind, tmp_path: Path) -> None:
    """SHA-256 in is SHA-256 out, and the reply counts right."""
    jobs = [*(noise(size) for size in SIZES), VALUES]
    with Tries(kind, [Try("good", job) for job in jobs], tmp_path) as tried:
        for number, job in enumerate(jobs):
            row = tried.run(number)
            assert row.reply.startswith("226"), row
            assert f" {len(job)} bytes, " in row.reply
            assert digest(tried.stands[number].got()) == digest(job), row
            assert row.reached == WHOLE


def test_nothingOverTLS(tmp_path: Path) -> None:
    """A job of 0 bytes is one, also if its end comes before that of the handshake."""
    with Tries(TLS, [Try("good", b"")], tmp_path) as tried:
        printer = tried.stands[0].printer  # type: ignore[attr-defined]
        printer.lateness = 0.5
        row = tried.run(0)
    assert row.reply.startswith("226"), row


def test_page(tmp_path: Path) -> None:
    """A page that Ghostscript has rendered goes through all of them, and all bytes behind it."""
    job = page("traps.pcl")
    for number, kind in enumerate(TRANSPORTS):
        with Tries(kind, [Try("good", job)], tmp_path / str(number)) as tried:
            row = tried.run(0)
            assert row.reply.startswith("226"), row
            assert digest(tried.stands[0].got()) == digest(job), row
