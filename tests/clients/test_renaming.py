"""
Clients that look before and after an upload, or upload under another name: one job, and success.
"""

from __future__ import annotations

import io
import re
import socket
from pathlib import Path

import pytest

from laboratory.clients import drivers
from laboratory.clients.matrix import BINARY
from tests.support.clients import Result, run
from tests.support.modes import Mode, Way
from tests.support.packages import Missing, program
from tests.support.peer import PATIENCE
from tests.support.printservice import PrintService
from tests.support.session import Session

PASSIVE = Mode(Way.PASV)


class Job:
    """
    One file to print, and what came out since.

    @ivar file: in a directory of its own.
    """

    def __init__(self, service: PrintService, directory: Path) -> None:
        self.service = service
        self.file = directory / "out" / "job.ps"
        self.file.parent.mkdir()
        self.file.write_bytes(BINARY)
        self._before = len(service.printer.callers)

    @property
    def printed(self) -> list[bytes]:
        """The jobs that had any bytes."""
        numbers = range(self._before + 1, len(self.service.printer.callers) + 1)
        return [job for number in numbers if (job := self.service.printer.waitForJob(number))]

    def assertPrinted(self, result: Result) -> None:
        """One job, and the client is content."""
        assert result.code == 0, result.output
        assert self.printed == [BINARY], [len(job) for job in self.printed]

    def session(self) -> Session:
        """For a client that is only imitated."""
        return Session(self.service.port(PASSIVE))


@pytest.fixture
def job(service: PrintService, tmp_path: Path) -> Job:
    """A fresh one."""
    return Job(service, tmp_path)


def rclone(job: Job, *words: str, typed: bytes = b"") -> Result:
    """C{rclone} with other words than the matrix uses."""
    try:
        return drivers.rclone(job.service, PASSIVE, job.file, *words, typed=typed)
    except Missing as missing:
        pytest.skip(str(missing))


def lftp(job: Job, *commands: str) -> Result:
    """C{lftp} with these commands after the login."""
    try:
        words = [program("lftp"), "-d", "-c"]
    except Missing as missing:
        pytest.skip(str(missing))
    opening = f"open {job.service.url(PASSIVE)}"
    settings = drivers.lftpSettings(job.service, PASSIVE)
    here = f"lcd {job.file.parent}"  # its home, with its own log, is another directory
    home = job.file.parent.parent
    return run([*words, "; ".join([*settings, opening, here, *commands])], home)


def ncftpput(job: Job, *options: str) -> Result:
    """C{ncftpput} with options."""
    try:
        return drivers.ncftpput(job.service, PASSIVE, job.file, *options)
    except Missing as missing:
        pytest.skip(str(missing))


@pytest.mark.parametrize(
    "words",
    [
        ["copyto", "job.ps", ":ftp:job.ps"],
        ["copyto", "job.ps", ":ftp:a/b/kleine Übersicht.ps"],
        ["copy", "job.ps", ":ftp:"],
        ["copy", "job.ps", ":ftp:PORT1"],
        ["copyto", "job.ps", ":ftp:PORT1/job.ps"],
        ["copyto", "--ftp-concurrency=1", "job.ps", ":ftp:job.ps"],
        ["moveto", "job.ps", ":ftp:job.ps"],
    ],
    ids=" ".join,
)
def test_rclone(words: list[str], job: Job) -> None:
    """rclone asks for size and time of what it sent, and says "corrupted" if they differ."""
    job.assertPrinted(rclone(job, *words))


def test_rcloneFromAPipe(job: Job) -> None:
    """C{rclone rcat}: nobody knows the size before the end."""
    job.assertPrinted(rclone(job, "rcat", ":ftp:job.ps", typed=BINARY))


def test_rcloneDirectory(job: Job) -> None:
    """C{rclone sync} of a directory with one file."""
    job.assertPrinted(rclone(job, "sync", ".", ":ftp:spool"))


@pytest.mark.parametrize(
    "options",
    [["-T", "tmp."], ["-S", ".tmp"], ["-m"], ["-z"], ["-A"]],
    ids=["prefix", "suffix", "mkdir", "resume", "append"],
)
def test_ncftpput(options: list[str], job: Job) -> None:
    """A temporary name that is renamed, directories, resuming: one whole job each."""
    job.assertPrinted(ncftpput(job, *options))


