"""
Kill many clients with SIGKILL while they upload, and read what the server recorded:

    python -m laboratory.controls.killed --jobs 1000
    python -m laboratory.controls.killed --jobs 25 --server vsftpd

Half of them print on fast printers, as quickly as they can or in a trickle; half are held back by a
slow printer, if the server has printers. What counts is an upload whose client had not begun to
close its data connection: it was not whole, whatever the server's kernel had of it.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from laboratory.controls.killing import (
    Executioner,
    Kill,
    Stage,
    fast,
    held,
    killAll,
    outcome,
    trickled,
)
from laboratory.controls.ours import Ours
from laboratory.controls.probes import SERVERS
from laboratory.controls.server import End, Server
from laboratory.controls.table import place
from tests.support.behaviours import slow
from tests.support.certificate import selfSigned
from tests.support.packages import Missing
from tests.support.rawprinter import good

#: A printer of 13 MB/s (chosen): faster than most, slower than any client here.
_SLOW = slow(65536, 0.005)

#: Who prints at the printing ports of ours, all at the same time, and how many of all jobs. To kill
#: a client that is held back takes longer.
PLANS = [(fast, 1 / 4), (trickled, 1 / 4), *[(held, 1 / 8)] * 4]

#: The same for a server without printers.
_NOT_HELD = [(fast, 1 / 2), (trickled, 1 / 2)]

_MOMENTS = {
    Stage.SENDING: "killed in mid-upload",
    Stage.ASKING: "killed before the first byte of one",
    Stage.ENDED: "killed after the end of their data",
    Stage.TOLD: "killed after the reply",
}


@dataclass
class Toll:
    """
    What became of the clients.

    @ivar seconds: how long it took.
    @ivar outcomes: by the moment of the kill, then by what was recorded.
    @ivar kinds: those in mid-upload by the kind of client, then by what was recorded.
    @ivar answered: uploads that got a 226 before.
    @ivar anomalies: a line each: whatever should not be.
    """

    seconds: float = 0.0
    outcomes: dict[Stage, Counter[str]] = field(
        default_factory=lambda: {stage: Counter() for stage in _MOMENTS}
    )
    kinds: dict[str, Counter[str]] = field(default_factory=dict)
    answered: int = 0
    anomalies: list[str] = field(default_factory=list)

    @property
    def wrong(self) -> int:
        """Truncated uploads that are recorded as plainly complete."""
        return sum(self.outcomes[stage][End.COMPLETE] for stage in (Stage.ASKING, Stage.SENDING))

    @property
    def kills(self) -> int:
        """How many were killed."""
        return sum(counter.total() for counter in self.outcomes.values())

    def report(self) -> str:
        """A text about it."""
        lines = [f"{self.kills} killed in {self.seconds:.0f} s, {self.kills / self.seconds:.1f}/s"]
        for stage, counter in self.outcomes.items():
            lines.append(f"{_MOMENTS[stage]}: {counter.total()}")
            lines += [f"    {what}: {count}" for what, count in sorted(counter.items())]
            if stage is Stage.SENDING:
                lines += [f"    of these {how}: {_told(some)}" for how, some in self.kinds.items()]
        lines.append(f"uploads before them that got a 226: {self.answered}")
        lines += [f"anomaly: {each}" for each in self.anomalies]
        lines.append(f"truncated uploads recorded as complete: {self.wrong}")
        return "\n".join(lines)


def _told(counter: Counter[str]) -> str:
    return ", ".join(f"{count} {what}" for what, count in sorted(counter.items()))


def gateway(directory: Path, tls: bool, grace: float) -> tuple[Ours, str]:
    """
    Our server with the printers that L{PLANS} need.

    @return: also the certificate that clients trust, if there is TLS.
    """
    options = [f"--control-loss-grace={grace}"]
    certificate = str(selfSigned(directory)) if tls else ""
    if certificate:
        options += [f"--tls-certificate={certificate}", "--require-tls"]
    printers = [_SLOW if plan is held else good for plan, _ in PLANS]
    return Ours(directory, *options, printers=printers, keep=False), certificate


def execute(server: Server, jobs: int, seed: int, certificate: str = "") -> Toll:
    """
    Kill clients until C{jobs} of them were killed in mid-upload.
    """
    began = time.monotonic()
    plans = PLANS if isinstance(server, Ours) else _NOT_HELD
    shares = [round(jobs * part) for _, part in plans]
    shares[0] += jobs - sum(shares)

    def work(number: int) -> list[Kill]:
        if not shares[number]:
            return []
        directory = f"PORT{number + 1}" if isinstance(server, Ours) else ""
        with Executioner(server, directory, certificate) as executioner:
            return list(killAll(executioner, shares[number], f"k{number}x", plans[number][0], seed))

    with ThreadPoolExecutor(len(plans)) as pool:
        kills = [kill for some in pool.map(work, range(len(plans))) for kill in some]
    toll = Toll(time.monotonic() - began)
    for kill in kills:
        judge(server, kill, toll)
    return toll


def judge(server: Server, kill: Kill, toll: Toll) -> None:
    """Read what is recorded of one client, and add it to the C{toll}."""
    # Before an upload or after it there may be nothing to record.
    record = server.record(kill.name, 20 if kill.truncated else 0)
    what = outcome(kill, record)
    toll.outcomes[kill.stage][what] += 1
    if kill.truncated:
        toll.kinds.setdefault(kill.how, Counter())[what] += 1
    if not kill.alive:
        toll.anomalies.append(f"{kill.name}: the client ended by itself: {kill}")
    if "another size" in what:
        toll.anomalies.append(f"{kill.name}: {record}: {kill}")
    if kill.truncated and record is None:
        toll.anomalies.append(f"{kill.name}: no record: {kill}")
    for name, size in kill.answered.items():
        toll.answered += 1
        before = server.record(name)
        if before is None or before.end is not End.COMPLETE or before.bytes not in (size, None):
            toll.anomalies.append(f"{name}: got a 226 of {size} bytes, and is recorded: {before}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 1 if a truncated upload was recorded as complete, or anything is odd."""
    parser = argparse.ArgumentParser(
        prog="python -m laboratory.controls.killed",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--jobs", type=int, default=100, help="in mid-upload; default 100")
    parser.add_argument("--server", choices=SERVERS, default="ours")
    parser.add_argument("--tls", action="store_true", help="encrypted; ours only")
    parser.add_argument("--grace", type=float, default=0.0, help="--control-loss-grace; ours only")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    options = parser.parse_args(arguments)
    if options.server != "ours" and (options.tls or options.grace):
        parser.error("--tls and --grace are for our own server")
    with tempfile.TemporaryDirectory() as directory:
        server: Server
        certificate = ""
        try:
            if options.server == "ours":
                server, certificate = gateway(Path(directory), options.tls, options.grace)
            else:
                server = SERVERS[options.server](Path(directory))
        except Missing as why:
            print(f"absent: {why}", file=sys.stderr)
            return 2
        print(f"{server.title}{', TLS' * options.tls}, seed {options.seed}. {place()}", flush=True)
        with server:
            toll = execute(server, options.jobs, options.seed, certificate)
    print(toll.report())
    return int(bool(toll.wrong or toll.anomalies))


if __name__ == "__main__":
    sys.exit(main())
