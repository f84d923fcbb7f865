"""
The registry of printers: built-in and foreign schemes are plugins, loaded when they are used.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.testing import MemoryReactorClock
from zope.interface.verify import verifyObject

import jetdirect
from jetdirect.interfaces import IPrinterScheme
from jetdirect.transports.build import schemes
from jetdirect.transports.scheme import PrinterScheme
from jetdirect.uri import DeviceURI, parse

pytestmark = pytest.mark.slow

HERE = Path(jetdirect.__file__).parents[1]

PLUGIN = """
from jetdirect.options import uriOption
from jetdirect.transports.scheme import PrinterScheme

options = [uriOption("colour", "of the paper")]
paper = PrinterScheme("paper", "paper:tray", "thirdparty.paper.fromURI", options)
"""

TRANSPORT = """
from jetdirect.testing import FakePrinter

def fromURI(reactor, uri):
    return FakePrinter(f"{uri.path} {uri.values['colour']} {reactor}")
"""

BROKEN = "raise RuntimeError('a broken plugin')"


def run(script: str, *folders: Path) -> str:
    """What a fresh Python says, with more folders on its path."""
    path = os.pathsep.join(map(str, [*folders, HERE]))
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def thirdParty(tmp_path: Path) -> Path:
    """A folder with somebody else's plugin."""
    plugins = tmp_path / "twisted" / "plugins"
    plugins.mkdir(parents=True)
    (plugins / "thirdparty_printers.py").write_text(PLUGIN)
    package = tmp_path / "thirdparty"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "paper.py").write_text(TRANSPORT)
    return tmp_path


def test_builtInSchemes() -> None:
    """The kinds of printers that jetdirect brings are offered as plugins."""
    known = schemes()

    assert {"file", "socket"} <= set(known)
    for plugin in known.values():
        verifyObject(IPrinterScheme, plugin)


def test_listingLoadsNothing() -> None:
    """To list the schemes loads no transport; to use one loads that one only."""
    said = run(
        "import sys; from jetdirect.transports.build import schemes\n"
        "from twisted.internet.testing import MemoryReactorClock\n"
        "from jetdirect.transports.build import transportFor\n"
        "names = ['jetdirect.transports.file.transport', 'jetdirect.transports.socket', 'serial']\n"
        "shown = lambda: print([n.rpartition('.')[2] for n in names if n in sys.modules])\n"
        "schemes(); shown(); transportFor(MemoryReactorClock(), 'socket://h'); shown()"
    )

    assert said.splitlines() == ["[]", "['socket']"]


def test_thirdPartyScheme(thirdParty: Path) -> None:
    """A plugin beside ours, in a folder of its own, becomes a printer like any other."""
    said = run(
        "from jetdirect.transports.build import schemes, transportFor\n"
        "print('paper' in schemes(), 'socket' in schemes())\n"
        "print(transportFor('R', 'PAPER:tray-2?colour=yellow').description)\n"
        "try: transportFor('R', 'paper:x?colr=red')\n"
        "except ValueError as e: print(e)\n"
        "try: transportFor('R', 'papier:x')\n"
        "except ValueError as e: print(e)",
        thirdParty,
    )

    have, made, option, scheme = said.splitlines()
    assert have == "True True"
    assert made == "tray-2 yellow R"
    assert option.startswith("unknown option 'colr' (did you mean colour?); known are ")
    assert "paper (paper:tray)" in scheme


def test_brokenPluginBesideOurs(thirdParty: Path) -> None:
    """Somebody else's broken plugin takes no scheme away."""
    (thirdParty / "twisted" / "plugins" / "broken_printers.py").write_text(BROKEN)

    said = run(
        "from jetdirect.transports.build import schemes; print(*schemes())",
        thirdParty,
    )

    assert {"file", "paper", "socket"} <= set(said.split())


def test_transportIsLoadedWhenUsed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A scheme calls the factory that it names with what it was given."""
    (tmp_path / "paperprinter.py").write_text("def make(*arguments): return arguments")
    monkeypatch.syspath_prepend(tmp_path)
    scheme = PrinterScheme("paper", "paper:tray", "paperprinter.make")
    reactor: Any = MemoryReactorClock()
    uri = parse("paper:tray")

    made: Any = scheme.transport(reactor, uri)

    assert made == (reactor, uri)
    assert scheme.options == ()


def test_missingTransport() -> None:
    """A scheme that names nothing that can be loaded says so when it is used, not before."""
    scheme = PrinterScheme("paper", "paper:tray", "jetdirect.transports.papyrus.fromURI")
    reactor: Any = MemoryReactorClock()

    with pytest.raises(AttributeError, match="papyrus"):
        scheme.transport(reactor, DeviceURI("paper"))
