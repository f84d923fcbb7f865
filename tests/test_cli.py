"""
The command C{jetdirect}: its words, its one line of error, its status.
"""

from __future__ import annotations

import os
import socket
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
        (["test", "a", "--format", "docx"], "--format=docx: choose one of 'text', 'pcl', 'postsc"),
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


def test_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The table of the ports, or all that is wrong; nothing is made, started or printed."""
    file = tmp_path / "gateway.toml"
    file.write_text(
        'greeting = "Hello"\nmax-job-bytes = "10M"\n'
        '[[printer]]\nname = "ward3"\nnumber = 1\naliases = "lp"\n'
        'uri = "ipp://ann:opensesame@laser3/ipp"\nlocation = "Station 3"\n'
        '[[printer]]\nname = "kept"\nuri = "file:jobs"\nmax-job-bytes = 1000\n'
    )
    status, out, err = said(["check", str(file)], capsys)
    assert (status, err) == (0, "") and "opensesame" not in out
    rows = [line.split("  ") for line in out.splitlines()]
    ward, kept = ([each.strip() for each in row if each.strip()] for row in rows[1:3])
    others = "aliases = lp; location = Station 3"
    assert ward == ["1", "ward3", "ipp://laser3:631/ipp", "no", others]
    assert kept == ["kept", f"file://{tmp_path}/jobs", "no", "max-job-bytes = 1000"]
    assert "All of them, unless they say otherwise: max-job-bytes = 10M." in out
    assert "2 printing ports; uploads that name none print on ward3." in out
    assert [each.name for each in tmp_path.iterdir()] == ["gateway.toml"]
    file.write_text("greting = 3\n[[printer]]\n")
    status, out, err = said(["check", str(file)], capsys)
    assert (status, out, err.count("\n")) == (1, "", 3)
    assert err.startswith(f"{file}:1: greting: no such key (did you mean greeting?)")


def test_checkSees(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What looking on shows is told, too: a warning, or what cannot work."""
    file = tmp_path / "gateway.toml"
    blocks = [("a", "socket://laser"), ("b", "socket://laser"), ("c", "parallel:/etc/hosts")]
    text = "".join(f'[[printer]]\nname = "{n}"\nuri = "{u}"\n' for n, u in blocks)
    file.write_text(f'default-port = "a"\n{text}')
    status, out, err = said(["check", str(file)], capsys)
    assert (status, err) == (1, "")
    assert "warning: socket://laser:9100: two printing ports lead there" in out
    assert "wrong: parallel:/etc/hosts: /etc/hosts is no printer's device" in out


def test_checkSpool(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A directory that cannot be a spool, and a spool that no port uses, are told; none is made."""
    file = tmp_path / "gateway.toml"
    printer = '[[printer]]\nname = "a"\nuri = "socket://laser"\n'
    (tmp_path / "open").mkdir(mode=0o700)
    (tmp_path / "open").chmod(0o777)
    for place, why in [
        ("gateway.toml", "it is no directory; name a directory of the gateway's own"),
        ("not/there", "No such file or directory; name a directory of the gateway's own"),
        ("open", "others can write it, and so print; chmod go-w it"),
    ]:
        file.write_text(f'spool = "{place}"\n{printer}spool = true\n')
        status, out, err = said(["check", str(file)], capsys)
        assert (status, err) == (1, "")
        assert f"wrong: spool {tmp_path}/{place}: {why}" in out
    file.write_text(f'spool = "new"\n{printer}')
    status, out, err = said(["check", str(file)], capsys)
    assert (status, err) == (0, "")
    assert f"warning: no printing port keeps jobs in the spool {tmp_path}/new: say" in out
    file.write_text(f'spool = "new"\n{printer}spool = true\nmin-free = "900T"\n')
    status, out, err = said(["check", str(file)], capsys)
    assert (status, err) == (0, "")
    assert "warning: a refuses every job: min-free is 989560464998400, and the spool's" in out
    file.write_text(f"spool = true\n{printer}")
    status, out, err = said(["check", str(file)], capsys)
    assert (status, out) == (1, "")
    assert err.startswith(f"{file}:1: spool: name the directory here; spool = true stands in")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["gateway.toml", "open"]


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


def test_checkReach(tmp_path: Path) -> None:
    """With --reach each printer is tried, without a byte; one that is not there is status 1."""
    heard = socket.create_server(("127.0.0.1", 0))
    gone = socket.create_server(("127.0.0.1", 0))
    places = ["{}:{}".format(*each.getsockname()) for each in (heard, gone)]
    gone.close()
    (tmp_path / "gateway.toml").write_text(
        f'[[printer]]\nname = "here"\nnumber = 1\nuri = "socket://{places[0]}"\n'
        f'[[printer]]\nname = "gone"\nuri = "lpd://{places[1]}/q"\n'
        '[[printer]]\nname = "kept"\nuri = "file:jobs"\n'
        f'[[printer]]\nname = "end"\nuri = "endpoint:tcp:{places[0]}"\n'
    )
    command = [sys.executable, "-m", "jetdirect", "check", "--reach", "gateway.toml"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (1, "")
    assert "3 of 4 printers can be reached now." in done.stdout
    told = f"wrong: gone: lpd://{places[1]}/q: the connection was refused (busy or off)"
    assert done.stdout.splitlines()[-1] == told
    with heard:
        heard.settimeout(10)
        for _ in range(2):
            caller, _ = heard.accept()
            with caller:
                assert caller.recv(1) == b""
    assert not (tmp_path / "jobs").exists()


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
