"""
What several tests and the laboratories use: the gateway in a process of its own, senders, printers.

The programs come from Debian packages; a test whose program is missing is skipped and names it.
"""
