"""
The kinds of printers that jetdirect brings along, offered the way anybody else's are: what stands
before the colon, and what may follow the question mark.
"""

import re

from jetdirect.options import Option, count, oneOf, seconds, size, switch, uriOption
from jetdirect.transports.ending import FINISH_TIMEOUT
from jetdirect.transports.ipp.rfc8011 import mimeType
from jetdirect.transports.lpd.rfc1179 import formatOf, sourcePorts
from jetdirect.transports.scheme import PrinterScheme


def _finishTimeout(what: str) -> Option:
    return uriOption("finish-timeout", f"seconds {what}", seconds, FINISH_TIMEOUT)


def _interface(text: str) -> int:
    if not re.fullmatch(r"\d{1,3}", text, re.ASCII):
        raise ValueError("give its number, such as 1")
    return int(text)


_STREAM_OPTIONS = (
    _finishTimeout("to wait for the printer's close after it took every byte"),
    uriOption(
        "early-close",
        "ok: the printer may close before the end of the job",
        oneOf(["ok"]),
        otherwise="refused",
    ),
    uriOption("waiteof", "off: do not wait for the printer's close, it never comes", switch, True),
    uriOption(
        "half-close",
        "off: the printer loses the end of a job when we end our direction",
        switch,
        True,
    ),
    uriOption(
        "splice", "off: copy the bytes also where the kernel could pass them on", switch, True
    ),
    uriOption(
        "pjl",
        "on: the printer speaks PJL; ask it how it is, and when a job is done",
        switch,
        False,
    ),
)

socket = PrinterScheme(
    "socket", "socket://printer:9100", "jetdirect.transports.socket.fromURI", _STREAM_OPTIONS
)

_TLS_OPTIONS = (
    uriOption("tls", "any: trust every certificate", oneOf(["verify", "any"]), "verify"),
    uriOption(
        "tls-ca",
        "a PEM file with the certificates to trust",
        otherwise="those of the system",
        path=True,
    ),
)

socketTLS = PrinterScheme(
    "socket+tls",
    "socket+tls://printer:9143",
    "jetdirect.transports.socket.fromURI",
    (*_STREAM_OPTIONS, *_TLS_OPTIONS),
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
    (
        uriOption(
            "append", "on: the path is a file, and every job is appended to it", switch, False
        ),
    ),
)

parallel = PrinterScheme("parallel", "parallel:/dev/lp0", "jetdirect.transports.parallel.fromURI")

serial = PrinterScheme(
    "serial",
    "serial:/dev/ttyS0?baud=9600&flow=soft",
    "jetdirect.transports.serial.fromURI",
    (
        uriOption("baud", "bits per second", count, 9600),
        uriOption("bits", "7 or 8", oneOf("78"), "8"),
        uriOption(
            "parity",
            "none, even, odd, space or mark",
            oneOf(["none", "even", "odd", "space", "mark"]),
            "none",
        ),
        uriOption("stop", "1 or 2 stop bits", oneOf("12"), "1"),
        uriOption(
            "flow",
            "soft: XON/XOFF; hard: RTS/CTS",
            oneOf(["none", "soft", "hard", "rtscts"]),
            "none",
        ),
        _finishTimeout("without progress after which the end of a job is lost"),
    ),
)

lpd = PrinterScheme(
    "lpd",
    "lpd://printserver/queue",
    "jetdirect.transports.lpd.transport.fromURI",
    (
        _finishTimeout("to wait for an acknowledgement"),
        uriOption(
            "order",
            "data,control: the control file follows the data file",
            oneOf(["control,data", "data,control"]),
            "control,data",
        ),
        uriOption(
            "reserve",
            "any or rfc1179: connect from a port below 1024, which needs rights",
            sourcePorts,
            (),
            "off",
        ),
        uriOption(
            "format",
            "a letter of RFC 1179 for what the data is said to be",
            formatOf,
            "l",
            "l: as it is",
        ),
        uriOption(
            "banner",
            "on: ask the server for a page with the user's name before each job",
            switch,
            False,
        ),
        uriOption(
            "spool-limit",
            "bytes of a job whose size the sender did not announce",
            size,
            2**30,  # room for any page, not for a disk (chosen)
        ),
    ),
    login=("user",),
)

_LOGIN = ("user", "password")

_IPP_OPTIONS = (
    _finishTimeout("to wait until the job is printed, and so confirmed"),
    uriOption("waitjob", "off: do not wait until it is printed", switch, True),
    uriOption("format", "the MIME type that the printer is told", mimeType, "", "it finds out"),
)

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
    (*_IPP_OPTIONS, *_TLS_OPTIONS),
    login=_LOGIN,
)

usb = PrinterScheme(
    "usb",
    "usb:/dev/usb/lp0",
    "jetdirect.transports.usb.transport.fromURI",
    (
        uriOption("serial", "of a printer named usb://MAKE/MODEL", str, "", "any"),
        uriOption(
            "interface",
            "of a printer named usb://MAKE/MODEL, as CUPS writes it",
            _interface,
            otherwise="any",
        ),
        uriOption("bidir", "off: never listen to the printer or ask it how it is", switch, True),
        uriOption(
            "close-delay",
            "seconds between the last byte of a job and the end of the connection",
            seconds,
            0.0,
        ),
    ),
)