@pytest.mark.parametrize(
    "commands",
    [
        ["mirror -R . spool"],
        ["mirror -R . ."],
        ["mirror -R --no-perms . /PORT1"],
        ["mirror -R --only-newer ."],
        ["set xfer:use-temp-file yes", "put job.ps"],
        ["put -c job.ps"],
        ["put job.ps", "ls", "cls -l", "rels"],
        ["mkdir -p in/here", "cd in/here", "pwd", "put job.ps"],
        ["put job.ps -o 'kleine Übersicht.ps'"],
    ],
    ids=" + ".join,
)
def test_lftp(commands: list[str], job: Job) -> None:
    """lftp's ways to send a file."""
    job.assertPrinted(lftp(job, *commands))


@pytest.mark.parametrize(
    "options",
    [
        ["-C", "-"],
        ["--append"],
        ["--ftp-create-dirs"],
        ["--quote", "-SITE CHMOD 644 job.ps"],
        ["--ftp-method", "nocwd"],
        ["--ftp-method", "singlecwd"],
    ],
    ids=" ".join,
)
def test_curl(options: list[str], job: Job) -> None:
    """curl's ways to send a file, in a directory that it makes where it can."""
    try:
        words = [program("curl"), "-sSvg", *options]
    except Missing as missing:
        pytest.skip(str(missing))
    path = "spool/today/" if "--ftp-create-dirs" in options else "PORT1/"
    result = run([*words, "-T", "job.ps", job.service.url(PASSIVE, path=path)], job.file.parent)
    job.assertPrinted(result)


def test_curlRenames(job: Job) -> None:
    """A temporary name, renamed in the same session."""
    try:
        words = [program("curl"), "-sSvg", "-Q", "-RNFR job.tmp", "-Q", "-RNTO job.ps"]
    except Missing as missing:
        pytest.skip(str(missing))
    url = job.service.url(PASSIVE, path="job.tmp")
    job.assertPrinted(run([*words, "-T", "job.ps", url], job.file.parent))


def test_wputAgain(job: Job) -> None:
    """wput resumes by default, and asks for the size first."""
    try:
        job.assertPrinted(drivers.wput(job.service, PASSIVE, job.file))
    except Missing as missing:
        pytest.skip(str(missing))


@pytest.mark.parametrize("listing", ["", "ls\n", "dir\n"], ids=["put", "ls, put", "dir, put"])
def test_ncftpWritesNoTestFile(listing: str, job: Job) -> None:
    """
    ncftp tries whether it may write by uploading C{testfile.ftp}: not here.

    It does so when FEAT does not name SIZE, and the directory is empty.
    """
    try:
        words = [program("ncftp"), "-u", "tester", "-p", "secret"]
    except Missing as missing:
        pytest.skip(str(missing))
    words += ["-P", str(job.service.port(PASSIVE)), PASSIVE.host]
    result = run(words, job.file.parent, f"{listing}put job.ps\nquit\n")
    job.assertPrinted(result)
    assert "testfile" not in job.service.gateway.log


def test_part(job: Job) -> None:
    """KDE's kio: is there such a file or directory, upload as .part, rename, set mode and time."""
    with job.session() as ftp:
        assert ftp.say("SIZE /job.ps")[:3] == "550"
        assert ftp.say("CWD /job.ps")[:3] == "550"
        assert ftp.say("SIZE /job.ps.part")[:3] == "550"
        assert ftp.say("CWD /job.ps.part")[:3] == "550"
        assert ftp.say("CWD /")[:3] == "250"
        assert ftp.send(BINARY, "/job.ps.part")[:3] == "226"
        assert ftp.say("SIZE /job.ps.part") == f"213 {len(BINARY)}"
        assert ftp.say("RNFR /job.ps.part")[:3] == "350"
        assert ftp.say("RNTO /job.ps")[:3] == "250"
        assert ftp.say("SITE CHMOD 644 /job.ps")[:1] == "2"
        assert ftp.say("MDTM 20260101120000 /job.ps")[:3] == "213"
        assert ftp.say("SIZE /job.ps") == f"213 {len(BINARY)}"
        assert ftp.say("SIZE /job.ps.part")[:3] == "550"
        assert ftp.say("CWD /job.ps")[:3] == "550"
    assert job.printed == [BINARY]


