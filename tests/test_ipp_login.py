"""
Printers that speak IPP and ask who it is: Basic and Digest, and logins that they do not take.
"""

from __future__ import annotations

import pytest

from jetdirect.errors import PrinterUnreachable
from jetdirect.interfaces import (
    Delivery,
)
from jetdirect.transports.ipp.rfc8010 import (
    Response,
)
from jetdirect.transports.ipp.rfc8011 import (
    CANCEL_JOB,
    CREATE_JOB,
    GET_PRINTER,
    SEND_DOCUMENT,
)
from tests.support.answers import hear
from tests.support.ippmessages import JOB, NEW, jobState, message
from tests.support.ippprinting import Printing


def test_nameAndPassword() -> None:
    """A printer that does not ask for them first gets them with each question but the first."""
    printing = Printing(user="bob", password="sécret")
    printing.open()
    head, _, asked, _ = printing.heard()
    assert b"Authorization" not in head
    assert asked.text("printer-uri") == "ipp://printer:631/ipp/print"
    printing.answer(NEW)
    head, _, asked, _ = printing.heard()
    assert b"\r\nAuthorization: Basic Ym9iOnPDqWNyZXQ=" in head
    assert asked.text("printer-uri") == "ipp://printer:631/ipp/print"
    printing.opening.cancel()


def test_basicIsAskedFor() -> None:
    """The question is asked again with them."""
    printing = Printing(user="bob", password="secret")
    printing.open()
    printing.heard()
    printing.http(b"", 401, 'WWW-Authenticate: Basic realm="printer"')
    head, operation, _, _ = printing.heard()
    assert operation == GET_PRINTER
    assert b"\r\nAuthorization: Basic Ym9iOnNlY3JldA==" in head
    printing.opening.cancel()


#: What a printer asks for that wants Digest: in two ways, and Basic as well.
DIGEST = [
    'WWW-Authenticate: Digest realm="printer", nonce="{nonce}", qop="auth", algorithm={algorithm}',
    'WWW-Authenticate: Basic realm="printer"',
]


class Guarded(Printing):
    """A printer that wants Digest, and its own count of how often a nonce is used."""

    def __init__(self, once: bool = False) -> None:
        super().__init__(user="bob", password="secret")
        self.once = once
        self.refusals = 0

    def challenge(self) -> None:
        self.refusals += 1
        nonce, algorithm = f"n{self.refusals}", "MD5" if self.refusals > 1 else "SHA-256"
        fields = [each.format(nonce=nonce, algorithm=algorithm) for each in DIGEST]
        self.http(b"", 401, *fields)

    def heard(self) -> tuple[bytes, int, Response, bytes]:
        while True:
            heard = super().heard()
            fresh = b"nc=00000001" in heard[0] if self.once else b"Digest" in heard[0]
            assert b"Basic" not in heard[0]
            if fresh:
                assert b'nonce="n%d"' % self.refusals in heard[0]
                return heard
            self.challenge()


@pytest.mark.parametrize("once", [False, True])
def test_digest(once: bool) -> None:
    """The password never leaves, and a printer that takes each nonce once gets one for the job."""
    printing = Guarded(once)
    told = printing.open()
    printing.expect(GET_PRINTER)
    printing.answer(NEW)
    printing.expect(CREATE_JOB)
    printing.answer(JOB)
    if once:
        assert not told
        head, _, _, _ = Printing.heard(printing)
        assert b"Authorization" not in head
        printing.challenge()
    [connection] = told
    connection.write(b"%!PS")
    head, operation, _, rest = printing.heard()
    assert operation == SEND_DOCUMENT
    assert rest == b"4\r\n%!P"
    assert printing.refusals == (3 if once else 1)
    assert (b"nc=00000001" if once else b"nc=00000003") in head
    done = hear(connection.finish())
    printing.answer(JOB)
    printing.heard()
    printing.answer(jobState(9))
    assert done == [Delivery.CONFIRMED]
    printing.over()


def test_foreignRealm() -> None:
    """What a printer calls itself goes back byte for byte."""
    printing = Printing(user="bob", password="secret")
    printing.open()
    printing.heard()
    printing.http(b"", 401, 'WWW-Authenticate: Digest realm="büro", nonce="n"')
    assert 'realm="büro"'.encode("latin-1") in printing.heard()[0]
    printing.opening.cancel()


def test_wrongPassword() -> None:
    """It says so, and is not asked for ever."""
    printing = Guarded()
    told = printing.open()
    printing.heard()
    printing.challenge()
    assert isinstance(told[0], PrinterUnreachable)
    assert "HTTP 401: it does not take the user name and password" in told[0].reason
    printing.over()


def test_nextNonce() -> None:
    """RFC 7616, section 3.5: a printer may name the next one beforehand."""
    printing = Guarded()
    printing.open()
    printing.heard()
    body = message(0, printing._number, NEW)
    printing.http(body, 200, 'Authentication-Info: nextnonce="later"')
    head, operation, _, _ = Printing.heard(printing)
    assert operation == CREATE_JOB
    assert b'nonce="later"' in head
    assert b"nc=00000001" in head
    printing.opening.cancel()


def test_anotherLoginInMidJob() -> None:
    """A document that is refused for its login was not read, and can be sent again."""
    printing = Printing(user="bob", password="secret")
    connection = printing.opened()
    connection.write(b"%!PS")
    printing.heard()
    printing.http(b"", 401, DIGEST[0].format(nonce="n", algorithm="MD5"))
    [why] = printing.job.losses
    assert "HTTP 401" in why.reason
    assert connection.sent == 0
    hear(connection.abort(b""))
    head, operation, _, _ = printing.heard()
    assert operation == CANCEL_JOB
    assert b"Authorization: Digest" in head
    printing.answer()
    printing.over()


@pytest.mark.parametrize("asked", ["Negotiate", "Digest realm=a, nonce=b, qop=auth-int"])
def test_unknownLogin(asked: str) -> None:
    """What it asks for is named."""
    printing = Printing(user="bob", password="secret")
    told = printing.open()
    printing.http(b"", 401, f"WWW-Authenticate: {asked}")
    assert f"asks for {asked.split()[0].lower()}; the gateway knows" in told[0].reason
    printing.over()
