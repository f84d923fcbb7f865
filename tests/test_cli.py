"""
The command C{jetdirect}: its words, its one line of error, its status.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

import pytest

from jetdirect import __version__, cli


def said(words: Sequence[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """Status, output and errors of the command."""
    status = cli.main(words)
    out, err = capsys.readouterr()
    return status, out, err


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ([], "say what to do; jetdirect --help lists it"),
        (["serv"], "serv: no such verb (did you mean serve?)"),
        (["xyzzy"], "xyzzy: no such verb; it is one of serve"),
        (["--verbose"], "unrecognized arguments: --verbose; see jetdirect --help"),
    ],
)
def test_wrong(words: list[str], why: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One line on standard error, status 2."""
    status, out, err = said(words, capsys)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"jetdirect: {why}")


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """The version is ours, and that of what we run on."""
    status, out, err = said(["--version"], capsys)
    assert (status, err) == (0, "") and out.startswith(f"jetdirect {__version__} (Twisted ")


def test_serve() -> None:
    """C{serve} is twistd jetftp: its words, its errors, its status."""
    command = [sys.executable, "-m", "jetdirect", "serve", "--prot=1"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1 and done.stdout == ""
    assert (
        done.stderr == "jetftp: --prot: no such option (did you mean --port?); --help lists all\n"
    )


def test_help(capsys: pytest.CaptureFixture[str]) -> None:
    """The help names every verb."""
    with pytest.raises(SystemExit) as end:
        cli.main(["--help"])
    out = capsys.readouterr().out
    assert end.value.code == 0
    assert all(verb.name in out and verb.help for verb in cli.VERBS) and "serve" in out