def test_saveAndMove(job: Job) -> None:
    """GNOME's gvfs: upload beside, remove the old file, rename; a listing tells the result."""
    with job.session() as ftp:
        assert ftp.say("CWD /job.ps")[:3] == "550"
        assert ftp.nlst() == ["PORT1"]
        assert ftp.send(BINARY, "/.giosaveXY1234")[:3] == "226"
        assert ftp.say("DELE /job.ps")[:3] == "550"
        assert ftp.say("RNFR /.giosaveXY1234")[:3] == "350"
        assert ftp.say("RNTO /job.ps")[:3] == "250"
        lines: list[str] = []
        ftp.dir(lines.append)
        assert re.search(rf"^-\S+ +1 .* {len(BINARY)} .* job\.ps$", lines[-1])
        assert dict(ftp.mlsd())["job.ps"]["size"] == str(len(BINARY))
    assert job.printed == [BINARY]


def test_looksAfterwards(job: Job) -> None:
    """Programs that verify: SIZE, MDTM, MLST, NLST and LIST of the name tell what was sent."""
    with job.session() as ftp:
        ftp.storbinary("STOR spool report.ps", io.BytesIO(BINARY))
        assert ftp.size("spool report.ps") == len(BINARY)
        assert re.fullmatch(r"213 20\d{12}", ftp.say("MDTM spool report.ps"))
        assert f"size={len(BINARY)};" in ftp.say("MLST spool report.ps")
        assert "spool report.ps" in ftp.nlst()
        assert ftp.nlst("spool report.ps") == ["spool report.ps"]
        assert ftp.say("MFMT 20260102030405 spool report.ps")[:3] == "213"
        assert ftp.say("MDTM spool report.ps") == "213 20260102030405"
    assert job.printed == [BINARY]


def test_writeTest(job: Job) -> None:
    """Scanners make and remove a directory to see whether they may write: no paper."""
    with job.session() as ftp:
        assert ftp.say("MKD 8f3c2a") == '257 "/8f3c2a" created, for this session'
        assert ftp.say("RMD 8f3c2a")[:3] == "250"
        assert ftp.say("MKD PORT1")[:3] == "550"
        assert ftp.say("XMKD scans")[:3] == "257"
        assert ftp.say("XCWD scans")[:3] == "250"
        assert ftp.say("XPWD").startswith('257 "/scans"')
        assert ftp.say("XCUP")[:3] == "250"
        assert ftp.say("XRMD scans")[:3] == "250"
        assert ftp.send(BINARY)[:3] == "226"
    assert job.printed == [BINARY]


def test_directoriesAbove(job: Job) -> None:
    """CDUP leads out of a directory in a directory, to the one above."""
    with job.session() as ftp:
        assert ftp.say("MKD a")[:3] == "257"
        assert ftp.say("MKD a/b")[:3] == "257"
        assert ftp.say("CWD a/b")[:3] == "250"
        assert ftp.say("CDUP")[:3] == "250"
        assert ftp.say("PWD").startswith('257 "/a"')


def test_namesComeBack(job: Job) -> None:
    """What MKD, PWD and MLST call a thing is its name, and good in the next command."""
    with job.session() as ftp:
        assert ftp.mkd("Übersicht") == "/Übersicht"
        ftp.cwd("Übersicht")
        assert ftp.pwd() == "/Übersicht"
        ftp.storbinary("STOR Grüße.ps", io.BytesIO(BINARY))
        assert ftp.say("MLST Grüße.ps").splitlines()[1].endswith(" Grüße.ps")


def test_uniqueName(job: Job) -> None:
    """The name that STOU tells in its 150 (RFC 1123, section 4.1.2.9) is the stored one's."""
    with job.session() as ftp:
        host, number = ftp.makepasv()
        with socket.create_connection((host, number), PATIENCE) as data:
            opening = ftp.say("STOU")
            assert opening.startswith("150 FILE: ")
            data.sendall(BINARY)
        assert ftp.reply()[:3] == "226"
        assert ftp.size(opening.removeprefix("150 FILE: ")) == len(BINARY)


def test_directoryAndNoName(job: Job) -> None:
    """A name of one session is nothing to the next: no tail is ever asked for."""
    with job.session() as ftp:
        ftp.storbinary("STOR job.ps", io.BytesIO(BINARY))
    with job.session() as ftp:
        for command in ("SIZE", "MDTM", "MLST", "RNFR", "DELE", "MFMT 20260102030405"):
            assert ftp.say(f"{command} job.ps")[:3] == "550"
        assert ftp.say("REST 4096")[:3] == "501"
        assert ftp.nlst() == ["PORT1"]
    assert job.printed == [BINARY]
