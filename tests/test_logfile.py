"""
The log file: rotated in every way that people do, and no line is lost; nobody else reads it.
"""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from twisted.python.reflect import namedAny

from jetdirect import logfile
from jetdirect.logfile import LogFile
from tests.support.gateway import Gateway, environment
from tests.support.peer import PATIENCE, mortal
from tests.support.started import borrowed

pytestmark = pytest.mark.slow

TWISTD = str(Path(sys.executable).with_name("twistd"))


def test_mode(tmp_path: Path) -> None:
    """Its user and group read it; the mode of a file that is there is the operator's."""
    LogFile(str(tmp_path / "new.log")).write("a\n")
    assert stat.S_IMODE((tmp_path / "new.log").stat().st_mode) & 0o137 == 0
    (tmp_path / "old.log").touch()
    (tmp_path / "old.log").chmod(0o664)
    LogFile(str(tmp_path / "old.log")).write("a\n")
    assert stat.S_IMODE((tmp_path / "old.log").stat().st_mode) == 0o664


def test_moved(tmp_path: Path) -> None:
    """What was moved away is written to until the file is opened anew."""
    file = LogFile(str(tmp_path / "a.log"))
    file.write("1\n")
    (tmp_path / "a.log").rename(tmp_path / "a.log.1")
    file.write("2\n")
    file.reopen()
    file.write("3\n")
    assert (tmp_path / "a.log.1").read_text() == "1\n2\n"
    assert (tmp_path / "a.log").read_text() == "3\n"


def test_truncated(tmp_path: Path) -> None:
    """A file that was cut goes on at its new end."""
    file = LogFile(str(tmp_path / "a.log"))
    file.write("1\n")
    os.truncate(tmp_path / "a.log", 0)
    file.write("2\n")
    assert (tmp_path / "a.log").read_bytes() == b"2\n"


def test_notPossible(tmp_path: Path) -> None:
    """When it cannot be opened anew, the log goes on where it was."""
    (tmp_path / "here").mkdir()
    file = LogFile(str(tmp_path / "here" / "a.log"))
    (tmp_path / "here").rename(tmp_path / "there")
    with pytest.raises(OSError, match="No such file"):
        file.reopen()
    file.write("1\n")
    assert (tmp_path / "there" / "a.log").read_text() == "1\n"


def test_anyWord(tmp_path: Path) -> None:
    """A name that is no UTF-8 is written all the same."""
    LogFile(str(tmp_path / "a.log")).write("a \udcff\n")
    assert (tmp_path / "a.log").read_bytes() == b"a \\udcff\n"


@pytest.mark.parametrize(
    ("words", "file", "ours"),
    [
        ({"nodaemon": True, "logfile": None}, "", True),
        ({"nodaemon": True, "logfile": "-"}, "", True),
        ({"nodaemon": True, "logfile": "a.log"}, "a.log", True),
        ({"nodaemon": False, "logfile": None}, "twistd.log", True),
        ({"nodaemon": False, "logfile": None, "syslog": 1}, "", False),
        (
            {"nodaemon": False, "logfile": "a.log", "logger": "twisted.logger.STDLibLogObserver"},
            "",
            False,
        ),
        ({"logFile": "a.log"}, "", False),
    ],
)
def test_takeOver(words: dict[str, object], file: str, ours: bool) -> None:
    """The file is the one that twistd would write; who wants another log gets that."""
    assert logfile.takeOver(words) == file
    assert (words.get("logger") == logfile.OBSERVER) is ours
    assert namedAny(logfile.OBSERVER) is logfile.observer


def test_daemonWithoutFile() -> None:
    """A daemon has no standard output to log to."""
    with pytest.raises(ValueError, match="--logfile=-: "):
        logfile.takeOver({"nodaemon": False, "logfile": "-"})


def test_pluginCache(tmp_path: Path) -> None:
    """Where Twisted cannot write its list of plugins, the log is not filled with that."""
    plugins = tmp_path / "more/twisted/plugins"
    (plugins / "dropin.cache").mkdir(parents=True)  # no file can have its name
    (plugins / "nothing.py").touch()
    path = [str(tmp_path / "more"), *filter(None, [environment().get("PYTHONPATH")])]
    with Gateway(tmp_path, before=["env", f"PYTHONPATH={os.pathsep.join(path)}"]) as gateway:
        gateway.waitFor("prints to")
        assert "plugin cache" not in gateway.log


# With twistd


