"""
A gateway, its senders and its printers in memory: one seed decides everything, no second is waited.

From the bottom up:

    - L{network}: hosts, cables and the order of events; L{kernel}: one end of a TCP connection.
    - L{reactor}: Twisted's side of it, with Twisted's own transports (L{wire}) on simulated
      sockets; L{ports} and L{names}: how connections come about.
    - L{payload}: what is printed; L{faults}: what can go wrong, and when.
    - L{printer} and L{sender} (L{talker}, L{uploader}): the peers; L{misdeeds}: what a sender does
      wrong; L{dialogue}: which reply belongs to which command.
    - L{records}: what the gateway itself says; L{probe}: does the next job print?
    - L{clockwork}: how time passes.
    - L{world}: all of them together, from a seed to what L{tests.faults.invariants} judges.
"""
