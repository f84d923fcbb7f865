"""
CUPS: cupsd with a raw queue whose printer is stopped, and C{lp}.
"""

from __future__ import annotations

import grp
import hashlib
import os
import pwd
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

from ..kept.rules import Found, Standing, Where
from . import kernel
from .subject import Digest, Draw, Note

PATIENCE = 30.0

_SERVER = """\
Listen {place}/sock
DefaultAuthType None
WebInterface No
Browsing No
LogLevel warn
<Policy default>
  <Limit All>
    Order deny,allow
    Allow all
  </Limit>
</Policy>
"""

_FILES = """\
ServerRoot {place}/etc
RequestRoot {place}/spool
TempDir {place}/spool/tmp
CacheDir {place}/cache
StateDir {place}/state
DataDir /usr/share/cups
ServerBin /usr/lib/cups
ErrorLog {place}/error_log
AccessLog {place}/access_log
PageLog {place}/page_log
User {user}
Group {group}
SystemGroup root
"""


class Cups:
    """
    A L{laboratory.power.subject.Subject}; its settings are the defaults.

    What is there after a crash is read from its files: a job needs a control file (C{c00001}) and
    its data (C{d00001-001}).
    """

    def prepare(self, directory: str) -> None:
        owner = pwd.getpwnam("lp").pw_uid
        for name in ("", "/etc", "/spool", "/spool/tmp", "/cache", "/state"):
            os.makedirs(f"{directory}/cups{name}", exist_ok=True)
            os.chown(f"{directory}/cups{name}", owner, -1)
        words = {"place": f"{directory}/cups", "user": "lp"}
        words["group"] = grp.getgrgid(pwd.getpwnam("lp").pw_gid).gr_name
        with open(f"{directory}/cups/cupsd.conf", "w") as file:
            file.write(_SERVER.format(**words))
        with open(f"{directory}/cups/cups-files.conf", "w") as file:
            file.write(_FILES.format(**words))
        with running(f"{directory}/cups") as host:
            queue = ["lpadmin", "-h", host, "-p", "raw", "-m", "raw", "-v", "socket://127.0.0.1:9"]
            subprocess.run([*queue, "-E"], check=True, capture_output=True)
            subprocess.run(["cupsdisable", "-h", host, "raw"], check=True, capture_output=True)
        kernel.run("sync", "-f", directory)

    def work(self, directory: str, note: Note, draw: Draw, seed: int, jobs: int) -> None:
        dice = Random(seed)
        with running(f"{directory}/cups") as host:
            for job in range(jobs):
                data = draw(dice) or b"x"  # lp refuses an empty job
                digest = hashlib.sha256(data).hexdigest()
                note(job, sha256=digest)
                done = subprocess.run(
                    ["lp", "-h", host, "-d", "raw", "-o", "raw"],
                    input=data,
                    check=True,
                    capture_output=True,
                )
                told = re.search(rb"raw-(\d+)", done.stdout)
                assert told is not None, done.stdout
                note(job, number=int(told[1]), taken=True)

    def look(self, directory: str, digest: Digest) -> Found:
        found = Found()
        spool = f"{directory}/cups/spool"
        for name in os.listdir(spool):
            if re.fullmatch(r"c\d{5,}", name) and os.path.getsize(f"{spool}/{name}"):
                number = int(name[1:])
                sha256 = digest(f"{spool}/d{number:05d}-001")
                found.jobs.append(Standing(number, Where.WAITING, sha256))
        return found


@contextmanager
def running(place: str) -> Iterator[str]:
    """A cupsd that was prepared, and the socket at which it listens."""
    words = ["setpriv", "--pdeathsig", "KILL", "cupsd", "-f"]
    words += ["-c", f"{place}/cupsd.conf", "-s", f"{place}/cups-files.conf"]
    daemon = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + PATIENCE
        while (
            subprocess.run(["lpstat", "-h", f"{place}/sock", "-r"], capture_output=True).stdout
            != b"scheduler is running\n"
        ):
            if daemon.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("cupsd does not start")
            time.sleep(0.05)
        yield f"{place}/sock"
    finally:
        daemon.terminate()  # it writes down now what it knows
        daemon.wait()
