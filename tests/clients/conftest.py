"""
One service for all tests of a run.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.printservice import PrintService


@pytest.fixture(scope="package")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrintService]:
    """A gateway with every kind of listener, and its printer."""
    directory: Path = tmp_path_factory.mktemp("service")
    with PrintService(directory) as one:
        yield one
