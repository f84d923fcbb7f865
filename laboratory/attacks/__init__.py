"""
Attacks, sent to a real gateway with a printer behind it; docs/evidence/attacks.rst says what closes
each.

Each module is one group of attacks, as functions of a directory and a count, which raise
L{AssertionError} when one succeeds and return what was measured.  The tests run each with a small
count; C{python -m laboratory.attacks} runs them with the whole one, and prints the figures.
"""
