"""
Control experiments: the same probes and the same killed clients against this gateway and against
FTP servers that are not ours, and long runs of good jobs.

A probe that nobody fails proves nothing.  Stock Twisted and, where they are installed, pyftpdlib,
vsftpd and proftpd show that each of them can be failed.
"""
