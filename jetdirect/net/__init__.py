"""
TCP as a print gateway needs it: transports of our own behind Twisted's interfaces.

L{networkOf<jetdirect.net.network.networkOf>} gives the L{Network<jetdirect.net.network.Network>} of
a reactor that waits for real descriptors; it is the reactor in everything but TCP::

    reactor - events - stream   one connection: write, end and close at once, and what the kernel
                       |        knows of it; pipe: the kernel path
                       listener, dialing   how connections come about; tuning: their options

Every other reactor stays as it is, and Twisted's own transports (Unix sockets, C{ssl:}, other
reactors) do as well: a protocol asks them what it can (L{facts<jetdirect.net.facts>}), and its
bytes are copied.  Under both:

    - L{jetdirect.net.commandreactor}: the reactor of the command, inside that epoll.
    - L{jetdirect.net.facts}, L{jetdirect.net.pulse}: what the kernel knows of a connection, and
      whether its peer lives.
    - L{jetdirect.net.belowtls}: what TLS tells nobody.
    - L{jetdirect.net.dial}: connections to one printer, again and again.
    - L{jetdirect.net.deadline}: limits of time that hold though the reactor is late.
    - L{jetdirect.net.gaps}: what has no hook in Twisted; a method of one of its objects is replaced
      there and nowhere else, and C{tests/test_gaps.py} tells when that can go.
"""
