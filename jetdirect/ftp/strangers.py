"""
Peers that speak something else than FTP.  Pure functions.

A browser can be made to send anybody's words to this port, one command a line inside a form (the
ALPACA attack; "cross-protocol").  Its first line is one that no FTP client sends, and nothing is
read of a peer that has sent such a line.
"""

from __future__ import annotations

_HTTP = {"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "PRI"}
"""RFC 9110, section 9; RFC 5789; the preface of HTTP/2 (RFC 9113, section 3.4)."""

_MAIL = {"EHLO", "HELO", "LHLO"}
"""RFC 5321, section 4.1.1.1; RFC 2033."""

_OWN = {
    *{"SMNT", "MLFL", "MAIL", "MSND", "MSOM", "MSAM", "MRSQ", "MRCP"},  # RFC 959, RFC 765
    *{"ADAT", "CONF", "ENC", "MIC"},  # RFC 2228
    *{"LPRT", "LPSV", "LANG", "HOST"},  # RFC 1639, RFC 2640, RFC 7151
    *{"CSID", "DSIZ", "MFCT", "MFF", "AVBL", "RMDA", "THMB", "COMB"},  # sent by clients, in no RFC
    *{"HASH", "RANG", "XCRC", "XMD5", "XSHA", "XSHA1", "XSHA256", "XSHA512", "MD5", "MMD5"},
    *{"XAUT", "XSEN", "XSEM", "XMAS", "XRSQ", "XRCP", "XNOP"},
}
"""Words of FTP for which there is no command here."""

_BEFORE_A_COMMAND = b"\0\t\n\r"


def startsStrangely(data: bytes) -> bool:
    """
    Is this how no FTP client begins?

    @param data: the first bytes of a connection.  A control character starts a TLS handshake
        (0x16), a print job (ESC) or something unheard of; no command starts with one.
    """
    first = data[:1]
    return first < b" " and first not in _BEFORE_A_COMMAND


def isOwn(verb: str) -> bool:
    """
    Is it a word of FTP, though not one of ours?

    @param verb: the first word of a line, in capitals.
    """
    return verb in _OWN


def isForeign(verb: str) -> bool:
    """
    Is it a word that other protocols begin with, and FTP does not know?

    @param verb: the first word of a line, in capitals.
    """
    return verb in _HTTP or verb in _MAIL or verb.startswith("SSH-")
