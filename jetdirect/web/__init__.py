"""
What an operator's programs see and do over HTTP.

::

    places      where it listens, and with which passwords
    admission   which requests are let in; access: what each user may do
    router      leads each request to what answers it
    api         for programs; shapes: jobs and printing ports as JSON
    pages       for browsers; parts, rows, phrases: what they are made of
    about       the configuration and the log as pages
    forms       what a person asks on a page; notes: what came of it
    events      what is new, for open pages
    site        the wires, and their bounds; side: all of it together
"""
