"""
Real gateways, real sockets, and peers that misbehave: C{python -m laboratory.faults.torture}.

The gateways are processes of their own, started as a user starts them; senders and printers are
threads of this one.  No root is needed, and nothing leaves the loopback interface.

From the bottom up:

    - L{cells}: what can go wrong, in which phase, at which gateway; L{case}: one such fault, drawn
      from the seed.
    - L{wire}: one end of a TCP connection, with or without TLS; L{control} and L{data}: a sender's.
    - L{printer}: a printer whose every connection (L{conversation}) may go wrong; L{scripts}: how.
    - L{sender} with L{misdeeds}: a sender from phase to phase, and what it does wrong; L{hold}:
      what keeps its job waiting.
    - L{journal}: what the log says of each job; L{gateway}: a gateway with its options.
    - L{judging}: from all that to what L{laboratory.faults.invariants} judges.
    - L{lane} and L{lockstep}: who plays the cases; L{gatewayrun}: the lanes of one gateway;
      L{laboratory}: all of them, from a seed to a L{result}; L{report}: how it is told.

One seed decides faults, phases, sizes, splits and delays.  When the kernel runs which process is
not in its power: a case that is played again is the same case, not the same run.
"""
