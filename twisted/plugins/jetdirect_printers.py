"""
The kinds of printers that jetdirect brings along, offered the way anybody else's are.
"""

from jetdirect.transports.scheme import PrinterScheme

socket = PrinterScheme(
    "socket",
    "socket://printer:9100",
    "jetdirect.transports.socket.fromURI",
    {
        "finish-timeout": "seconds to wait for the printer's close after it took every byte (90)",
        "early-close": "ok: the printer may close before the end of the job (refused)",
    },
)

file = PrinterScheme("file", "file:///var/spool/jobs", "jetdirect.transports.file.fromURI")
