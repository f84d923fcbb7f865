"""
The states of a job.  Shown are RFC 8011's (section 5.3.7): a job is C{processing} while it is
receiving, finishing or delivered::

    pending -- opened --> receiving -- finish --> finishing -- delivered --> delivered
       |                      |                       |                       |    |
       +-- cut, cancel -------+-- cut, cancel --------+-- cut, cancel         |  complete
       v                                                                      |    v
    aborted (cut), canceled (cancel) <-------------- cut ---------------------+  completed
"""

from __future__ import annotations

from enum import Enum

from .record import JobState


class Phase(Enum):
    """
    Where a job is.

    @ivar state: what is shown of it, while the printer takes bytes.
    @ivar reasons: job-state-reasons (RFC 8011, section 5.3.8), as far as they are always the same.
    """

    WAITING = JobState.PENDING, "job-incoming"
    RECEIVING = JobState.PROCESSING, "job-incoming", "job-printing"
    FINISHING = JobState.PROCESSING, "job-printing"
    DELIVERED = (JobState.PROCESSING,)
    CANCELED = (JobState.CANCELED,)
    ABORTED = JobState.ABORTED, "aborted-by-system"
    COMPLETED = JobState.COMPLETED, "job-completed-successfully"

    def __init__(self, state: JobState, *reasons: str) -> None:
        self.state = state
        self.reasons = reasons

    __hash__ = object.__hash__  # an enumeration's own is a call of Python for each look at a table


NEXT: dict[Phase, dict[str, Phase]] = {
    Phase.WAITING: {"opened": Phase.RECEIVING, "cut": Phase.ABORTED, "cancel": Phase.CANCELED},
    Phase.RECEIVING: {"finish": Phase.FINISHING, "cut": Phase.ABORTED, "cancel": Phase.CANCELED},
    Phase.FINISHING: {"delivered": Phase.DELIVERED, "cut": Phase.ABORTED, "cancel": Phase.CANCELED},
    Phase.DELIVERED: {"complete": Phase.COMPLETED, "cut": Phase.ABORTED},
    Phase.CANCELED: {},
    Phase.ABORTED: {},
    Phase.COMPLETED: {},
}
"""What may happen in each phase, and where it leads.  What is not here comes too late, and is
dropped: the first evidence decides."""
