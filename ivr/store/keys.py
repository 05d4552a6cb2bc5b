"""Every key in Redis, in one place.

All keys of a service carry the hash tag `{service}`: they lie in one slot of a Redis Cluster, so that one script may
touch them together.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2s
from typing import Final

from ivr.domain.callback import Callback, CallbackState

PREFIX: Final = "qcb"
CUSTOMER_NUMBER: Final = "_customer_number"
_CALLBACK_ID: Final = re.compile(r"([A-Za-z0-9][A-Za-z0-9_.-]{0,63})-[0-9a-f]{8,64}", re.ASCII)


def service_of(callback_id: str) -> str | None:
    """The service named by a callback id, None when it is not one."""
    found = _CALLBACK_ID.fullmatch(callback_id)
    return found[1] if found else None


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of one service."""

    service: str

    def _key(self, *parts: str) -> str:
        return ":".join((PREFIX, "{" + self.service + "}", *parts))

    def record(self, callback_id: str) -> str:
        """HASH: body (JSON), version, state, number, fence, holder, wrote."""
        return self._key("callback", callback_id)

    def in_state(self, state: CallbackState) -> str:
        """ZSET of ids by asked_at: the line is QUEUED and ROUTING, the calendar is SCHEDULED."""
        return self._key("state", state.lower())

    @property
    def places(self) -> str:
        """HASH id -> what the dialer needs to know of everybody in line, without reading every record."""
        return self._key("places")

    @property
    def claims(self) -> str:
        """ZSET of ids by the end of their lease: in flight."""
        return self._key("claims")

    @property
    def pending(self) -> str:
        """ZSET, all of score 0, of "<number> <id>": the unfinished callbacks of a number."""
        return self._key("pending")

    @property
    def unfinished(self) -> str:
        """ZSET of ids by expires_at."""
        return self._key("unfinished")

    @property
    def finished(self) -> str:
        """ZSET of ids by kept_until: when to forget that they were there."""
        return self._key("finished")

    @property
    def events(self) -> str:
        """STREAM of what happened."""
        return self._key("events")

    @property
    def options(self) -> str:
        """HASH: options changed while running, over those of the file."""
        return self._key("options")

    @property
    def learnt(self) -> str:
        """STRING: what was learnt of the waits of the queue of this name (JSON)."""
        return self._key("learnt")

    @property
    def bookings(self) -> str:
        """ZSET of ids by the booked time: who takes a place in a slot."""
        return self._key("bookings")

    @property
    def accepted(self) -> str:
        """ZSET of ids by created_at: what was accepted lately, for the throttles."""
        return self._key("accepted")

    @property
    def paused(self) -> str:
        """STRING: why nothing is accepted; there only while the service is paused."""
        return self._key("paused")

    def of_value(self, name: str, value: str) -> str:
        """ZSET of ids by created_at: what was accepted lately with this value of a parameter."""
        # A value may be long, and a person's number: only its digest is a name.
        return self._key("value", name, blake2s(value.encode(), digest_size=12).hexdigest())

    def lookup(self, key: str, value: str) -> str:
        """ZSET of ids by asked_at: the callbacks whose `key` is `value`."""
        return self._key("lookup", key, value)

    def lookups_of(self, callback: Callback) -> list[str]:
        """The lookup keys under which `callback` is to be found."""
        named = ((key, callback.user_data[key]) for key in callback.lookup_keys if key in callback.user_data)
        return [self.lookup(key, value) for key, value in ((CUSTOMER_NUMBER, callback.customer_number), *named)]

    def of_write(self, callback: Callback, values: Iterable[tuple[str, str]] = ()) -> list[str]:
        """The KEYS of the scripts that write a record; `lua/_record.lua` counts on this order."""
        states: Iterable[CallbackState] = CallbackState
        return [
            self.record(callback.id),
            self.events,
            self.pending,
            self.unfinished,
            self.finished,
            self.places,
            self.claims,
            self.bookings,
            self.accepted,
            self.paused,
            *(self.in_state(state) for state in states),
            *(self.of_value(name, value) for name, value in values),
            *self.lookups_of(callback),
        ]
