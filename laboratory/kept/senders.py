"""
Senders by FTP that note what they are told, and send again when they were told nothing.
"""

from __future__ import annotations

import ftplib
import io
import re
import threading
import time
from random import Random

from .paper import HEAD, Pages, Sent

TAKEN = re.compile(
    r"^226 Transfer complete \((?:PORT|port)\d+, job (\d+), (\d+) bytes, (queued|delivered)\)$"
)
PATIENCE = 40.0
REFUSED = 0.05
"""Seconds until a sender that was refused sends another job."""


class Senders:
    """
    Threads that send until they are stopped.

    @ivar jobs: all that they sent.
    @ivar gateway: the TCP port of the gateway that lives; 0: none does.
    """

    def __init__(self, count: int, ports: int, pages: Pages, seed: int) -> None:
        self.jobs: list[Sent] = []
        self.gateway = 0
        self._pages = pages
        self._ports = ports
        self._stopping = False
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._send, args=(Random(f"{seed}/{each}"),), daemon=True)
            for each in range(count)
        ]
        for each in self._threads:
            each.start()

    def stop(self) -> None:
        """Let each end its job."""
        self._stopping = True
        for each in self._threads:
            each.join(PATIENCE)

    def _send(self, dice: Random) -> None:
        again: list[Sent] = []
        while not self._stopping:
            if not self.gateway:
                time.sleep(0.01)
            elif again and dice.random() < 0.5:
                job = again.pop()
                job.resent = True
                self._upload(job, dice)
            else:
                job = self._make(dice)
                self._upload(job, dice)
                if not job.taken and not job.refused and dice.random() < 0.7:
                    again.append(job)

    def _make(self, dice: Random) -> Sent:
        # The last port's printer is off; what goes there stays.
        port = self._ports if dice.random() < 0.04 else dice.randint(1, self._ports - 1)
        with self._lock:
            job = Sent(self._pages.make(len(self.jobs))[:HEAD], port)
            self.jobs.append(job)
        return job

    def _upload(self, job: Sent, dice: Random) -> None:
        data = self._pages.data(job.head)
        job.began = time.monotonic()
        try:
            with ftplib.FTP(timeout=PATIENCE) as ftp:
                ftp.connect("127.0.0.1", self.gateway)
                ftp.login()
                reply = ftp.storbinary(f"STOR PORT{job.port}/page.prn", io.BytesIO(data))
                job.replied = time.monotonic()
        except ftplib.error_temp as refused:
            # Of a job that was sent before only the second upload is refused.
            job.refused = not job.resent and not str(refused).startswith("421")
            time.sleep(REFUSED)
            return
        except ftplib.error_perm as refused:
            job.odd = str(refused)
            return
        except (OSError, EOFError, ftplib.Error):
            time.sleep(REFUSED)
            return
        told = TAKEN.match(reply.splitlines()[-1])
        if told is None or int(told[2]) != len(data):
            job.odd = reply
            return
        job.number, job.level, job.taken = int(told[1]), told[3], True
