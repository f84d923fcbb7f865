"""
C{snmp=on}: what a printer's MIB says (RFC 3805).
"""
