"""
A printer that dies in each phase of a kept job.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from jetdirect.spool.printing import Printing
from laboratory.kept.lost import Lost, Phase


def test_lost() -> None:
    """What had no byte prints, what had some is held, and is known; and each phase comes."""
    run = Lost(seed=1)
    run.run(60)
    assert run.wrong == [] and run.phases.keys() == {*Phase}


def _noHold(self: Printing, kept: Any, job: Any) -> Any:
    # What was lost in mid-job is tried again, as if nothing had been sent.
    if job.error is not None:
        job.error.printed = False
    return _settle(self, kept, job)


def _forgetful(self: Printing, kept: Any, record: Any, error: Any) -> Any:
    # Nobody counts what has left.
    return _judge(self, kept, record.but(sent=0), error)


_settle, _judge = Printing._settle, Printing.judge


@pytest.mark.parametrize(("name", "broken"), [("_settle", _noHold), ("judge", _forgetful)])
def test_found(monkeypatch: pytest.MonkeyPatch, name: str, broken: Callable[..., Any]) -> None:
    """A gateway that is broken on purpose is found."""
    monkeypatch.setattr(Printing, name, broken)
    run = Lost(seed=1)
    run.run(60)
    assert run.wrong
