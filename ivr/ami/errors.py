"""What can go wrong with AMI.

::

    AmiError
    ├── AmiInvalidRequest    a header that we refuse to send: a line break in it, or not a header name
    ├── AmiConnectionError   no connection, or it broke: whether the action was carried out is not known
    ├── AmiTimeout           no (complete) answer before the deadline
    ├── AmiAuthError         user, password or address are not accepted
    ├── AmiActionError       Asterisk refused the action
    ├── AmiEventsOverflow    a reader of events was too slow: events were dropped
    └── QueueUnknown         of this queue nothing is known that is recent enough
"""

from __future__ import annotations

from typing import ClassVar


class AmiError(Exception):
    """The root of the tree. `code` is stable, for logs and metrics; `hint` tells an operator what to look at."""

    code: ClassVar[str] = "ami_error"
    hint: ClassVar[str] = ""


class AmiInvalidRequest(AmiError, ValueError):
    """The action was not sent: a line break in a value would make a header, or a whole action, of its own."""

    code = "ami_invalid_request"


class AmiConnectionError(AmiError):
    """Asterisk's manager port could not be reached, or the connection broke."""

    code = "ami_unreachable"
    hint = "Is Asterisk running, is manager.conf enabled, and are the AMI host and port right?"


class AmiTimeout(AmiError):
    """No complete answer before the deadline."""

    code = "ami_timeout"


class AmiAuthError(AmiError):
    """The login was refused."""

    code = "ami_unauthorized"
    hint = "The user or secret of manager.conf is another, or its permit line excludes us."


class AmiActionError(AmiError):
    """Asterisk answered an action with an error; `reason` is in Asterisk's own words."""

    code = "ami_refused"

    def __init__(self, action: str, reason: str) -> None:
        super().__init__(f"{action}: {reason}")
        self.action = action
        self.reason = reason


class AmiEventsOverflow(AmiError):
    """A reader of events did not keep up; what it read last is the last before the gap."""

    code = "ami_events_overflow"


class QueueUnknown(AmiError):
    """Nothing recent enough is known of the queue: there is none, it was never read, or the connection is lost."""

    code = "queue_unknown"
