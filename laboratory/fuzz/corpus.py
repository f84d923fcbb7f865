"""
The committed inputs of each target: small files whose names say what they try.
"""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parent / "corpus"


def inputs(target: str) -> dict[str, bytes]:
    """Name and bytes of each, in alphabetical order."""
    return {path.name: path.read_bytes() for path in sorted((ROOT / target).iterdir())}
