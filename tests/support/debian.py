"""
Find the programs which the tests borrow from Debian, or skip and say what to install.
"""

from __future__ import annotations

import shutil

import pytest

#: Where each program comes from.
PACKAGES = {
    "busybox": "busybox",
    "curl": "curl",
    "ftp": "tnftp",
    "gs": "ghostscript",
    "inetutils-ftp": "inetutils-ftp",
    "jq": "jq",
    "lftp": "lftp",
    "nc": "netcat-openbsd",
    "ncftpput": "ncftp",
    "nsenter": "util-linux",
    "openssl": "openssl",
    "p910nd": "p910nd",
    "setpriv": "util-linux",
    "sqlite3": "sqlite3",
    "tnftp": "tnftp",
    "unshare": "util-linux",
    "wput": "wput",
}

#: Daemons live here, and not on everybody's search path.
_SYSTEM_PATHS = ("/usr/local/sbin", "/usr/sbin", "/sbin")


def program(name: str) -> str:
    """
    Find a program, or skip the test that asks.

    @return: the program's whole path.
    """
    places = [None, *_SYSTEM_PATHS]
    for place in places:
        found = shutil.which(name, path=place)
        if found is not None:
            return found
    pytest.skip(f"{name} is missing: apt-get install {PACKAGES[name]}")
