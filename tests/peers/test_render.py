"""
What the printer received is still the same picture.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.clients import CLIENTS, Address
from tests.support.gateway import Gateway
from tests.support.p910nd import P910nd
from tests.support.pages import RENDERED, page, render


@pytest.mark.parametrize("name", RENDERED)
def test_printedPageLooksTheSame(name: str, tmp_path: Path) -> None:
    """
    A page that went through the gateway to p910nd draws the same picture as the original.
    """
    (tmp_path / name).write_bytes(page(name))
    with P910nd() as printer, Gateway(tmp_path, "--printer", printer.uri()) as gateway:
        result = CLIENTS["lftp"](Address(gateway.port), [tmp_path / name])
        assert result.code == 0, result.output
        received = printer.waitFor(len(page(name)))
    assert render(received, tmp_path) == render(page(name), tmp_path)
