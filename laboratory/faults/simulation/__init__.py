"""
A gateway, its senders and its printers in memory: one seed decides everything, no second is waited.

From the bottom up:

    - L{network}: hosts, cables and the order of events; L{kernel}: one end of a TCP connection.
    - L{reactor}: the process's side of it, with the gateway's own transports (L{stream}) or
      Twisted's (L{wire}) on simulated sockets; L{pipes}: bytes that stay inside the kernel;
      L{ports} and L{names}: how connections come about.
    - L{disk}: files, threads and what a power failure leaves; L{machine}: what the gateway sees of
      them.
    - L{payload}: what is printed; L{faults}: what can go wrong, and when.
    - L{switches}: what the operator has set; L{device}: the printers' URIs.
    - L{printer}, L{directory} and L{sender} (L{talker}, L{uploader}, under TLS L{secure}): the
      peers; L{misdeeds}: what a sender does wrong; L{dialogue}: which reply belongs to which
      command.
    - L{records}: what the gateway itself says; L{evidence}: is it true?  L{probe}: does the next
      job print?
    - L{clockwork}: how time passes.
    - L{simulation}: all of them together, from a seed to what is judged; L{incidents} and
      L{reloads}: what happens to the gateway meanwhile; L{strangers}: who else connects.
    - L{account}: what L{laboratory.faults.invariants} judges; L{judge} knows every time and every
      setting besides.
"""
