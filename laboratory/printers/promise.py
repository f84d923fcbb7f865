"""
What must hold of every cell of the table.
"""

from __future__ import annotations

from laboratory.printers.row import NOTHING, WHOLE, Row

#: Milliseconds; a turn that takes as long is felt by somebody at the control connection.
LONGEST_TURN = 100.0


def broken(row: Row) -> list[str]:
    """
    What a reply promised that is not so, in words.
    """
    said = []
    if row.reply.startswith("2") and row.reached != WHOLE:
        said.append(f"{row.reply!r}, and the printer had {row.reached}")
    if row.reply.startswith("4") and not cut(row) and not row.reached.startswith(NOTHING):
        said.append(f"{row.reply!r}, though the printer had {row.reached}")
    if row.reply.startswith("2") and not row.level:
        said.append(f"{row.reply!r} names no level of delivery")
    return said


def cut(row: Row) -> bool:
    """Was it the sender who ended the job?  426 makes no promise."""
    return row.reply.startswith("426")
