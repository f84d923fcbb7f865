"""
The verbs of the command C{jetdirect} that ask a running gateway.

::

    wire     to the gateway and back
    words    what people read
    jobs     the verbs for jobs
    ports    the verbs for printing ports, and for the whole gateway
    history  jobs that have ended, and accounting
    watch    all of it, live
    when     times as people write them
    terminal how wide a line may be
"""
