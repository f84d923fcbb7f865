"""
TCP as a print gateway needs it: what Twisted does not ask, and what it has no hook for.

    - L{jetdirect.net.facts}: what the kernel knows of a connection; L{jetdirect.net.pulse}: whether
      its peer lives.
    - L{jetdirect.net.deadline}: limits of time that hold though the reactor is late.
    - L{jetdirect.net.dial}, L{jetdirect.net.sourceport}, L{jetdirect.net.listener}: how connections
      come about.
    - L{jetdirect.net.tuning}: options of sockets.
    - L{jetdirect.net.splice}: the kernel path.
    - L{jetdirect.net.orderly} and L{jetdirect.net.gaps}: what is added to Twisted's transports.

Methods of Twisted's objects are replaced here and nowhere else.  Each function that does it says
why, and C{tests/test_gaps.py} has a test that fails when Twisted no longer needs it.
"""
