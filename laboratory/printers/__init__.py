"""
Every transport with every fault: the table of C{docs/evidence/faults.rst}, and quick tests of it.
"""
