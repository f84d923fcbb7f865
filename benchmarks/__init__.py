"""
How fast it is, and what it costs: C{python -m benchmarks} makes C{docs/evidence/speed.rst}.

  - C{figures/}: what is measured, one file each; C{lab} has what they share.
  - C{servers/}: who is measured, ours and the peers.
  - C{sender} and C{sink}: the load and the printer, processes of their own; C{content} is what the
    one sends and the other checks, C{turns} lets one process be many senders.
  - C{process}, C{measure}, C{network}, C{machine}: processes that end with us, what the system says
    of them, a network of our own, where we are.
  - C{table} and C{page}: how it is told.
  - C{held}: a command of its own: what an idle session keeps in memory, line by line.
"""
