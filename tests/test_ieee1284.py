"""
Status lines and device IDs.
"""

from __future__ import annotations

import pytest

from jetdirect.interfaces import PrinterStatus
from jetdirect.transports.ieee1284 import fieldsOf, modelOf, statusOfLines


@pytest.mark.parametrize(
    ("lines", "state", "reasons"),
    [
        (0xD8, "idle", ()),  # lp, measured
        (0x18, "idle", ()),  # usblp, measured
        (0x30, "stopped", ("media-empty",)),  # usblp without paper, measured
        (0x38, "stopped", ("media-empty",)),
        (0x08, "stopped", ("offline",)),
        (0x10, "stopped", ("other",)),
        (0x20, "stopped", ("media-empty", "offline")),
        (0x00, "stopped", ("offline",)),
    ],
)
def test_statusLines(lines: int, state: str, reasons: tuple[str, ...]) -> None:
    """Paper end, select and error are told in the words of RFC 8011."""
    assert statusOfLines(lines, "Acme") == PrinterStatus(state, reasons, "Acme")


@pytest.mark.parametrize(
    ("deviceID", "model"),
    [
        ("MFG:Acme;MDL:FakeJet 1;CMD:PJL,PCL;SN:12345;", "Acme FakeJet 1"),
        ("MANUFACTURER:Acme;MODEL:FakeJet 1;", "Acme FakeJet 1"),
        ("MFG:Hewlett-Packard;MDL:HP LaserJet 4000", "Hewlett-Packard HP LaserJet 4000"),
        ("MFG:EPSON;MDL:Epson LQ-590;", "Epson LQ-590"),
        ("mfg: Acme ; mdl: X ;", "Acme X"),
        ("MDL:X;", "X"),
        ("MFG:Acme;", "Acme"),
        ("no fields", ""),
        ("", ""),
    ],
)
def test_model(deviceID: str, model: str) -> None:
    """Maker and model, whatever their names, and the maker once."""
    assert modelOf(deviceID) == model


@pytest.mark.parametrize("name", ["SN", "SERN", "SERIALNUMBER"])
def test_serialNumber(name: str) -> None:
    """The serial number has several names."""
    assert fieldsOf(f"MFG:Acme;{name}:A:1;CMD:PJL;") == {
        "MFG": "Acme",
        "SN": "A:1",
        "CMD": "PJL",
        **({"SERN": "A:1"} if name == "SERN" else {}),
    }
