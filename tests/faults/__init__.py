"""
The fault laboratory: does the reply ever lie?

L{tests.faults.invariants} says what must hold of any run.  L{tests.faults.simulation} makes runs in
memory from one number; C{python -m tests.faults.simulate} makes many of them.
"""
