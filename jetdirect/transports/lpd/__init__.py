"""
C{lpd:}, print servers that speak RFC 1179.
"""
