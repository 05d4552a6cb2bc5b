"""The callback store in Redis (any server from 6.2, Valkey too)."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from hashlib import blake2s
from typing import Any, Final

from redis.asyncio import Redis

from ivr.domain.callback import Callback, CallbackState
from ivr.store import scripts
from ivr.store.admission import SLOTS_AT_ONCE, booked_at, encode_admission, slot_runs
from ivr.store.codec import CorruptRecord, decode, decode_place, encode, encode_place, event_data, to_json
from ivr.store.connection import DEADLINE_S, Connection
from ivr.store.durability import judge
from ivr.store.keys import CUSTOMER_NUMBER, Keys, service_of
from ivr.store.port import (
    NO_LIMITS,
    VALUE_WINDOW_S,
    Admission,
    AlreadyWaiting,
    Claim,
    Durability,
    LineFull,
    LoggedEvent,
    Paused,
    Place,
    SlotTaken,
    StaleWrite,
    StoreError,
    TooMany,
    TooManyOfValue,
)

EVENTS_KEPT: Final = 100_000
"""About so many events of a service stay in its stream."""
_IN_LINE: Final = (CallbackState.QUEUED, CallbackState.ROUTING)
_PAGE: Final = 500


class RedisStore:
    """A CallbackStore and an OptionsStore on one Redis server."""

    def __init__(
        self,
        url: str,
        *,
        deadline_s: float = DEADLINE_S,
        events_kept: int = EVENTS_KEPT,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Opens nothing yet. Raises ValueError for a URL that is none."""
        self._connection = Connection(url, deadline_s=deadline_s)
        self._events_kept = events_kept
        self._now = now

    async def close(self) -> None:
        await self._connection.close()

    # -- callbacks ----------------------------------------------------------------------------------------------

    async def create(
        self,
        callback: Callback,
        *,
        admission: Admission = NO_LIMITS,
        data: Mapping[str, str] | None = None,
    ) -> Callback:
        answer = await self._write(scripts.CREATE, callback, "accepted", data, admission, "", "")
        return self._written(callback, answer, admission)

    async def check(self, callback: Callback, admission: Admission) -> None:
        answer = await self._write(scripts.CREATE, callback, "accepted", None, admission, "1", "")
        self._written(callback, answer, admission)

    async def save(
        self,
        callback: Callback,
        kind: str,
        *,
        claim: Claim | None = None,
        data: Mapping[str, str] | None = None,
        admission: Admission = NO_LIMITS,
    ) -> Callback:
        fence = "" if claim is None else str(claim.fence)
        # Accepted long ago: its windows are over.
        still = replace(admission, windows=(), values=())
        answer = await self._write(scripts.SAVE, callback, kind, data, still, str(callback.version), fence)
        return self._written(callback, answer, still)

    async def get(self, callback_id: str) -> Callback | None:
        keys = self._keys_of(callback_id)
        if keys is None:
            return None
        found = await self._connection.run(lambda redis: redis.hmget(keys.record(callback_id), ["body", "version"]))
        return self._alive(found)

    async def find(
        self,
        service: str,
        *,
        number: str | None = None,
        lookup: tuple[str, str] | None = None,
        states: Sequence[CallbackState] = (),
        limit: int = 1000,
    ) -> list[Callback]:
        keys = Keys(service)
        if number is not None:
            sources = [keys.lookup(CUSTOMER_NUMBER, number)]
        elif lookup is not None:
            sources = [keys.lookup(*lookup)]
        else:
            sources = [keys.in_state(state) for state in states or CallbackState]

        def wanted(callback: Callback) -> bool:
            return (
                (not states or callback.state in states)
                and (number is None or callback.customer_number == number)
                and (lookup is None or callback.user_data.get(lookup[0]) == lookup[1])
            )

        found: list[Callback] = []
        for source in sources:
            found += await self._read_index(keys, source, wanted, limit)
        found.sort(key=lambda callback: (callback.asked_at_s, callback.id))
        return found[:limit]

    async def find_between(
        self,
        service: str,
        start_s: float,
        end_s: float,
        *,
        states: Sequence[CallbackState],
        after: tuple[float, str] | None = None,
        limit: int = 1000,
    ) -> list[Callback]:
        keys = Keys(service)
        last = after or (start_s, "")
        found: list[Callback] = []
        while len(found) < limit:
            pages = [await self._page_after(keys.in_state(state), last, end_s, _PAGE) for state in states]
            page = sorted(entry for entries in pages for entry in entries)[:_PAGE]
            records = await self._read(keys, [callback_id for _, callback_id in page])
            found += [callback for callback in records if callback is not None and callback.state in states]
            if len(page) < _PAGE:
                break
            last = page[-1]
        return found[:limit]

    async def counts(self, service: str) -> dict[CallbackState, int]:
        keys = Keys(service)

        async def count(redis: Redis) -> list[Any]:
            pipe = redis.pipeline(transaction=False)
            for state in CallbackState:
                pipe.zcard(keys.in_state(state))
            return await pipe.execute()

        counted = await self._connection.run(count)
        return {state: int(n) for state, n in zip(CallbackState, counted, strict=True)}

    # -- slots and pauses ----------------------------------------------------------------------------------------

    async def booked(self, service: str, slots: Sequence[tuple[int, int]]) -> list[int]:
        key = Keys(service).bookings

        async def count(redis: Redis) -> list[Any]:
            # Piece by piece, so that nobody else waits long for the server.
            return [await scripts.BOOKED(redis, [key], list(map(str, args))) for args in slot_runs(slots)]

        counts = [0] * len(slots)
        for piece, found in enumerate(await self._connection.run(count)):
            for index, booked in zip(found[::2], found[1::2], strict=True):
                counts[piece * SLOTS_AT_ONCE + int(index)] = int(booked)
        return counts

    async def pause(self, service: str, reason: str | None, data: Mapping[str, str]) -> None:
        keys = Keys(service)
        kind, text = ("resumed", "-") if reason is None else ("paused", f"={reason}")
        args = [str(self._events_kept), text, *self._event(kind, None, None, data)]
        await self._connection.run(
            lambda redis: scripts.PAUSE(redis, [keys.paused, keys.events], args), repeatable=False
        )

    async def paused(self, service: str) -> str | None:
        key = Keys(service).paused
        reason = await self._connection.run(lambda redis: redis.get(key))
        return None if reason is None else str(reason)

    # -- the line -----------------------------------------------------------------------------------------------

    async def line(self, service: str) -> list[Place]:
        keys = Keys(service)
        names = [*(keys.in_state(state) for state in _IN_LINE), keys.places, keys.claims]
        queued, routing, places, claims = await self._connection.run(lambda redis: scripts.LINE(redis, names, []))
        kept = dict(_pairs(places))
        in_flight = set(claims)
        line = [
            decode_place(callback_id, float(asked_at_s), state, kept[callback_id], callback_id in in_flight)
            for state, entries in zip(_IN_LINE, (queued, routing), strict=True)
            for callback_id, asked_at_s in _pairs(entries)
            if callback_id in kept
        ]
        line.sort(key=lambda place: (place.asked_at_s, place.callback_id))
        return line

    async def due(self, service: str, before_s: float, *, limit: int = 100) -> list[str]:
        booked = Keys(service).in_state(CallbackState.SCHEDULED)
        return _ids(
            await self._connection.run(
                lambda redis: redis.zrange(booked, "-inf", repr(before_s), byscore=True, offset=0, num=limit)
            )
        )

    async def overdue(self, service: str, now_s: float, *, limit: int = 100) -> list[str]:
        keys = Keys(service)

        async def read(redis: Redis) -> tuple[Any, Any]:
            late = await redis.zrange(keys.unfinished, "-inf", repr(now_s), byscore=True, offset=0, num=limit)
            held = await redis.zrange(keys.claims, f"({now_s!r}", "+inf", byscore=True) if late else []
            return late, held

        late, held = await self._connection.run(read)
        return [callback_id for callback_id in _ids(late) if callback_id not in set(held)]

    # -- claims -------------------------------------------------------------------------------------------------

    async def claim(
        self, callback_id: str, worker: str, now_s: float, lease_s: float, *, orphaned: bool = False
    ) -> Claim | None:
        keys = self._keys_of(callback_id)
        if keys is None:
            return None
        until_s = now_s + lease_s
        holder = f"{worker} {secrets.token_hex(8)}"
        args = [callback_id, holder, repr(now_s), repr(until_s), "1" if orphaned else "0"]
        names = [keys.record(callback_id), keys.claims]
        taken = await self._connection.run(lambda redis: scripts.CLAIM(redis, names, args))
        if taken is None:
            return None
        fence, version, body = taken
        return Claim(decode(body, int(version)), worker, int(fence), until_s)

    async def renew(self, claim: Claim, now_s: float, lease_s: float) -> Claim:
        until_s = now_s + lease_s
        names, fence = self._claim_keys(claim), str(claim.fence)
        args = [claim.callback.id, fence, repr(until_s)]
        if not await self._connection.run(lambda redis: scripts.RENEW(redis, names, args)):
            raise StaleWrite(f"{claim.callback.id} is no longer held by {claim.worker}")
        return replace(claim, until_s=until_s)

    async def release(self, claim: Claim) -> None:
        names, args = self._claim_keys(claim), [claim.callback.id, str(claim.fence)]
        await self._connection.run(lambda redis: scripts.RELEASE(redis, names, args))

    async def expired_claims(self, service: str, now_s: float) -> list[str]:
        claims = Keys(service).claims
        return _ids(await self._connection.run(lambda redis: redis.zrange(claims, "-inf", repr(now_s), byscore=True)))

    # -- events -------------------------------------------------------------------------------------------------

    async def log(
        self,
        service: str,
        kind: str,
        *,
        callback_id: str | None = None,
        call_id: str | None = None,
        data: Mapping[str, str] | None = None,
    ) -> None:
        stream = Keys(service).events
        fields: dict[Any, Any] = dict(_pairs(self._event(kind, callback_id, call_id, data or {})))
        await self._connection.run(
            lambda redis: redis.xadd(stream, fields, maxlen=self._events_kept, approximate=True), repeatable=False
        )

    async def events(
        self, service: str, after: str = "0", *, limit: int = 1000, block_s: float = 0.0
    ) -> list[LoggedEvent]:
        stream = Keys(service).events
        if block_s > 0:
            block_ms = max(1, round(block_s * 1000))
            answer = await self._connection.wait(
                lambda redis: redis.xread({stream: after}, count=limit, block=block_ms), block_s
            )
        else:
            answer = await self._connection.run(lambda redis: redis.xread({stream: after}, count=limit))
        return [_logged(service, entry, fields) for _, entries in answer or [] for entry, fields in entries]

    # -- options of a service -----------------------------------------------------------------------------------

    async def changed_options(self, service: str) -> dict[str, str]:
        """What was changed while running, over the file."""
        key = Keys(service).options
        return dict(await self._connection.run(lambda redis: redis.hgetall(key)))

    async def change_options(
        self, service: str, changes: Mapping[str, str | None], kind: str, data: Mapping[str, str]
    ) -> None:
        """Set options, None to fall back to the file, and log `kind`, in one step."""
        keys = Keys(service)
        flat = [part for name, value in changes.items() for part in (name, "-" if value is None else f"={value}")]
        args = [str(self._events_kept), str(len(changes)), *flat, *self._event(kind, None, None, data)]
        await self._connection.run(
            lambda redis: scripts.OPTIONS(redis, [keys.options, keys.events], args), repeatable=False
        )

    # -- what was learnt of waits -------------------------------------------------------------------------------

    async def learnt(self, queue: str) -> str | None:
        """What was last kept of an agent queue."""
        text = await self._connection.run(lambda redis: redis.get(Keys(queue).learnt))
        return None if text is None else str(text)

    async def keep_learnt(self, queue: str, text: str) -> None:
        """Keep what was learnt of an agent queue, over what was kept before."""
        await self._connection.run(lambda redis: redis.set(Keys(queue).learnt, text))

    # -- health -------------------------------------------------------------------------------------------------

    async def ping(self) -> None:
        await self._connection.run(lambda redis: redis.ping(), repeatable=False)

    async def durability(self) -> Durability:
        try:
            settings = await self._connection.run(lambda redis: redis.config_get("append*"))
        except StoreError as error:
            await self.ping()
            return Durability(None, f"the server does not tell its settings ({error})")
        return judge(settings)

    # -- inside -------------------------------------------------------------------------------------------------

    async def _write(
        self,
        script: scripts.Script,
        callback: Callback,
        kind: str,
        data: Mapping[str, str] | None,
        admission: Admission,
        first: str,
        second: str,
    ) -> Any:
        body = encode(callback)
        digest = blake2s(f"{callback.version} {kind} {body}".encode(), digest_size=12).hexdigest()
        event = self._event(kind, callback.id, callback.originating_interaction_id, event_data(callback, data))
        args = [
            callback.id,
            str(callback.state),
            callback.customer_number,
            body,
            digest,
            repr(callback.asked_at_s),
            encode_place(callback),
            repr(callback.expires_at_s),
            repr(callback.kept_until_s),
            encode_admission(admission, callback.created_at_s),
            str(self._events_kept),
            "" if (booked_at_s := booked_at(callback)) is None else repr(booked_at_s),
            repr(callback.created_at_s),
            first,
            second,
            *event,
        ]
        keys = Keys(callback.service).of_write(callback, admission.values)
        return await self._connection.run(lambda redis: script(redis, keys, args))

    @staticmethod
    def _written(callback: Callback, answer: Any, admission: Admission) -> Callback:
        match answer:
            case ["ok", version]:
                return replace(callback, version=int(version))
            case ["paused", reason]:
                raise Paused(str(reason))
            case ["many", window, count, oldest_s]:
                length_s = admission.windows[int(window) - 1].length_s
                raise TooMany(int(window) - 1, int(count), float(oldest_s) + length_s)
            case ["value", number, count, oldest_s]:
                name = admission.values[int(number) - 1][0]
                raise TooManyOfValue(name, int(count), float(oldest_s) + VALUE_WINDOW_S)
            case ["pending", *pending]:
                raise AlreadyWaiting([str(callback_id) for callback_id in pending])
            case ["taken", booked]:
                raise SlotTaken(int(booked))
            case ["full", waiting]:
                raise LineFull(int(waiting))
            case _:
                raise StaleWrite(f"{callback.id} was changed since version {callback.version} was read")

    def _event(self, kind: str, callback_id: str | None, call_id: str | None, data: Mapping[str, str]) -> list[str]:
        parts = ["kind", kind, "at", repr(self._now())]
        if callback_id is not None:
            parts += ["callback", callback_id]
        if call_id is not None:
            parts += ["call", call_id]
        return [*parts, "data", to_json(dict(data))]

    async def _read_index(
        self, keys: Keys, index: str, wanted: Callable[[Callback], bool], limit: int
    ) -> list[Callback]:
        """The first `limit` callbacks of an index that are wanted, in its order, a page at a time."""
        found: list[Callback] = []
        start = 0
        while len(found) < limit:
            ids = await self._page(index, start)
            records = await self._read(keys, ids)
            found += [callback for callback in records if callback is not None and wanted(callback)]
            if len(ids) < _PAGE:
                break
            start += _PAGE
        return found[:limit]

    async def _page(self, index: str, start: int) -> list[str]:
        return _ids(await self._connection.run(lambda redis: redis.zrange(index, start, start + _PAGE - 1)))

    async def _page_after(
        self, index: str, last: tuple[float, str], end_s: float, count: int
    ) -> list[tuple[float, str]]:
        """The first `count` scores and ids of an index that follow `last`, the scores before `end_s`."""
        found: list[tuple[float, str]] = []
        start = 0
        while len(found) < count:
            entries = await self._scored(index, last[0], end_s, start, count)
            found += [entry for entry in entries if entry > last]
            if len(entries) < count:
                break
            start += count
        return found[:count]

    async def _scored(
        self, index: str, start_s: float, end_s: float, start: int, count: int
    ) -> list[tuple[float, str]]:
        end = f"({end_s!r}"
        answer = await self._connection.run(
            lambda redis: redis.zrange(
                index, repr(start_s), end, byscore=True, offset=start, num=count, withscores=True
            )
        )
        return [(float(score), callback_id) for callback_id, score in answer]

    async def _read(self, keys: Keys, ids: Iterable[str]) -> list[Callback | None]:
        async def read(redis: Redis) -> list[Any]:
            pipe = redis.pipeline(transaction=False)
            for callback_id in ids:
                pipe.hmget(keys.record(callback_id), ["body", "version"])
            return await pipe.execute()

        return [self._alive(found) for found in await self._connection.run(read)]

    @staticmethod
    def _alive(found: Sequence[str | None]) -> Callback | None:
        body, version = found
        return None if body is None or version is None else decode(body, int(version))

    @staticmethod
    def _keys_of(callback_id: str) -> Keys | None:
        service = service_of(callback_id)
        return None if service is None else Keys(service)

    def _claim_keys(self, claim: Claim) -> list[str]:
        keys = Keys(claim.callback.service)
        return [keys.record(claim.callback.id), keys.claims]


def _pairs(flat: Sequence[str]) -> Iterable[tuple[str, str]]:
    return zip(flat[::2], flat[1::2], strict=True)


def _ids(answer: Iterable[Any]) -> list[str]:
    return [str(callback_id) for callback_id in answer]


def _logged(service: str, entry: str, fields: Mapping[str, str]) -> LoggedEvent:
    try:
        return LoggedEvent(
            id=entry,
            at_s=float(fields["at"]),
            kind=fields["kind"],
            service=service,
            callback_id=fields.get("callback"),
            call_id=fields.get("call"),
            data=json.loads(fields["data"]),
        )
    except (KeyError, ValueError) as error:
        raise CorruptRecord(f"event {entry} of {service} cannot be read: {error}") from error
