"""
The commands, in the groups of RFC 959 section 4.1; one C{ftp_VERB} method each.
"""
