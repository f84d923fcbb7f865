"""
One target a module: C{check(data)} raises L{AssertionError}, or anything else, if C{data} breaks
what the module's docstring says must hold.  C{TOKENS} are words worth trying.
"""
