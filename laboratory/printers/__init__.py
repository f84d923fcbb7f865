"""
Every transport with every fault: the table of C{docs/printers/faults.rst}, and quick tests of it.
"""
