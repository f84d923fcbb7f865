"""
Two gateways with different printers in one process::

    twistd -ny examples/embed.py

Office prints on two laser printers, the warehouse keeps its label jobs as files.  The two know
nothing of each other: settings, sessions, printing ports and job numbers are their own.
"""

from twisted.application.service import Application, MultiService
from twisted.internet import reactor
from twisted.internet.task import LoopingCall

from jetdirect.configuration import Configuration
from jetdirect.ftp.settings import SessionSettings
from jetdirect.gateway import Gateway
from jetdirect.named import NamedPrinter
from jetdirect.transports.build import transportFor

office = Gateway(
    Configuration(
        [
            transportFor(reactor, "socket://127.0.0.1:9100?description=First+floor"),
            transportFor(reactor, "socket://127.0.0.1:9101?description=Second+floor"),
        ],
        listeners=["tcp:2121:interface=127.0.0.1"],
    ),
    reactor,
)
warehouse = Gateway(
    Configuration(
        [NamedPrinter("labels", transportFor(reactor, "file:label-jobs?description=Labels"))],
        listeners=["tcp:2122:interface=127.0.0.1"],
        sessions=SessionSettings(greeting="Warehouse labels", maxSessions=20, idleTimeout=270),
    ),
    reactor,
)


def lookAfterJobs() -> None:
    """Show the jobs that are not ended, and cancel what took longer than an hour."""
    for gateway in (office, warehouse):
        for job in gateway.server.jobs:
            if not job.ended:
                print(job.port, job.number, job.name, job.state.value, job.bytes)
                if job.seconds > 3600:
                    gateway.server.cancel(job.number)


services = MultiService()
office.setServiceParent(services)
warehouse.setServiceParent(services)
LoopingCall(lookAfterJobs).start(60, now=False)

application = Application("printing")
services.setServiceParent(application)
