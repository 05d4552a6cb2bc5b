"""Callbacks by their properties, through the narrowest index there is for what is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ivr.domain.callback import Callback, CallbackState
from ivr.domain.numbers import RefusedNumber, parse_number
from ivr.service.errors import InvalidParameter
from ivr.service.options import ServiceOptions
from ivr.service.problems import nearest
from ivr.service.request import NUMBER
from ivr.service.storage import ask
from ivr.store.port import CallbackStore

STATE: Final = "_callback_state"
REASON: Final = "_callback_reason"
_ALL: Final = frozenset(CallbackState)
_LOOKED_THROUGH: Final = 20_000
"""So many records are read at most where a property has no index, such as the reason."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One property that is asked for."""

    key: str
    value: str
    states: frozenset[CallbackState] = _ALL

    @property
    def is_lookup(self) -> bool:
        return not self.key.startswith("_")

    def holds(self, callback: Callback) -> bool:
        if callback.state not in self.states:
            return False
        match self.key:
            case "_callback_state":
                return True
            case "_callback_reason":
                return callback.reason == self.value
            case "_customer_number":
                return callback.customer_number == self.value
            case _:
                return self.key in callback.lookup_keys and callback.user_data.get(self.key) == self.value


def read_condition(key: str, value: str, options: ServiceOptions) -> Condition:
    """Raises InvalidParameter for a key by which this service cannot be searched, or a state that is none."""
    if key == STATE:
        return Condition(key, value, _read_states(value))
    if key == REASON:
        return Condition(key, value, frozenset({CallbackState.COMPLETED}))
    if key == NUMBER:
        return Condition(key, _read_number(value, options))
    if key in options.lookup_keys():
        return Condition(key, value)
    known = [NUMBER, STATE, REASON, *options.lookup_keys()]
    raise InvalidParameter(
        key, f"callbacks are found by {', '.join(known)} (see _customer_lookup_keys){nearest(key, known)}"
    )


async def find_callbacks(
    store: CallbackStore, service: str, conditions: Sequence[Condition], *, any_of: bool, limit: int
) -> list[Callback]:
    """Callbacks of a service that meet all conditions, or any of them. Raises StorageFailed."""
    if not any_of or not conditions:
        return await _meeting_all(store, service, conditions, limit)
    found: dict[str, Callback] = {}
    for condition in conditions:
        found |= {callback.id: callback for callback in await _meeting_all(store, service, [condition], limit)}
    return list(found.values())


async def _meeting_all(
    store: CallbackStore, service: str, conditions: Sequence[Condition], limit: int
) -> list[Callback]:
    states = [state for state in CallbackState if all(state in condition.states for condition in conditions)]
    if not states:
        return []
    number = next((c.value for c in conditions if c.key == NUMBER), None)
    lookup = next(((c.key, c.value) for c in conditions if c.is_lookup), None)
    # What no index can tell is tested afterwards, so all that the index has must be read.
    indexed = sum(c.key != STATE for c in conditions) <= (number is not None or lookup is not None)
    found = await ask(
        store.find(
            service,
            number=number,
            lookup=lookup if number is None else None,
            states=() if len(states) == len(_ALL) else states,
            limit=limit if indexed else _LOOKED_THROUGH,
        )
    )
    return [callback for callback in found if all(condition.holds(callback) for condition in conditions)][:limit]


def _read_states(value: str) -> frozenset[CallbackState]:
    names = value.removeprefix("!").split(",")
    try:
        states = frozenset(CallbackState(name.strip().upper()) for name in names)
    except ValueError:
        known = ", ".join(CallbackState)
        raise InvalidParameter(STATE, f"{known} are the states, with ! before them for all others") from None
    return _ALL - states if value.startswith("!") else states


def _read_number(value: str, options: ServiceOptions) -> str:
    # A plus that was not encoded arrives as a space.
    text = f"+{value.strip()}" if value.startswith(" ") else value
    number = parse_number(text, options.default_country, allow_impossible=True, allow_premium=True)
    return value if isinstance(number, RefusedNumber) else number
