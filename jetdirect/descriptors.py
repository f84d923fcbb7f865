"""
How many files and connections the process may have open, and how many its sessions want.
"""

from __future__ import annotations

import resource

A_SESSION = 6
"""What a session with a job has open at most: control connection, passive port, data connection,
printer connection, and both ends of the pipe between the last two (counted)."""

BESIDES = 200
"""Connections that have no session, 64 that end and 64 that have not begun; and the process's
own: log, listeners, what it asks printers (chosen)."""


def reserve(sessions: int, others: int = 0) -> str:
    """
    Let the process open what its sessions want, as far as the system lets it without rights.

    @param sessions: how many there may be at a time.
    @param others: further connections that there may be.
    @return: what the operator is to know: that the limit is too low; or nothing.
    """
    wanted = A_SESSION * sessions + BESIDES + others
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    if soft == unlimited or soft >= wanted:
        return ""
    allowed = wanted if hard == unlimited else min(wanted, hard)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    except (OSError, ValueError):  # a limit of the kernel's own
        allowed = soft
    if allowed == wanted:
        return ""
    return (
        f"{sessions} sessions may want {wanted} files and connections at a time, and the system"
        f" gives {allowed}; raise that (LimitNOFILE=, ulimit -Hn), or lower --max-sessions"
    )
