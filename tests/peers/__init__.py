"""
The gateway among real neighbours: real FTP clients before it, real and scripted printers behind it.

Everything here speaks to a gateway that runs in a process of its own, over loopback sockets. The
programs come from Debian packages; a test whose program is missing is skipped and names it.
"""
