"""
The commands, in the groups of RFC 959 section 4.1: a function each, and a row in C{COMMANDS}.
"""
