"""
A whole run: gateways, lanes, cases; from a seed to what was violated.
"""

from __future__ import annotations

import contextlib
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.support.modes import hasIPv6

from ..invariants import Violation
from .case import Case, cases
from .cells import CELLS, GATEWAYS, KINDS, MORTAL, PATIENT
from .gateway import TortureGateway
from .gatewayrun import LANES, GatewayRun, MortalRun
from .lane import NEXT_JOB_WITHIN, Lane, Played
from .printer import TorturePrinter
from .result import Result
from .standstill import Standstill

SLOW = 8.0
"""Seconds after which a case is worth a word, though nothing is wrong with it."""

JOBS_PER_CASE = 1.8
"""Uploads of a case, the next job and others that it takes included (measured)."""


class Laboratory:
    """One run."""

    def __init__(
        self,
        seed: int,
        directory: Path,
        certificate: Path | None = None,
        tell: Callable[[str], None] = lambda _: None,
        saboteur: str = "",
        nextJobWithin: float = NEXT_JOB_WITHIN,
        copying: bool = False,
    ) -> None:
        """
        @param certificate: for TLS, a PEM file.
        @param tell: hears of violations and of progress.
        @param saboteur: a function of L{tests.faults.test_simulation} that breaks the gateways.
        @param nextJobWithin: seconds for the next job, once the fault is over.
        @param copying: no byte stays inside the kernel on its way to the printer.
        """
        self.result = Result(seed)
        self._directory = directory
        self._certificate = certificate
        self._tell = tell
        self._saboteur = saboteur
        self._nextJobWithin = nextJobWithin
        self._copying = copying
        self._lock = threading.Lock()
        self._printers: list[TorturePrinter] = []
        self._began = self._told = time.monotonic()
        self._until: float | None = None

    def run(
        self,
        jobs: int = 0,
        only: str | None = None,
        phase: str | None = None,
        number: int | None = None,
        count: int = 0,
        seconds: float | None = None,
    ) -> Result:
        """
        Play cases until so many jobs were sent.

        @param only: this kind of fault; C{phase}: this phase; C{number}: this case.
        @param count: exactly so many cases instead.
        @param seconds: no case begins later than that.
        """
        self._until = None if seconds is None else self._began + seconds
        self.result.wanted = [
            cell for cell in CELLS if only in (None, cell[0]) and phase in (None, cell[1])
        ]
        self._standstill = Standstill()
        drawn = cases(self.result.seed, only, phase, self._certificate is not None)
        try:
            if number is not None:
                self._play([next(case for case in drawn if case.number == number)])
            elif count:
                self._play([next(drawn) for _ in range(count)])
            else:
                self._manyJobs(drawn, jobs)
        finally:
            self._standstill.stop()
            for each in self._printers:
                each.stop()
        self.result.seconds = time.monotonic() - self._began
        return self.result

    def _manyJobs(self, drawn: Iterator[Case], jobs: int) -> None:
        batch = [next(drawn) for _ in range(max(1, int(jobs / JOBS_PER_CASE)))]
        self._play(batch, lambda: jobs - self.result.jobs, drawn)

    def _play(
        self,
        batch: list[Case],
        missing: Callable[[], int] = lambda: 0,
        drawn: Iterator[Case] | None = None,
    ) -> None:
        with contextlib.ExitStack() as stack:
            gateways = {case.gateway for case in batch}
            if drawn is not None:
                gateways = {
                    gateway for kind, _ in self.result.wanted for gateway in KINDS[kind].gateways
                }
            runs = {name: self._runOf(name, stack) for name in GATEWAYS if name in gateways}
            while batch:
                self._share(runs, batch)
                batch = []
                lacking = missing()
                if lacking > 0 and drawn is not None and not self._late():
                    batch = [next(drawn) for _ in range(int(lacking / JOBS_PER_CASE) + 1)]
            for run in runs.values():
                run.finish()

    def _runOf(self, name: str, stack: contextlib.ExitStack) -> GatewayRun:
        hosts = ["127.0.0.1"] * 3 + (["::1"] if hasIPv6() else [])
        printers = [TorturePrinter(hosts[n % len(hosts)]) for n in range(LANES[name])]
        self._printers += printers
        lanes = [
            Lane(n, printer, self._standstill, self._nextJobWithin)
            for n, printer in enumerate(printers, 1)
        ]
        directory = self._directory / name
        self._sabotage(directory)
        if name == PATIENT:
            self._hurry(directory)

        def build(drain: float | None = None) -> TortureGateway:
            more = {} if drain is None else {"drain": drain}
            return TortureGateway(
                directory, name, printers, self._certificate, self._copying, **more
            )

        run: GatewayRun = (
            MortalRun(self, lanes, build) if name == MORTAL else GatewayRun(self, lanes, build)
        )
        stack.callback(run.stop)
        return run

    def _sabotage(self, directory: Path) -> None:
        # twistd imports every plugin below its directory before it makes the gateway.
        if not self._saboteur:
            return
        place = directory / "twisted" / "plugins"
        place.mkdir(parents=True)
        (place / "saboteur.py").write_text(
            f"import sys\nsys.path.append({str(Path(__file__).parents[3])!r})\n"
            "import pytest\n"
            "from tests.faults.test_simulation import ALL_SABOTEURS\n"
            "known = {each[0].__name__: each[0] for each in ALL_SABOTEURS}\n"
            f"known[{self._saboteur!r}](pytest.MonkeyPatch())\n"
        )

    def _hurry(self, directory: Path) -> None:
        # A minute's silence in a second, for what happens to connections that are silent for long.
        place = directory / "twisted" / "plugins"
        place.mkdir(parents=True, exist_ok=True)
        probes = "from jetdirect.net import tuning\n\ntuning.KEEPALIVE = (1, 1, 30)\n"
        (place / "hurried.py").write_text(probes)

    def _share(self, runs: dict[str, GatewayRun], batch: list[Case]) -> None:
        for name, run in runs.items():
            run.begin([case for case in batch if case.gateway == name])
        for run in runs.values():
            run.wait()

    def late(self) -> bool:
        """Is it too late to begin a case?"""
        return self._late()

    def _late(self) -> bool:
        return self._until is not None and time.monotonic() > self._until

    def ended(self, played: Played) -> None:
        """A case has come to its end."""
        with self._lock:
            self.result.played.append(played)
            if played.seconds > SLOW:
                self._tell(f"{played.case}: took {played.seconds:.1f} s")
            for each in played.violations:
                self._tell(f"{played.case}\n    {each}")
            now = time.monotonic()
            if now - self._told > 10:
                self._told = now
                seconds = now - self._began
                jobs = self.result.jobs
                self._tell(f"{jobs} jobs in {seconds:.0f} s, {jobs / seconds:.1f}/s")

    def failed(self, case: Case) -> None:
        """A case could not be played to its end: no gateway's fault."""
        self.general("oddity", f"{case}: the laboratory itself failed: {traceback.format_exc()}")

    def general(self, rule: str, text: str) -> None:
        """Something is wrong with a gateway as a whole."""
        with self._lock:
            self.result.general.append(Violation(rule, text))
            self._tell(f"{rule}: {text}")


def say(text: str) -> None:
    """To the terminal, at once."""
    print(text, file=sys.stderr, flush=True)
