"""
What printers on parallel ports and USB say of themselves: five status lines and a device ID (IEEE
1284).  Pure functions.
"""

from __future__ import annotations

import re

from ..interfaces import PrinterStatus

NOT_BUSY, NO_ACK, PAPER_END, SELECTED, NO_ERROR = 0x80, 0x40, 0x20, 0x10, 0x08
"""The bits of C{LPGETSTATUS} (linux/lp.h).  USB printers have the last three only (USB Printer
Class 1.1, section 4.2.2)."""


def statusOfLines(lines: int, model: str = "") -> PrinterStatus:
    """
    What the status lines mean.

    @param lines: what C{LPGETSTATUS} gave.
    """
    reasons = []
    if lines & PAPER_END:
        reasons.append("media-empty")
    if not lines & SELECTED:
        reasons.append("offline")
    if not lines & NO_ERROR and not reasons:
        reasons.append("other")
    return PrinterStatus("stopped" if reasons else "idle", tuple(reasons), model)


def fieldsOf(deviceID: str) -> dict[str, str]:
    """
    The fields of a device ID, by their short names.

    @param deviceID: such as C{MFG:HP;MDL:LaserJet 4000;CMD:PJL,PCL,POSTSCRIPT;}, without the two
        bytes of its length.
    """
    long = {"MANUFACTURER": "MFG", "MODEL": "MDL", "COMMAND SET": "CMD", "SERIALNUMBER": "SN"}
    pairs = re.findall(r"([^:;]+):([^;]*)(?:;|\Z)", deviceID)
    fields = {name.strip().upper(): value.strip() for name, value in pairs}
    short = {long.get(name, name): value for name, value in fields.items()}
    if "SN" not in short and "SERN" in short:
        short["SN"] = short["SERN"]
    return short


def modelOf(deviceID: str) -> str:
    """Maker and model of a device ID, or C{""}; makers who repeat their name say it once."""
    fields = fieldsOf(deviceID)
    maker, model = fields.get("MFG", ""), fields.get("MDL", "")
    if model.lower().startswith(maker.lower()):
        return model
    return f"{maker} {model}".strip()
