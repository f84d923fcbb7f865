"""
The kinds of printers that jetdirect brings along, offered the way anybody else's are.
"""

from jetdirect.transports.scheme import PrinterScheme

_STREAM_OPTIONS = {
    "finish-timeout": "seconds to wait for the printer's close after it took every byte (90)",
    "early-close": "ok: the printer may close before the end of the job (refused)",
    "waiteof": "off: do not wait for the printer's close, it never comes (on)",
    "half-close": "off: the printer loses the end of a job when we end our direction (on)",
    "splice": "off: copy the bytes also where the kernel could pass them on (on)",
    "pjl": "on: the printer speaks PJL; ask it how it is, and when a job is done (off)",
}

socket = PrinterScheme(
    "socket", "socket://printer:9100", "jetdirect.transports.socket.fromURI", _STREAM_OPTIONS
)

_TLS_OPTIONS = {
    "tls": "any: trust every certificate (verify)",
    "tls-ca": "a PEM file with the certificates to trust (those of the system)",
}

socketTLS = PrinterScheme(
    "socket+tls",
    "socket+tls://printer:9143",
    "jetdirect.transports.socket.fromURI",
    {**_STREAM_OPTIONS, **_TLS_OPTIONS},
)

endpoint = PrinterScheme(
    "endpoint",
    "endpoint:tls:host=printer:port=9100",
    "jetdirect.transports.socket.fromEndpoint",
    _STREAM_OPTIONS,
)

file = PrinterScheme(
    "file",
    "file:///var/spool/jobs",
    "jetdirect.transports.file.transport.fromURI",
    {"append": "on: the path is a file, and every job is appended to it (off)"},
)

parallel = PrinterScheme("parallel", "parallel:/dev/lp0", "jetdirect.transports.parallel.fromURI")

serial = PrinterScheme(
    "serial",
    "serial:/dev/ttyS0?baud=9600&flow=soft",
    "jetdirect.transports.serial.fromURI",
    {
        "baud": "bits per second (9600)",
        "bits": "7 or 8 (8)",
        "parity": "none, even, odd, space or mark (none)",
        "stop": "1 or 2 stop bits (1)",
        "flow": "soft: XON/XOFF; hard: RTS/CTS (none)",
        "finish-timeout": "seconds without progress after which the end of a job is lost (90)",
    },
)

lpd = PrinterScheme(
    "lpd",
    "lpd://printserver/queue",
    "jetdirect.transports.lpd.transport.fromURI",
    {
        "finish-timeout": "seconds to wait for an acknowledgement (90)",
        "order": "data,control: the control file follows the data file (control,data)",
        "reserve": "any or rfc1179: connect from a port below 1024, which needs rights (off)",
        "format": "a letter of RFC 1179 for what the data is said to be (l: as it is)",
        "banner": "on: ask the server for a page with the user's name before each job (off)",
        "spool-limit": "bytes of a job whose size the sender did not announce (1G)",
    },
    login=("user",),
)

_LOGIN = ("user", "password")

_IPP_OPTIONS = {
    "finish-timeout": "seconds to wait until the job is printed, and so confirmed (90)",
    "waitjob": "off: do not wait until it is printed (on)",
    "format": "the MIME type that the printer is told (it finds out)",
}

ipp = PrinterScheme(
    "ipp",
    "ipp://printer/ipp/print",
    "jetdirect.transports.ipp.transport.fromURI",
    _IPP_OPTIONS,
    login=_LOGIN,
)

ipps = PrinterScheme(
    "ipps",
    "ipps://printer/ipp/print",
    "jetdirect.transports.ipp.transport.fromURI",
    {
        **_IPP_OPTIONS,
        **_TLS_OPTIONS,
    },
    login=_LOGIN,
)

usb = PrinterScheme(
    "usb",
    "usb:/dev/usb/lp0",
    "jetdirect.transports.usb.transport.fromURI",
    {
        "serial": "of a printer named usb://MAKE/MODEL (any)",
        "interface": "of a printer named usb://MAKE/MODEL, as CUPS writes it (any)",
        "bidir": "off: never listen to the printer or ask it how it is (on)",
        "close-delay": "seconds between the last byte of a job and the end of the connection (0)",
    },
)
