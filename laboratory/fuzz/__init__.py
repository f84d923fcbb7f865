"""
Bytes that nobody meant: parsers and sessions fed with them, and what must hold all the same.

C{python -m laboratory.fuzz TARGET --runs 1000000} feeds one target; atheris (the extra C{fuzz})
guides it by the branches that were reached, without it the corpus is only mutated.  C{python -m
laboratory.fuzz.sessions} attacks a running gateway.
"""
