"""
Real input for printers: pages made with Ghostscript, plain and with the bytes that careless code
spoils, and the way back from a page to its picture.
"""

from __future__ import annotations

import functools
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.support.debian import program

#: Leaves and enters a printer's job language (Universal Exit Language).
UEL = b"\x1b%-12345X"

#: What FTP, Telnet, text conversion and printers treat specially, in orders that matter.
TRAPS = b"".join(
    [
        b"\xff\xf4\xff\xf2",  # Telnet: IAC IP, IAC DM, as sent before ABOR
        b"\xff\xff\xff",
        b"\r\n\n\r\r\r\n\n\n\r",
        b"\r\0\0\n",
        UEL + b"@PJL EOJ\r\n" + UEL,
        b"\x04\x04",
        b"\r\nABOR\r\nQUIT\r\n",
        bytes(range(256)),
        bytes(reversed(range(256))),
        b"\xff",
    ]
)

#: Dots per inch of a rendered page: enough to show every stroke, quick to make.
RESOLUTION = 72

_TEXT = [
    "This page came through a print gateway.",
    "",
    "It has 3 short lines and no form feed.",
]

_POSTSCRIPT = b"""%!PS-Adobe-3.0
%%Title: a page for a print gateway
%%Pages: 1
%%BoundingBox: 0 0 612 792
%%EndComments
%%Page: 1 1
/Helvetica findfont 28 scalefont setfont
72 700 moveto (One page, page 1 of 1) show
/Courier findfont 11 scalefont setfont
72 670 moveto (The quick brown fox jumps over the lazy dog. 0123456789) show
newpath 0.5 setgray 306 430 110 0 360 arc fill
1 setgray 306 430 70 0 360 arc fill
0 setgray 4 setlinewidth
0 15 345 { gsave 306 430 translate rotate 75 0 moveto 105 0 lineto stroke grestore } for
"""

_POSTSCRIPT_END = b"showpage\n%%EOF\n"


def _trappedPostScript() -> bytes:
    """
    The same page with the traps in it as the grey values of an image: one byte more, less or other
    is another picture, or none.
    """
    width = 32
    data = TRAPS + bytes(-len(TRAPS) % width)
    image = b"/traps %d string def currentfile traps readstring\n%s\npop pop\n" % (len(data), data)
    image += b"gsave 72 130 translate 468 150 scale\n"
    image += b"%d %d 8 [%d 0 0 %d 0 0] {traps} image grestore\n" % (
        width,
        len(data) // width,
        width,
        len(data) // width,
    )
    return _POSTSCRIPT + image + _POSTSCRIPT_END + b"\x04" + UEL


def _converted(device: str) -> bytes:
    """The page in the language of a Ghostscript device."""
    with tempfile.TemporaryDirectory() as scratch:
        source, made = Path(scratch, "page.ps"), Path(scratch, "page.out")
        source.write_bytes(_POSTSCRIPT + _POSTSCRIPT_END)
        _ghostscript(f"-sDEVICE={device}", "-r75", f"-sOutputFile={made}", str(source))
        return made.read_bytes()


def _ghostscript(*arguments: str) -> None:
    always = ["-q", "-dNOPAUSE", "-dBATCH", "-dSAFER"]
    done = subprocess.run(
        [program("gs"), *always, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _text(end: str) -> bytes:
    return "".join(line + end for line in _TEXT).encode("ascii")


_MAKERS: dict[str, Callable[[], bytes]] = {
    "page.ps": lambda: _POSTSCRIPT + _POSTSCRIPT_END,
    "traps.ps": _trappedPostScript,
    "page.pcl": lambda: _converted("ljet4"),
    "traps.pcl": lambda: _converted("ljet4") + TRAPS,
    "page.pdf": lambda: _converted("pdfwrite"),
    "traps.pdf": lambda: _converted("pdfwrite") + b"%" + TRAPS,
    "crlf.txt": lambda: _text("\r\n"),
    "traps-crlf.txt": lambda: _text("\r\n") + TRAPS,
    "lf.txt": lambda: _text("\n"),
    "traps-lf.txt": lambda: _text("\n") + TRAPS,
    "traps.bin": lambda: b"\xff" + TRAPS * 500 + b"\r",  # across every border of chunks
}

#: The names of all pages.
PAGES = tuple(_MAKERS)

#: Those that L{render} can make a picture of.
RENDERED = tuple(name for name in PAGES if name.endswith((".ps", ".pdf")))


@functools.cache
def page(name: str) -> bytes:
    """
    The page of this name, one of L{PAGES}; the same bytes each time.
    """
    return _MAKERS[name]()


def render(data: bytes, directory: Path) -> bytes:
    """
    Draw a PostScript or PDF document of one page.

    @param directory: where the work is done.
    @return: a grey PNG picture, the same for the same document.
    """
    with tempfile.TemporaryDirectory(dir=directory) as scratch:
        source = Path(scratch, "received")
        source.write_bytes(data)
        made = f"-sOutputFile={scratch}/%d.png"
        _ghostscript("-sDEVICE=pnggray", f"-r{RESOLUTION}", made, str(source))
        pictures = sorted(Path(scratch).glob("*.png"))
        assert len(pictures) == 1, f"{len(pictures)} pages"
        return pictures[0].read_bytes()
