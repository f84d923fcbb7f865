"""
The print gateway that legacy systems print through: FTP in, a printer out.

The way of the data::

    control line - ftp/control - ftp/shell -+
                                            +- job - port - transports/* - printer
    data line ---- ftp/data ----------------+

One direction, and back-pressure in the other.  Each module is one room of that way:

    - L{jetdirect.interfaces} and L{jetdirect.errors}: the contracts.
    - L{jetdirect.job}: one job and what may be said of it; L{jetdirect.language} ends a cut one,
      L{jetdirect.pjl} finds what no job needs.
    - L{jetdirect.named}: what printing ports are made of and called; L{jetdirect.port},
      L{jetdirect.server}: whose turn it is, and all of them.
    - L{jetdirect.record}: what others see of jobs and ports; L{jetdirect.watchers} tells those who
      look on, of which L{jetdirect.watch} has ours.
    - L{jetdirect.net}: TCP connections of our own, behind Twisted's interfaces.
    - L{jetdirect.ftp}: the sender's side.
    - L{jetdirect.transports}: the printers' side, one module per device URI scheme.
    - L{jetdirect.configuration}: all that an operator says; L{jetdirect.gateway}: the service that
      an embedding program starts from it.
    - L{jetdirect.tap}, L{jetdirect.configfile}: the command line and the configuration file;
      L{jetdirect.compose} makes a configuration of what they say.
    - L{jetdirect.web}: what an operator's programs see and do over HTTP, by L{jetdirect.verbs}.
    - L{jetdirect.cli}: the command C{jetdirect}; L{jetdirect.remote} has its verbs for a gateway
      that runs.
    - L{jetdirect.testing}: a printer and a sender in memory, for the tests of embedding programs.
"""

__version__ = "26.11.0"
