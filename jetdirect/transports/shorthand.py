"""
What people type instead of a device URI: a device file, or a host and perhaps its port.
"""

from __future__ import annotations

import os
import re
import stat

_HOST = re.compile(r"(?:\[[^\]/?#@]+\]|[\w-][\w.-]*)(?::\d+)?(?:\?[^#]*)?", re.ASCII)

_SCHEMES_BY_MAJOR = {6: "parallel", 180: "usb"}
"""Major numbers of character devices (Linux, Documentation/admin-guide/devices.txt)."""

_SERIAL_MAJORS = {4, 166, 188, 204, *range(136, 144)}
"""ttyS, ttyACM, ttyUSB, ttyAMA and other UARTs, pseudo terminals."""

_SCHEMES_BY_NAME = {
    r"/dev/(lp|parport)\d+": "parallel",
    r"/dev/usb/lp\d+": "usb",
    r"/dev/(tty\w+|serial/.+|rfcomm\d+|pts/\d+)": "serial",
}
"""For a device that is not there now."""


def spelledOut(text: str) -> str:
    """
    The device URI that is meant: C{/dev/lp0} is C{parallel:/dev/lp0}, C{printer:9101} is
    C{socket://printer:9101}; what is none of the two stays as it is.

    @raise ValueError: a device of no known kind; the message says what to write.
    """
    if text.startswith("/dev/"):
        device, mark, options = text.partition("?")
        return f"{_kind(device)}:{device}{mark}{options}"
    return f"socket://{text}" if _HOST.fullmatch(text) else text


def schemeOfDevice(device: str) -> str | None:
    """
    The scheme for a device that is there, by its number; L{None}: it is not there, or no printer is
    known to have that number.
    """
    try:
        found = os.stat(device)
    except OSError:
        return None
    major = os.major(found.st_rdev) if stat.S_ISCHR(found.st_mode) else 0
    return "serial" if major in _SERIAL_MAJORS else _SCHEMES_BY_MAJOR.get(major)


def _kind(device: str) -> str:
    scheme = schemeOfDevice(device)
    for name, known in _SCHEMES_BY_NAME.items():
        if scheme is None and re.fullmatch(name, device):
            scheme = known
    if scheme is None:
        known = f"parallel:{device}, usb:{device} or serial:{device}"
        raise ValueError(f"what kind of a printer is at {device}? write {known}")
    return scheme
