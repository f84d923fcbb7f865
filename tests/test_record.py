"""
What others see of a job: when it is over, and what is left of it when its names were erased.
"""

from __future__ import annotations

import pytest

from jetdirect.record import ENDS, JobState
from tests.support.records import job


@pytest.mark.parametrize("state", JobState)
def test_ended(state: JobState) -> None:
    """RFC 8011 has three states that a job does not leave."""
    over = state.value in ("canceled", "aborted", "completed")
    assert job(state=state).ended is over
    assert (state in ENDS) is over


def test_erased() -> None:
    """Nothing that is left leads to a person; what accounting needs stays."""
    before = job(name="Anna's wedding.ps", reason="canceled by anna", sha256="1f")
    after = before.erased()
    left = str(after._asdict()).lower()
    assert "anna" not in left and "192.0.2.7" not in left and "1f" not in left
    changed = {name for name, value in after._asdict().items() if value != before._asdict()[name]}
    assert changed == {"name", "user", "host", "sha256", "reason"}


def test_frozen() -> None:
    """A record is a value: who looks on cannot change it."""
    with pytest.raises(AttributeError):
        job().bytes = 0  # type: ignore[misc]
