"""aioftp: host port way tls type file certificate."""

import asyncio
import logging
import ssl
import sys

import aioftp  # type: ignore[import-not-found]

logging.basicConfig(level=logging.DEBUG, stream=sys.stdout)


async def put(host: str, port: str, way: str, tls: str, _: str, file: str, trusted: str) -> None:
    """One upload in a session of its own."""
    context = ssl.create_default_context(cafile=trusted)
    how: dict[str, object] = {"passive_commands": (way.lower(),)}
    if tls == "implicit TLS":
        how["ssl"] = context
    client = aioftp.Client(**how)
    await client.connect(host, int(port))
    if tls == "AUTH TLS":
        await client.upgrade_to_tls(context)
    await client.login("tester", "secret")
    await client.upload(file)
    await client.quit()


asyncio.run(put(*sys.argv[1:]))
