"""
The command C{jetdirect}: its words, its one line of error, its status.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

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
        (["--verbose"], "not understood: --verbose; see jetdirect --help"),
        (["cancel"], "missing: N; see jetdirect cancel --help"),
        (["move", "3"], "missing: PORT; see jetdirect move --help"),
        (["cancel", "x"], "N: x is no number; see jetdirect cancel --help"),
        (["reprint", "\uff13"], "N: \uff13 is no number"),
        (["show", "-1"], "N: -1 is no number"),
        (["jobs", "--limit", "ten"], "--limit: ten is no number"),
        (["history", "--limit=1e3"], "--limit: 1e3 is no number"),
        (["watch", "--every=soon"], "--every: soon is no number of seconds up to 3600"),
        (["watch", "--every=0"], "--every: 0 is no number of seconds"),
        (["--gateway"], "--gateway: its value is missing; see jetdirect --help"),
        (["--gateway=http://a..b:1", "ports"], "no gateway is reached: http://a..b:1: no such"),
        (["--gateway=http://a:99999", "ports"], "no gateway is reached: http://a:99999: "),
        (["--gateway=http://\udcff:1", "ports"], "no gateway is reached: http://"),
        (["pause", "\udcff"], "\\xff: not UTF-8"),
        (["history", "--user", "\udcff"], "\\xff: not UTF-8"),
        (["test", "a", "--format", "docx"], "--format=docx: choose one of text, pcl, postscript;"),
        (["cancel", "1", "--now"], "not understood: --now; see jetdirect --help"),
        (["pause", "a", "--now=yes"], "--now: takes no value; see jetdirect pause --help"),
    ],
)
def test_wrong(words: list[str], why: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One line on standard error, status 2."""
    status, out, err = said(words, capsys)
    assert (status, out, err.count("\n")) == (2, "", 1) and "argument" not in err
    assert err.startswith(f"jetdirect: {why}")


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """The version is ours, and that of what we run on."""
    status, out, err = said(["--version"], capsys)
    assert (status, err) == (0, "") and out.startswith(f"jetdirect {__version__} (Twisted ")


@pytest.mark.slow
def test_serve() -> None:
    """C{serve} is twistd jetftp: its words, its errors, its status."""
    command = [sys.executable, "-m", "jetdirect", "serve", "--prot=1"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1 and done.stdout == ""
    assert (
        done.stderr == "jetftp: --prot: no such option (did you mean --port?); --help lists all\n"
    )


@pytest.mark.slow
@pytest.mark.parametrize("verb", ["check", "spool"])
def test_head(tmp_path: Path, verb: str) -> None:
    """A reader that goes early is no error to tell."""
    (tmp_path / "gateway.toml").write_text('[[printer]]\nname = "a"\nuri = "socket://laser"\n')
    (tmp_path / "spool/ports/a").mkdir(parents=True)
    (tmp_path / "spool").chmod(0o700)
    place = "gateway.toml" if verb == "check" else "spool"
    command = [sys.executable, "-um", "jetdirect", verb, place]
    child = subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert child.stdout is not None and child.stderr is not None
    child.stdout.close()
    assert (child.stderr.read(), child.wait()) == ("", 1)
    child.stderr.close()


def test_help(capsys: pytest.CaptureFixture[str]) -> None:
    """The help names every verb."""
    with pytest.raises(SystemExit) as end:
        cli.main(["--help"])
    out = capsys.readouterr().out
    assert end.value.code == 0
    assert all(verb.name in out and verb.help for verb in cli.VERBS) and "serve" in out


@pytest.mark.slow
def test_fewLetters(tmp_path: Path) -> None:
    """A terminal that lacks a letter is shown an escape for it, and nothing fails."""
    file = tmp_path / "gateway.toml"
    file.write_text(
        '[[printer]]\nname = "ward3"\nuri = "socket://192.0.2.1"\ndescription = "K\u00fcche"\n',
        encoding="utf-8",
    )
    for command in (["jetdirect", "check", str(file)], ["twisted", "jetftp", "--check"]):
        words = [*command, f"--config={file}"] if command[0] == "twisted" else command
        done = subprocess.run(
            [sys.executable, "-m", *words],
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONIOENCODING": "ascii"},
            cwd=tmp_path,
        )
        assert (done.returncode, done.stderr) == (0, "") and "K\\xfcche" in done.stdout
