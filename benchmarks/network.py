"""
A network of our own, in which nothing but the loopback interface exists.

A system may be set to a congestion control that paces (bbr).  That is for long lines: on loopback
it costs a C splice loop 3.5 times the processor time and three quarters of its throughput
(measured), and every server as much, so the servers themselves hardly show.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
from pathlib import Path

_CONTROL = Path("/proc/sys/net/ipv4/tcp_congestion_control")
_LOSS_BASED = ("cubic", "reno")
_CLONE_NEWNET = 0x40000000
_SIOCSIFFLAGS = 0x8914
_IFF_UP = 1


def isolated() -> bool:
    """
    Move this process, and all that it will start, into a network namespace of its own.

    @return: whether that was allowed (root may).
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if os.geteuid() != 0 or libc.unshare(_CLONE_NEWNET) != 0:
        return False
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        # netdevice(7): name and flags of a struct ifreq.
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sH22x", b"lo", _IFF_UP))
    if _control() not in _LOSS_BASED:
        _CONTROL.write_text("reno")  # cubic is not allowed here unless the system allows it to all
    return True


def described() -> str:
    """One line on TCP as it is here."""
    control = _control()
    pacing = (
        "" if control in _LOSS_BASED else "; it paces, so that servers differ less: run as root"
    )
    return f"loopback only, TCP congestion control {control}{pacing}"


def _control() -> str:
    return _CONTROL.read_text().strip()
