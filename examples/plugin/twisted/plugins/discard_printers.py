"""
Found by every gateway that has this folder on its path; imported whenever plugins are listed, so
that it names the transport without importing it.
"""

from jetdirect.transports.scheme import PrinterScheme

discard = PrinterScheme(
    "discard",
    "discard:",
    "jetdirect_discard.fromURI",
    {"jam-after": "bytes of a job after which the printer is lost (never)"},
)
