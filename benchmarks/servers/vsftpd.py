"""
vsftpd, which stores the job, and a hook that prints it: C{nc}, started when the upload is there.
"""

from __future__ import annotations

import os
import re
import resource
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.process import module
from benchmarks.servers.server import Server, freePort, program

_CONFIGURATION = """\
listen=YES
listen_address=127.0.0.1
listen_port={port}
background=NO
run_as_launching_user={user}
anonymous_enable=YES
ftp_username=nobody
anon_root={root}
anon_upload_enable=YES
anon_other_write_enable=YES
anon_umask=022
write_enable=YES
no_anon_password=YES
xferlog_enable=YES
xferlog_file={place}/xferlog
vsftpd_log_file={place}/vsftpd.log
secure_chroot_dir={root}
seccomp_sandbox=NO
max_clients=0
max_per_ip=0
"""


class Vsftpd(Server):
    """Its CPU is that of all its processes and of C{nc}."""

    name = "vsftpd + hook nc"
    settings = "anonymous upload to a tmpfs, nc -N started at once, its end is the job's"
    packages = "apt-get install vsftpd netcat-openbsd"
    jobName = "jobs/job.prn"

    def __init__(self, place: Path, sinks: Sequence[int]) -> None:
        port = freePort()
        self._nc, self._sink = program("nc"), sinks[0]
        root = place / "root"
        self._job = root / "jobs" / "job.prn"
        self._job.parent.mkdir(parents=True)
        self._job.parent.chmod(0o777)
        for each in (root, place, *place.parents):
            if each.stat().st_uid == os.getuid() and each != Path("/"):
                each.chmod(each.stat().st_mode | 0o055)
        root.chmod(0o555)
        text = _CONFIGURATION.format(
            port=port, root=root, place=place, user="NO" if os.getuid() == 0 else "YES"
        )
        (place / "vsftpd.conf").write_text(text)
        found = program("vsftpd")
        assert found is not None
        command = module("benchmarks.reaper", found, str(place / "vsftpd.conf"))
        super().__init__(command, place, port)

    @classmethod
    def version(cls) -> str | None:
        found = program("vsftpd")
        if found is None or program("nc") is None:
            return None
        # It says its version on its standard input, of all places.
        read, write = os.pipe()
        with os.fdopen(read, "rb") as answer:
            subprocess.run([found, "-v"], stdin=write, stderr=write, stdout=write)
            os.close(write)
            version = re.search(rb"version ([\d.]+)", answer.read())
        return version[1].decode() if version else "unknown version"

    def afterUpload(self) -> tuple[float, int]:
        assert self._nc is not None
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        with self._job.open("rb") as job:
            subprocess.run([self._nc, "-N", "127.0.0.1", str(self._sink)], stdin=job, check=True)
        ended = time.monotonic_ns()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self._job.unlink()
        user, system = after.ru_utime - before.ru_utime, after.ru_stime - before.ru_stime
        return user + system, ended
