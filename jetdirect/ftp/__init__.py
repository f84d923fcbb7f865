"""
The sender's side: FTP (RFC 959, 1123, 2228, 2389, 2428, 3659) as far as printing needs it.
"""
