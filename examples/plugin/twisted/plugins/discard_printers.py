"""
Found by every gateway that has this folder on its path; imported whenever plugins are listed, so
that it names the transport without importing it.
"""

from jetdirect.options import size, uriOption
from jetdirect.transports.scheme import PrinterScheme

discard = PrinterScheme(
    "discard",
    "discard:",
    "jetdirect_discard.fromURI",
    [uriOption("jam-after", "bytes of a job after which the printer is lost", size, None, "never")],
)
