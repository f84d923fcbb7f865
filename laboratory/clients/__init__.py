"""
Every FTP client prints: real clients in every mode that they have, on Debian 12.

C{install} fetches them; a test whose client is missing says from where, and is skipped.
"""
