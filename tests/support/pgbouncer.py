"""
Debian's pgbouncer, a pooler, before a database.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from tests.support.postgresql import PostgreSQL, unprivileged
from tests.support.started import Daemon, borrowed, freePort

_CONFIGURATION = """\
[databases]
* = host=127.0.0.1 port={server} user=jetdirect
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
"""


class PgBouncer(Daemon):
    """
    One that gives each transaction whichever session is free.

    @ivar port: where clients connect.
    """

    def __init__(self, server: PostgreSQL) -> None:
        found = borrowed("pgbouncer", "pgbouncer")
        self.port = freePort()
        # As root it would not run.
        user, words = unprivileged()
        self._folder = Path(tempfile.mkdtemp(prefix="jd-pool-"))
        file = self._folder / "pgbouncer.ini"
        file.write_text(_CONFIGURATION.format(server=server.port, port=self.port))
        if user is not None:
            os.chown(self._folder, user.pw_uid, user.pw_gid)
        super().__init__([*words, found, str(file)], self._folder / "log")
        self.waitForPort(self.port)

    def stop(self) -> None:
        """End it, and remove its files."""
        super().stop()
        shutil.rmtree(self._folder, ignore_errors=True)
