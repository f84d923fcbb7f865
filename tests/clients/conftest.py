"""
One shop for all tests of a run.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.shop import Shop


@pytest.fixture(scope="package")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A gateway with every kind of listener, and its printer."""
    directory: Path = tmp_path_factory.mktemp("shop")
    with Shop(directory) as one:
        yield one
