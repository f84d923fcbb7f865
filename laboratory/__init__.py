"""
Explorations that take long and look for what no test thought of: C{tests/README.rst} has the list.
"""