@pytest.fixture(params=[False, True], ids=["-n --logfile", "daemon"])
def gateway(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[int]:
    """The number of a process that logs to C{a.log} and runs."""
    mode = ["--pidfile=a.pid"] if request.param else ["-n", "--pidfile=a.pid"]
    words = [TWISTD, *mode, "--logfile=a.log", "jetftp", "--port=tcp:0:interface=127.0.0.1"]
    process = subprocess.Popen(mortal(*words), cwd=tmp_path, env=environment())
    try:
        waitFor(lambda: "prints to" in read(tmp_path / "a.log"))
        yield int((tmp_path / "a.pid").read_text())
    finally:
        pid = int((tmp_path / "a.pid").read_text())
        os.kill(pid, signal.SIGTERM)
        process.wait(PATIENCE)
        waitFor(lambda: not Path(f"/proc/{pid}").exists())


def read(file: Path) -> str:
    """What a file holds, if it is there."""
    return file.read_text() if file.exists() else ""


def waitFor(true: Callable[[], bool]) -> None:
    """Wait until it is."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_logrotate(gateway: int, tmp_path: Path) -> None:
    """mv, SIGUSR1; then copytruncate: each line is in one of the files, and none has a hole."""
    log = tmp_path / "a.log"
    log.rename(tmp_path / "a.log.1")
    os.kill(gateway, signal.SIGUSR1)
    waitFor(lambda: "opened anew" in read(log))
    assert "opened anew" not in read(tmp_path / "a.log.1")
    assert stat.S_IMODE(log.stat().st_mode) & 0o137 == 0
    os.truncate(log, 0)
    os.kill(gateway, signal.SIGHUP)
    waitFor(lambda: "nothing has changed" in read(log))
    line, _ = log.read_bytes().splitlines()
    assert b"\0" not in line and line.startswith(b"20")


ROTATED = """
{log} {{
    size 1
    rotate 3
    {how}
    missingok
    postrotate
        {then}
    endscript
}}
"""


@pytest.mark.parametrize(
    ("how", "signaled"),
    [("create 0640", True), ("copytruncate", False), ("nocreate", True), ("delaycompress", True)],
)
def test_realLogrotate(gateway: int, tmp_path: Path, how: str, signaled: bool) -> None:
    """logrotate itself, three times: each line is in one of the files, once, and in its order."""
    logrotate = borrowed("logrotate", "logrotate")
    log, rules = tmp_path / "a.log", tmp_path / "rules"
    tmp_path.chmod(0o755)  # it rotates nothing where others may write
    then = f"kill -USR1 {gateway}" if signaled else "true"
    rules.write_text(ROTATED.format(log=log, how=how, then=then))
    rules.chmod(0o644)
    for turn in range(1, 4):
        os.kill(gateway, signal.SIGUSR2)
        waitFor(lambda: "it means nothing here" in read(log))
        ran = subprocess.run(
            [logrotate, "--force", f"--state={tmp_path / 'state'}", str(rules)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        if signaled:
            waitFor(lambda: "opened anew" in read(log))
        assert len(list(tmp_path.glob("a.log.*"))) == turn
    os.kill(gateway, signal.SIGUSR2)
    waitFor(lambda: "it means nothing here" in read(log))
    files = [*sorted(tmp_path.glob("a.log.*"), reverse=True), log]
    lines = [line for file in files for line in file.read_bytes().splitlines()]
    assert all(line.startswith(b"20") and b"\0" not in line for line in lines)
    assert lines == sorted(lines, key=lambda line: line[:24])
    assert sum(b"it means nothing here" in line for line in lines) == 4


def test_json(tmp_path: Path) -> None:
    """With C{--log-format=json} each line is an object, in a file and on standard output."""
    with Gateway(tmp_path, "--log-format=json") as gateway:
        gateway.waitFor("prints to")
        lines = [line for line in gateway.log.splitlines() if line.strip()]
        assert all(json.loads(line)["level"] for line in lines)
        assert any(json.loads(line).get("port") == "PORT1" for line in lines)


@pytest.mark.parametrize(
    "words",
    [
        ("twist", "--log-format=text", "jetftp"),
        ("twistd", "-n", "--pidfile=", "--logger=twisted.logger.STDLibLogObserver", "jetftp"),
    ],
)
def test_notOurs(words: tuple[str, ...], tmp_path: Path) -> None:
    """A log that somebody else writes cannot have another format, and says so."""
    program, *rest = words
    place = str(Path(sys.executable).with_name(program))
    ran = subprocess.run(
        [place, *rest, "--log-format=json", "--port=tcp:0:interface=127.0.0.1"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert ran.returncode == 1
    assert "--log-format=json: the log is not written here; " in ran.stderr
