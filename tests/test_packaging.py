"""
Every way to install gives C{twistd} its C{jetftp}, and uninstalling takes it away.

Each way has a new environment, which gets a copy of the requirements that are installed in this
one, so that pip has nothing to fetch.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]

REQUIREMENTS = {"Twisted", "h11", "pyserial", "zope.interface"}

BUILD = "from setuptools import build_meta as b; b.build_sdist('dist'); b.build_wheel('dist')"

TWISTD_HELP = "import sys; sys.argv[1:] = ['--help']; from twisted.scripts.twistd import run; run()"

LIST_PLUGINS = """
import sys
from twisted.application.service import IServiceMaker
from twisted.plugin import getPlugins
print(*(plugin.tapname for plugin in getPlugins(IServiceMaker)))
print(*sys.modules)
"""


def run(*command: str | Path, cwd: Path) -> str:
    """What a command prints; nothing of this run's environment leads it back to this checkout."""
    known = {k: v for k, v in os.environ.items() if not k.startswith(("COVERAGE_", "PYTHON"))}
    done = subprocess.run(command, cwd=cwd, env=known, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def withTheirs(names: set[str]) -> set[str]:
    """These requirements, and what they require in turn."""
    found: set[str] = set()
    while names:
        found |= names
        lines = [line for name in names for line in distribution(name).requires or ()]
        required = [Requirement(line) for line in lines]
        names = {
            r.name for r in required if r.marker is None or r.marker.evaluate({"extra": ""})
        } - found
    return found


def names(root: Path, *folders: str) -> set[str]:
    """The files in these folders, but for caches."""
    files = [file for folder in folders for file in (root / folder).rglob("*") if file.is_file()]
    return {str(file.relative_to(root)) for file in files if file.suffix not in (".pyc", ".cache")}


class Environment:
    """A new virtual environment with everything that jetdirect requires, but without it."""

    def __init__(self, place: Path) -> None:
        venv.create(place, symlinks=True)
        self.place = place
        self.python = place / "bin" / "python"
        names = {"base": str(place), "platbase": str(place)}
        self.packages = Path(sysconfig.get_path("purelib", "venv", names))
        for name in withTheirs(REQUIREMENTS | {"setuptools"}):
            for file in distribution(name).files or ():
                source, target = Path(str(file.locate())), self.packages / file
                if ".." not in file.parts and file.suffix != ".pyc" and source.is_file():
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(source, target)

    def do(self, code: str) -> str:
        """Run Python code here, with neither the working directory nor a script's on the path."""
        return run(self.python, "-P", "-c", code, cwd=self.place)

    def pip(self, *words: str, cwd: Path) -> None:
        """Run this run's pip for the new environment."""
        run(sys.executable, "-m", "pip", "--python", self.python, *words, cwd=cwd)

    def twistedFiles(self) -> dict[str, bytes]:
        """What is in Twisted's folder."""
        return {
            name: (self.packages / name).read_bytes() for name in names(self.packages, "twisted")
        }


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sources, with an sdist and a wheel in C{dist}."""
    tree = tmp_path_factory.mktemp("packaging") / "tree"
    tree.mkdir()
    for name in ("LICENSE", "MANIFEST.in", "README.rst", "pyproject.toml", "setup.cfg"):
        shutil.copy(ROOT / name, tree)
    caches = shutil.ignore_patterns("__pycache__", "dropin.cache")
    for name in ("jetdirect", "laboratory", "tests", "twisted"):
        shutil.copytree(ROOT / name, tree / name, ignore=caches)
    run(sys.executable, "-c", BUILD, cwd=tree)
    return tree


@pytest.mark.long
@pytest.mark.parametrize("what", ["dist/*.whl", "dist/*.tar.gz", ".", "-e ."])
def test_installAndUninstall(tmp_path: Path, tree: Path, what: str) -> None:
    """twistd lists jetftp without loading it, until it is uninstalled; Twisted stays as it was."""
    place = Environment(tmp_path / "environment")
    before = place.twistedFiles()
    flags = what.split()
    [source] = tree.glob(flags.pop()) if "*" in what else [Path(flags.pop())]

    place.pip("install", "--no-index", "--no-build-isolation", *flags, str(source), cwd=tree)
    assert "    jetftp  " in place.do(TWISTD_HELP)
    listed, loaded = (set(line.split()) for line in place.do(LIST_PLUGINS).splitlines())
    assert "jetftp" in listed
    assert not loaded & {"jetdirect.tap", "twisted.internet.reactor"}

    place.pip("uninstall", "--yes", "jetdirect", cwd=tmp_path)
    assert "jetftp" not in place.do(TWISTD_HELP)
    assert place.twistedFiles() == before


def test_wheel(tree: Path) -> None:
    """The wheel has the whole package and the plugins, and nothing besides."""
    [wheel] = tree.glob("dist/*.whl")
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert packed == names(tree, "jetdirect", "twisted")
    assert "jetdirect/py.typed" in packed
    assert "twisted/plugins/jetftp.py" in packed


def test_sdist(tree: Path) -> None:
    """The sdist has the tests, their helpers included."""
    [sdist] = tree.glob("dist/*.tar.gz")
    with tarfile.open(sdist) as archive:
        packed = {name.partition("/")[2] for name in archive.getnames()}
    assert packed >= names(tree, "jetdirect", "laboratory", "tests", "twisted")
    assert packed >= {"LICENSE", "README.rst", "pyproject.toml", "setup.cfg"}


def test_requirements(tree: Path) -> None:
    """A gateway that only prints installs three packages and what they bring along."""
    [wheel] = tree.glob("dist/*.whl")
    with zipfile.ZipFile(wheel) as archive:
        [metadata] = (name for name in archive.namelist() if name.endswith("/METADATA"))
        lines = archive.read(metadata).decode().splitlines()
    required = [Requirement(line[15:]) for line in lines if line.startswith("Requires-Dist: ")]
    assert {r.name for r in required if r.marker is None} == REQUIREMENTS


def test_noInitFilesBesideThePlugins() -> None:
    """Either of them would hide the plugins, and overwrite one of Twisted's files."""
    assert {path.name for path in (ROOT / "twisted").rglob("__init__.py")} == set()
