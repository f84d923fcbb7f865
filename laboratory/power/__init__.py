"""
Power cuts at every moment, on real file systems: C{python -m laboratory.power}.
"""
