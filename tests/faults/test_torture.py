"""
The torture in short, and the proof that it would see a gateway that lies.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from laboratory.faults.simulation.faults import FINISHING, FLOWING, WAITING
from laboratory.faults.torture.__main__ import certificate, main
from laboratory.faults.torture.case import cases
from laboratory.faults.torture.cells import CELLS, KINDS
from laboratory.faults.torture.laboratory import Laboratory
from laboratory.faults.torture.result import Result

pytestmark = pytest.mark.long

SEED = 1

PATIENCE = 40.0
"""Seconds for the next job instead of 5: the machine may be ten times slower than it should be."""


def torture(directory: Path, only: str, phase: str, count: int, saboteur: str = "") -> Result:
    """Some cases of one cell."""
    pair = certificate(directory) if only.startswith("TLS") else None
    laboratory = Laboratory(SEED, directory, pair, saboteur=saboteur, nextJobWithin=PATIENCE)
    return laboratory.run(only=only, phase=phase, count=count)


@pytest.mark.timeout(600)
def test_everyFaultOnce(tmp_path: Path) -> None:
    """Each kind of fault in each of its phases; the gateways survive, and tell the truth."""
    told: list[str] = []
    laboratory = Laboratory(
        SEED, tmp_path, certificate(tmp_path), told.append, nextJobWithin=PATIENCE
    )
    result = laboratory.run(count=len(CELLS))
    assert [f"{case}: {each}" for case, each in result.violations] == []
    # In which phase a fault comes is a matter of time on a slow machine; that it comes is not.
    hit = {each.case.kind.name for each in result.played if each.hit}
    assert sorted(set(KINDS) - hit) == []
    assert len(result.missing) < len(CELLS) / 10


SABOTEURS = [
    ("anyEndOfDataIsAnEnd", "data RST", FLOWING, "226 in spite of evidence"),
    ("earlyFINIsFine", "printer FIN early", FLOWING, "delivery level"),
    ("notWaitingForTheFIN", "printer RST after our FIN", FINISHING, "delivery level"),
    ("senderMayGo", "control FIN", FLOWING, "I5"),
    ("alwaysTransient", "printer RST", FLOWING, "reply class"),
    ("strangersMaySend", "thief", "logged in", "I2"),
    ("noTail", "data RST", FLOWING, "tail of a cut job"),
    ("turnIsNotHeld", "job in front cut", WAITING, "I3"),
    ("urgentBytesAreDropped", "urgent data", FLOWING, "I1"),
    ("aFINBehindQUITIsALoss", "QUIT and FIN", FLOWING, "false alarm"),
    ("helloIsPrinted", "TLS hello in clear", "logged in", "what is no print job"),
]
"""Who breaks the gateway (L{tests.faults.test_simulation} has them), and under which fault and by
which rule it is caught."""


@pytest.mark.parametrize(
    ("saboteur", "only", "phase", "rule"), SABOTEURS, ids=[each[0] for each in SABOTEURS]
)
def test_saboteurIsFound(saboteur: str, only: str, phase: str, rule: str, tmp_path: Path) -> None:
    """The laboratory sees what it is there for."""
    result = torture(tmp_path, only, phase, 8, saboteur)
    rules = {each.rule for _, each in result.violations}
    assert any(each.startswith(rule) for each in rules), rules


def test_aCaseIsDrawnTheSameAgain() -> None:
    """The seed decides; every cell comes once in each round."""
    first, again = cases(7), cases(7)
    drawn = [next(first) for _ in range(2 * len(CELLS))]
    assert [next(again) for _ in drawn] == drawn
    once = sorted((case.kind.name, case.phase) for case in drawn[: len(CELLS)])
    assert once == sorted(CELLS)


def test_emptyCellsAreSaid() -> None:
    """A run that has done nothing has hit nothing."""
    assert Result(SEED).missing == CELLS


def test_aCellThatMeansNothingIsRefused(tmp_path: Path) -> None:
    """An active data connection is not refused before login."""
    with pytest.raises(ValueError, match="means nothing"):
        torture(tmp_path, "active refused", "connected", 1)


def test_commandLine(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The figures, the page and the exit status."""
    figures, page = tmp_path / "figures.json", tmp_path / "page.rst"
    words = ["--only", "QUIT", "--jobs", "14", "--json", str(figures), "--table", str(page)]
    assert main(words) in (0, 2)
    assert "violations: none" in capsys.readouterr().out
    told = json.loads(figures.read_text())
    assert told["seed"] == 1 and told["jobs"] >= 14 and told["violations"] == []
    assert told["gateways"][0]["files"][0] == told["gateways"][0]["files"][1]
    assert "   * - QUIT" in page.read_text()
