"""
The fault laboratory: does the reply ever lie?

L{laboratory.faults.invariants} says what must hold of any run.  L{laboratory.faults.simulation}
makes runs in memory from one number; C{python -m laboratory.faults.simulate} makes many of them.
"""
