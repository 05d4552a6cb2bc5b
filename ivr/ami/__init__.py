"""Asterisk Manager Interface: a typed asyncio client, and the live state of the queues.

`AmiClient` and `QueueBoard` are the ways in; the events are in `ivr.ami.events`.
"""

from ivr.ami.client import AmiClient, AmiEvents
from ivr.ami.errors import (
    AmiActionError,
    AmiAuthError,
    AmiConnectionError,
    AmiError,
    AmiEventsOverflow,
    AmiInvalidRequest,
    AmiTimeout,
    QueueUnknown,
)
from ivr.ami.protocol import AmiMessage
from ivr.ami.queues import QueueBoard

__all__ = [
    "AmiActionError",
    "AmiAuthError",
    "AmiClient",
    "AmiConnectionError",
    "AmiError",
    "AmiEvents",
    "AmiEventsOverflow",
    "AmiInvalidRequest",
    "AmiMessage",
    "AmiTimeout",
    "QueueBoard",
    "QueueUnknown",
]
