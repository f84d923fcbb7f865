"""
A spool as many programs have it: written beside, and renamed into its place; nothing is synced.
"""

from __future__ import annotations

import hashlib
import os
from random import Random

from ..kept.rules import Found, Standing, Where
from . import kernel
from .subject import Digest, Draw, Note


class Naive:
    """A L{laboratory.power.subject.Subject} that must fail, else the laboratory proves nothing."""

    def prepare(self, directory: str) -> None:
        os.mkdir(f"{directory}/tmp")
        os.mkdir(f"{directory}/queue")
        kernel.run("sync", "-f", directory)

    def work(self, directory: str, note: Note, draw: Draw, seed: int, jobs: int) -> None:
        dice = Random(seed)
        for number in range(1, jobs + 1):
            data = draw(dice)
            note(number, number=number, sha256=hashlib.sha256(data).hexdigest())
            with open(f"{directory}/tmp/{number}", "xb") as file:
                file.write(data)
            os.rename(f"{directory}/tmp/{number}", f"{directory}/queue/{number}")
            note(number, taken=True)
            if number % 5 == 0:  # somebody else on this machine is careful with a file of theirs
                with open(f"{directory}/neighbour", "ab") as file:
                    os.fsync(file.fileno())

    def look(self, directory: str, digest: Digest) -> Found:
        found = Found()
        for name in os.listdir(f"{directory}/queue"):
            found.jobs.append(
                Standing(int(name), Where.WAITING, digest(f"{directory}/queue/{name}"))
            )
        return found
