"""
Which certificates are trusted when the gateway is the client.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from OpenSSL import SSL
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator

from jetdirect.tlstrust import anybody, signers
from tests.support.certificate import selfSigned


def test_signers(tmp_path: Path) -> None:
    """The system's authorities, or those of a file; other lines of it do no harm."""
    file = selfSigned(tmp_path)
    with_ = tmp_path / "chain.pem"
    with_.write_text(f"a comment\n{Path(file).read_text()}\nanother\n{Path(file).read_text()}")
    for path in (None, str(file), str(with_)):
        assert IOpenSSLClientConnectionCreator.providedBy(signers("printer.example", path))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "No such file or directory"),
        (b"", "expected a PEM file with certificates"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "expected a PEM file"),
        (b"\x00\xff", "expected a PEM file with certificates"),
    ],
)
def test_badFile(content: bytes | None, why: str, tmp_path: Path) -> None:
    """A file without certificates trusts nobody, which nobody can mean; it is named."""
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ValueError) as error:
        signers("printer.example", str(file))
    assert str(error.value).startswith(f"tls-ca={file}: {why}")


def test_noFile() -> None:
    """Nor is the lack of a name passed over."""
    with pytest.raises(ValueError, match="tls-ca=FILE: expected a PEM file"):
        signers("printer.example", "")


@pytest.mark.parametrize("host", ["a_b\xe9..", "x" * 64 + ".example"])
def test_noName(host: str) -> None:
    """A host for which no certificate can be is told, with the remedy."""
    with pytest.raises(ValueError, match="no certificate can be for "):
        signers(host, None)


def test_anybody() -> None:
    """Everybody is trusted."""
    protocol: Any = None
    connection = anybody().clientConnectionForTLS(protocol)
    assert connection.get_context().get_verify_mode() == SSL.VERIFY_NONE
