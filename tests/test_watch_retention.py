"""
What a history keeps of the names of jobs.
"""

from __future__ import annotations

import pytest

from jetdirect.watch.retention import Names, Retention
from tests.support.records import job


@pytest.mark.parametrize(
    ("names", "name", "kept"),
    [
        (Names.KEEP, "invoice.ps", "invoice.ps"),
        (Names.MASK, "invoice.ps", "i***"),
        (Names.MASK, "i", "i***"),
        (Names.MASK, "", ""),
        (Names.OMIT, "invoice.ps", ""),
    ],
)
def test_names(names: Names, name: str, kept: str) -> None:
    """A masked name does not tell its length; nothing but the name is another one."""
    record = job(name=name)
    assert Retention(names=names).kept(record) == record._replace(name=kept)
