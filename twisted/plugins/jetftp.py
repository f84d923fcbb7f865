"""
The C{jetftp} word on twistd's command line.

Listing plugins imports this module, so it names L{jetdirect.tap} without importing it.
"""

from twisted.application.service import ServiceMaker

jetftp = ServiceMaker(
    "jetftp",
    "jetdirect.tap",
    "A print gateway: take jobs by FTP, hand them to printers on TCP port 9100.",
    "jetftp",
)
