"""
Each module has its test file, or it is said here where it is tested, and why there.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

import jetdirect

PACKAGE = Path(jetdirect.__file__).parent
TESTS = Path(__file__).parent

MODULES = [
    each.relative_to(PACKAGE).with_suffix("").parts
    for each in sorted(PACKAGE.rglob("*.py"))
    if not each.stem.startswith("__")
]

TOGETHER = {
    # Its parts are nothing without each other: what it says and does is tried as a whole.
    "ftp/session ftp/interpreter ftp/transfer ftp/settings": "functional",
    "ftp/dataconnection ftp/dataports": "data",
    "ftp/lingering": "factory",
    "ftp/text": "text",
    "spool/changes spool/printing spool/spooling": "spool_queue",
    "spool/asked": "spool_files",
    "spool/verbs": "verbs",
    "web/about web/frame web/parts web/reply web/rows": "web_pages",
    "web/secure web/side": "web_site",
    # The files of a spool, whose order on the disk is what counts.
    "spool/disk spool/draft spool/paths": "spool_store",
    # The kernel path: only together with a kernel can they be wrong.
    "net/pipe": "splice",
    "net/belowtls": "tls_printers",
    "net/tuning": "socket_transport",
    # What an operator says, up to the sentence that is told of it.
    "words compose contradictions watch/settings": "configfile",
    "collector daemon": "process",
    # What a print server says of its ports.
    "portrecords": "server",
    # A server that is believed, or not.
    "watch/trust watch/wire": "watch_webhook",
    # Tables, values and protocols without a line of logic.
    "net/reactor": "network",
    "phase": "docs",
    "spool/beat": "spool_shared",
    "spool/context spool/line": "spool_queue",
    "verb": "cli",
}
"""Modules that are tested with others, and the file that does so."""

KNOWN = {module: file for modules, file in TOGETHER.items() for module in modules.split()}

_ENDS = Counter("_".join(parts[at:]) for parts in MODULES for at in range(len(parts)))


def files(parts: tuple[str, ...]) -> list[Path]:
    """
    The test files that a module may have: of its name, with as many of its folders in front as make
    it the only one; or one for its folder.
    """
    names = ["_".join(parts[at:]) for at in range(len(parts))]
    own = [name for at, name in enumerate(names) if at == 0 or _ENDS[name] == 1]
    return [TESTS / f"test_{name}.py" for name in (*own, *parts[-2:-1])]


@pytest.mark.parametrize("parts", MODULES, ids="/".join)
def test_module(parts: tuple[str, ...]) -> None:
    """Where a module is tested can be found without looking for it."""
    module = "/".join(parts)
    there = [each.name for each in files(parts) if each.exists()]
    if module in KNOWN:
        assert not there, f"{module} has {there[0]}: take it out of TOGETHER"
        assert (TESTS / f"test_{KNOWN[module]}.py").exists()
    else:
        assert there, f"write tests/{files(parts)[0].name}, or say in TOGETHER where it is tested"


def test_noneIsGone() -> None:
    """Nothing is said of a module that is no more."""
    assert KNOWN.keys() - {"/".join(parts) for parts in MODULES} == set()
