"""
The verbs of the command C{jetdirect} that ask a running gateway.

::

    wire     to the gateway and back
    words    what people read
    jobs     the verbs for jobs
    ports    the verbs for printing ports, and for the whole gateway
"""
