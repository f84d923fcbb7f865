"""pyftpdlib as an FTP server that takes uploads: port directory user password."""

import logging
import sys

from pyftpdlib.authorizers import DummyAuthorizer  # type: ignore[import-not-found, unused-ignore]
from pyftpdlib.handlers import FTPHandler  # type: ignore[import-not-found, unused-ignore]
from pyftpdlib.servers import FTPServer  # type: ignore[import-not-found, unused-ignore]


def main(port: str, directory: str, user: str, password: str) -> None:
    """Serve."""
    logging.basicConfig(level=logging.INFO, stream=sys.stdout)
    authorizer = DummyAuthorizer()
    authorizer.add_user(user, password, directory, perm="elradfmw")
    FTPHandler.authorizer = authorizer
    FTPServer(("127.0.0.1", int(port)), FTPHandler).serve_forever()


main(*sys.argv[1:])
