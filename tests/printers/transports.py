"""
The transports of the table that need no special hardware, in its order.
"""

from __future__ import annotations

from tests.printers.stands.directory import DIRECTORY
from tests.printers.stands.fifo import FIFO
from tests.printers.stands.ipp import IPP
from tests.printers.stands.lpd import SPOOLED, STREAMED
from tests.printers.stands.serial import SERIAL
from tests.printers.stands.tcp import SOCKET, TLS

TRANSPORTS = (SOCKET, TLS, STREAMED, SPOOLED, IPP, SERIAL, DIRECTORY, FIFO)

#: Those that go over a network, whose cable only root can pull.
NETWORK = (SOCKET, TLS, STREAMED, SPOOLED, IPP)
