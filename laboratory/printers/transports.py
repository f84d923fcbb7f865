"""
The transports of the table that need no special hardware, in its order.
"""

from __future__ import annotations

from laboratory.printers.stands.directory import DIRECTORY
from laboratory.printers.stands.fifo import FIFO
from laboratory.printers.stands.ipp import IPP
from laboratory.printers.stands.lpd import SPOOLED, STREAMED
from laboratory.printers.stands.serial import SERIAL
from laboratory.printers.stands.tcp import SOCKET, TLS

TRANSPORTS = (SOCKET, TLS, STREAMED, SPOOLED, IPP, SERIAL, DIRECTORY, FIFO)

#: Those that go over a network, whose cable only root can pull.
NETWORK = (SOCKET, TLS, STREAMED, SPOOLED, IPP)
