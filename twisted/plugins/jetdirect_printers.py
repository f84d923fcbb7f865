"""
The kinds of printers that jetdirect brings along, offered the way anybody else's are.
"""

from jetdirect.transports.scheme import PrinterScheme

_STREAM_OPTIONS = {
    "finish-timeout": "seconds to wait for the printer's close after it took every byte (90)",
    "early-close": "ok: the printer may close before the end of the job (refused)",
    "waiteof": "off: do not wait for the printer's close, it never comes (on)",
    "half-close": "off: the printer loses the end of a job when we end our direction (on)",
}

socket = PrinterScheme(
    "socket", "socket://printer:9100", "jetdirect.transports.socket.fromURI", _STREAM_OPTIONS
)

endpoint = PrinterScheme(
    "endpoint",
    "endpoint:tls:host=printer:port=9100",
    "jetdirect.transports.socket.fromEndpoint",
    _STREAM_OPTIONS,
)

file = PrinterScheme("file", "file:///var/spool/jobs", "jetdirect.transports.file.fromURI")

parallel = PrinterScheme("parallel", "parallel:/dev/lp0", "jetdirect.transports.parallel.fromURI")
