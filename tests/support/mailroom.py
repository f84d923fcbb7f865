"""
A real mail server (aiosmtpd) that keeps what it is given.
"""

from __future__ import annotations

import email
import ssl
import warnings
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest

from tests.support.peer import PATIENCE
from tests.support.started import freePort

LOGIN = ("ops", "pass wörd")


class Mailroom:
    """
    A mail server on a free port of the loopback interface, in a thread of its own.

    @ivar mails: what it has, each with from whom and to whom.
    @ivar logins: the logins that were tried.
    """

    def __init__(self, certificate: Path | None = None, secure: bool = False) -> None:
        """
        @param certificate: for STARTTLS, behind which there is a login.
        @param secure: TLS from the first byte on instead.
        """
        pytest.importorskip("aiosmtpd", reason="no mail server: pip install aiosmtpd")
        from aiosmtpd.controller import Controller
        from aiosmtpd.smtp import AuthResult, LoginPassword

        self.mails: list[tuple[str, list[str], EmailMessage]] = []
        self.logins: list[tuple[str, str]] = []
        self.encrypted: list[bool] = []
        self.refused: dict[str, str] = {}
        self.port = freePort()
        context = None
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)

        def authenticate(server: Any, session: Any, envelope: Any, kind: str, said: Any) -> Any:
            assert isinstance(said, LoginPassword)
            login = said.login.decode(), said.password.decode()
            self.logins.append(login)
            return AuthResult(success=login == LOGIN, handled=False)

        warnings.filterwarnings("ignore", "Requiring AUTH", UserWarning)
        self._controller: Any = Controller(
            self,
            hostname="127.0.0.1",
            port=self.port,
            ssl_context=context if secure else None,
            tls_context=None if secure else context,
            authenticator=authenticate,
            auth_required=context is not None,
            auth_require_tls=not secure,
            ready_timeout=PATIENCE,
        )
        self._controller.start()

    def stop(self) -> None:
        """No more mail."""
        self._controller.stop()

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        """Called by aiosmtpd."""
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """Called by aiosmtpd."""
        mail = email.message_from_bytes(envelope.content, policy=default)
        assert isinstance(mail, EmailMessage)
        self.encrypted.append(session.ssl is not None)
        self.mails.append((envelope.mail_from, envelope.rcpt_tos, mail))
        return "250 OK"
