"""
What the system says of processes (Linux, proc(5)).
"""

from __future__ import annotations

import os
import re
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def family(pid: int) -> list[int]:
    """The process and all its descendants."""
    found = [pid]
    for each in found:
        try:
            for task in os.listdir(f"/proc/{each}/task"):
                text = Path(f"/proc/{each}/task/{task}/children").read_text()
                found += [int(child) for child in text.split()]
        except OSError:
            continue  # it has just ended
    return found


def cpuSeconds(pid: int) -> float:
    """
    Processor time, user and system, of a process, its descendants, and those which they waited for.

    Of running threads to the nanosecond (schedstat), of ended children in clock ticks of 10 ms.
    """
    return sum(_own(each) for each in family(pid))


def _own(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        user, system, childUser, childSystem = (int(each) / _TICKS for each in fields[11:15])
        exact = _threads(pid)
    except OSError:
        return 0.0
    return (user + system if exact is None else exact) + childUser + childSystem


def _threads(pid: int) -> float | None:
    # A thread that has ended is missing here; the servers measured keep theirs.
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        try:
            total += int(Path(f"/proc/{pid}/task/{task}/schedstat").read_text().split()[0])
        except (OSError, IndexError):
            return None
    return total / 1e9


def resident(pid: int) -> int:
    """Bytes of memory that a process has now (VmRSS)."""
    return _status(pid, "VmRSS")


def residentPeak(pid: int) -> int:
    """Bytes of memory that a process had at most (VmHWM)."""
    return _status(pid, "VmHWM")


def forgetPeak(pid: int) -> None:
    """Let L{residentPeak} begin anew."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def proportional(pid: int) -> int:
    """Bytes of memory of a process and its descendants, shared pages divided (PSS)."""
    total = 0
    for each in family(pid):
        text = Path(f"/proc/{each}/smaps_rollup").read_text()
        total += _kilobytes(text, "Pss")
    return total


def _status(pid: int, field: str) -> int:
    return _kilobytes(Path(f"/proc/{pid}/status").read_text(), field)


def _kilobytes(text: str, field: str) -> int:
    found = re.search(rf"^{field}:\s+(\d+) kB$", text, re.MULTILINE)
    if found is None:
        raise RuntimeError(f"{field} is not in {text!r}")
    return int(found[1]) * 1024
