"""
What C{--check} shows of a configuration, and says of it; nothing is started, written or printed.
"""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.behaviours import NoPrinter
from tests.test_cli import said


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


@pytest.mark.slow
def test_checkReach(tmp_path: Path) -> None:
    """With --reach each printer is tried, without a byte; one that is not there is status 1."""
    heard, gone = socket.create_server(("127.0.0.1", 0)), NoPrinter()
    places = [f"127.0.0.1:{port}" for port in (heard.getsockname()[1], gone.port)]
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
    gone.stop()
    with heard:
        heard.settimeout(10)
        for _ in range(2):
            caller, _ = heard.accept()
            with caller:
                assert caller.recv(1) == b""
    assert not (tmp_path / "jobs").exists()
