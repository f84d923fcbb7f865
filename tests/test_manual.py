"""
The manual pages have every option and no mistake; the shells complete what the command takes.
"""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import time
from pathlib import Path

import pytest

from docs import completion, manual
from jetdirect.cli import VERBS
from jetdirect.commandline import FILE_OPTIONS, NOTIFY_OPTIONS, OPTIONS, PORT_OPTIONS
from tests.support.peer import PATIENCE
from tests.support.started import borrowed

PAGES = {"jetdirect.1": manual.command, "gateway.toml.5": manual.file}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All that C{docs.manual} writes."""
    folder = tmp_path_factory.mktemp("manual")
    manual.main(folder)
    return folder


def run(*words: str | Path, **more: str) -> str:
    """What a program says, its complaints included."""
    known = {**os.environ, "LC_ALL": "C.UTF-8", **more}
    return subprocess.run(
        words, env=known, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ).stdout


def plain(page: str) -> str:
    """A page without its marks."""
    return re.sub(r"\\f[BR]", "", page.replace(r"\-", "-"))


def test_command() -> None:
    """jetdirect(1) has every verb, and every option of a gateway with what it does."""
    page = plain(manual.command())
    for verb in ("serve", *(each.name for each in VERBS)):
        assert f"\n.TP\njetdirect {verb}" in page
    for option in OPTIONS:
        assert re.search(rf"\n\.TP\n--{option.name}\b", page), option.name
        assert option.help.split()[0] in page
    assert "[default: 60]" in page and "finish-timeout" in page
    assert "``" not in page and "\1" not in page and "\2" not in page


def test_file() -> None:
    """gateway.toml(5) has every key, and the example as it has to be typed."""
    page = plain(manual.file())
    for option in (*FILE_OPTIONS, *PORT_OPTIONS, *NOTIFY_OPTIONS):
        assert f"\n.TP\n{option.name}" in page
    assert '\n    uri = "socket://laser3.example:9100"\n' in page


@pytest.mark.parametrize("name", PAGES)
def test_mandoc(folder: Path, name: str) -> None:
    """mandoc finds nothing to complain about, not even the style."""
    assert run(borrowed("mandoc", "mandoc"), "-T", "lint", folder / name) == ""


@pytest.mark.parametrize("name", PAGES)
def test_groff(folder: Path, name: str) -> None:
    """groff warns of nothing, and shows what is between brackets and behind dots."""
    groff = borrowed("groff", "groff-base")
    assert run(groff, "-man", "-Tutf8", "-ww", "-z", folder / name) == ""
    shown = run(groff, "-man", "-Tascii", "-P-c", "-P-b", "-P-u", folder / name)
    assert "SYNOPSIS" in shown or "[[printer]]" in shown


# The shells

_COMPLETED = """
source "$FOLDER/jetdirect.bash"
COMP_WORDS=($TYPED) COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
[[ $TYPED != *" " ]] || { COMP_WORDS+=(""); COMP_CWORD=$((COMP_CWORD + 1)); }
_jetdirect
printf '%s\\n' "${COMPREPLY[@]}"
"""

_GATEWAY = r"""#!/bin/sh
case $1 in
ports) printf '%s\n' 'PORT   STATE' 'ward3  idle' 'labels stopped' ;;
jobs) printf '%s\n' 'JOB  PORT' '31   ward3' '30   labels' ;;
esac
"""


@pytest.fixture
def gateway(tmp_path: Path) -> str:
    """A search path with a command that knows two ports and two jobs."""
    command = tmp_path / "bin/jetdirect"
    command.parent.mkdir()
    command.write_text(_GATEWAY)
    command.chmod(0o755)
    return f"{command.parent}:{os.environ['PATH']}"


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("jetdirect pa", ["pause"]),
        ("jetdirect re", ["release", "reprint", "resume", "reload"]),
        ("jetdirect --gateway unix:/x pa", ["pause"]),
        ("jetdirect pause --n", ["--now"]),
        ("jetdirect pause ", ["ward3", "labels"]),
        ("jetdirect pause la", ["labels"]),
        ("jetdirect cancel ", ["31", "30"]),
        ("jetdirect move 31 ", ["ward3", "labels"]),
        ("jetdirect jobs --port w", ["ward3"]),
        ("jetdirect test ward3 --format p", ["pcl", "postscript"]),
        ("jetdirect serve --max-sessions-", ["--max-sessions-per-host"]),
        ("jetdirect serve --on-doubt ", ["hold", "stop", "reprint", "drop"]),
        ("jetdirect serve --pjl-policy = re", ["refuse"]),
        ("jetdirect serve --busy-timeout ", [""]),
        ("jetdirect check /etc/hostna", ["/etc/hostname"]),
        ("jetdirect serve --config = /etc/hostna", ["/etc/hostname"]),
    ],
)
def test_bash(folder: Path, gateway: str, typed: str, offered: list[str]) -> None:
    """bash offers verbs, options, their values, files, and the ports and jobs of the gateway."""
    bash = borrowed("bash", "bash")
    words = {"FOLDER": str(folder), "TYPED": typed, "PATH": gateway}
    assert run(bash, "-u", "-c", _COMPLETED, **words).splitlines() == offered


_ZSHRC = """
PS1='> ' fpath=(FOLDER $fpath)
unsetopt promptsp
autoload -U compinit
compinit -uD
print it completes
"""

_BASHRC = """
PS1='> '
bind 'set enable-bracketed-paste off'
. FOLDER/jetdirect.bash
echo it completes
"""


class Shell:
    """A shell that somebody types into, on a terminal."""

    def __init__(self, name: str, folder: Path, path: str) -> None:
        (folder / ".zshrc").write_text(_ZSHRC.replace("FOLDER", str(folder)))
        (folder / ".bashrc").write_text(_BASHRC.replace("FOLDER", str(folder)))
        known = {"PATH": path, "TERM": "dumb", "ZDOTDIR": str(folder), "LC_ALL": "C.UTF-8"}
        words = {"zsh": ["-d", "-i"], "bash": ["--rcfile", str(folder / ".bashrc"), "-i"]}[name]
        shell = borrowed(name, name)
        self._pid, self._terminal = pty.fork()
        if self._pid == 0:
            os.execve(shell, [shell, *words], known)
        self.type("", "it completes")

    def type(self, text: str, awaited: str) -> str:
        """Type, and read until C{awaited} comes."""
        os.write(self._terminal, text.encode())
        end, seen = time.monotonic() + PATIENCE, ""
        while awaited not in seen.replace("\r", ""):
            ready, _, _ = select.select([self._terminal], [], [], end - time.monotonic())
            assert ready, f"{awaited!r} does not come: {seen!r}"
            seen += os.read(self._terminal, 4096).decode()
        return seen

    def close(self) -> None:
        """The end."""
        os.close(self._terminal)
        os.waitpid(self._pid, 0)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["bash", "zsh"])
@pytest.mark.parametrize(
    ("typed", "awaited"),
    [
        ("jetdirect pau\t", "jetdirect pause "),
        ("jetdirect pause lab\t", "labels "),
        ("jetdirect pause --no\t", "--now "),
        ("jetdirect move 31 war\t", "ward3 "),
        ("jetdirect serve --on-doubt=rep\t", "reprint "),
        ("jetdirect test ward3 --format pc\t", "pcl "),
        ("jetdirect check /etc/hostna\t", "/etc/hostname "),
    ],
)
def test_typed(name: str, folder: Path, gateway: str, typed: str, awaited: str) -> None:
    """On a terminal the shell finishes the word."""
    shell = Shell(name, folder, gateway)
    try:
        assert awaited in shell.type(typed, awaited).replace("\r", "")
    finally:
        shell.close()


def test_shells(folder: Path) -> None:
    """Both know every option of a gateway."""
    for text in (completion.bash(), completion.zsh()):
        for option in OPTIONS:
            assert f"--{option.name}" in text
    assert run(borrowed("bash", "bash"), "-n", folder / "jetdirect.bash") == ""
