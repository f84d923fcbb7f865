"""
What an operator's programs see and do over HTTP.

::

    places      where it listens: nowhere but on this machine
    admission   who is let in: no page of another site
    api         what is asked, and the answer to it
    shapes      jobs and printing ports as JSON
    site        the wires, and their bounds
"""
