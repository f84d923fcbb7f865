"""
Where the borrowed clients are, which versions they have, and what to install when one is missing.
"""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

#: Where C{install} puts what is not Debian's.
PEERS = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "jetdirect-peers"

#: Daemons live in the last three, and not on everybody's search path.
_PLACES = (None, "/usr/local/sbin", "/usr/sbin", "/sbin")


class Missing(Exception):
    """A client is not here; the message names the package."""


def program(name: str, package: str = "") -> str:
    """
    Find a program.

    @param package: Debian's package, if it has another name.
    @raise Missing: it is not installed.
    """
    for place in _PLACES:
        found = shutil.which(name, path=place)
        if found is not None:
            return found
    raise Missing(f"{name} is missing: apt-get install {package or name}")


def peer(path: str, package: str) -> Path:
    """
    Find something that C{install} put into its own folder.

    @raise Missing: it is not there.
    """
    found = PEERS / path
    if not found.exists():
        raise Missing(f"{package} is missing: run laboratory/clients/install")
    return found


def file(path: str, package: str) -> Path:
    """
    Find a file of a Debian package.

    @raise Missing: it is not there.
    """
    if not Path(path).exists():
        raise Missing(f"{path} is missing: apt-get install {package}")
    return Path(path)


@functools.cache
def _said(words: Sequence[str]) -> str:
    try:
        done = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=30,
        )
    except OSError:
        return ""
    return done.stdout.decode("utf-8", "replace")


def version(*words: str, pattern: str = r"\d+(?:\.\d+)+\S*") -> str:
    """The first thing like a version in what a program says of itself, or C{"?"}."""
    found = re.search(pattern, _said(words))
    return "?" if found is None else found[0].strip("(),;:'\"")


def packageVersion(package: str) -> str:
    """The version of a Debian package, for programs that do not say it themselves."""
    said = _said(("dpkg-query", "--show", "--showformat=${Version}", package))
    return re.split(r"[-+~]", said.partition(":")[2] or said)[0] or "?"
