"""One AMI connection, from its opening to its end: who asked what, and what came back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import md5
from itertools import count

from ivr.ami.errors import AmiActionError, AmiAuthError, AmiConnectionError, AmiError, AmiTimeout
from ivr.ami.protocol import AmiMessage, AmiParser, encode_action

READ_BYTES = 65536
# A queue list has a line per member and caller; far above any real one, and a bound all the same.
MAX_LIST = 100_000


@dataclass(slots=True)
class _Asked:
    """An action under way."""

    action: str
    answer: asyncio.Future[list[AmiMessage]]
    is_list: bool
    items: list[AmiMessage] = field(default_factory=list)


class AmiConnection:
    """Pairs actions and answers on an open connection. `read` must run as long as it is used."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        on_event: Callable[[AmiMessage], None],
    ) -> None:
        """`on_event` gets every event but the items of lists that were asked for; it must not block or raise."""
        self._reader = reader
        self._writer = writer
        self._on_event = on_event
        self._parser = AmiParser()
        self._asked: dict[str, _Asked] = {}
        self._numbers = count(1)

    @property
    def banner(self) -> str:
        return self._parser.banner

    @property
    def dropped(self) -> int:
        """Messages that were too long to be read."""
        return self._parser.dropped

    async def read(self) -> None:
        """Take in what arrives. Ends only by raising AmiConnectionError."""
        try:
            while data := await self._reader.read(READ_BYTES):
                for message in self._parser.feed(data):
                    self._take(message)
        except OSError as error:
            raise AmiConnectionError(f"the connection broke: {error}") from error
        raise AmiConnectionError("Asterisk closed the connection")

    async def log_in(self, user: str, secret: str, events: str, timeout_s: float) -> None:
        """Raises AmiAuthError when it is refused. The secret itself does not cross the wire."""
        try:
            (challenge,) = await self.ask("Challenge", {"AuthType": "MD5"}, timeout_s)
            # AMI's own form of login; md5 is not ours to choose.
            key = md5(f"{challenge.get('Challenge')}{secret}".encode(), usedforsecurity=False).hexdigest()
            await self.ask("Login", {"AuthType": "MD5", "Username": user, "Key": key, "Events": events}, timeout_s)
        except AmiActionError as error:
            raise AmiAuthError(f"Asterisk refuses the AMI user {user}: {error.reason}") from error

    async def ask(
        self, action: str, headers: Mapping[str, str], timeout_s: float, *, is_list: bool = False
    ) -> list[AmiMessage]:
        """The answer: one response, or the items of a list, in order.

        Raises AmiActionError, AmiTimeout, AmiConnectionError, AmiInvalidRequest.
        """
        action_id = str(next(self._numbers))
        data = encode_action(action, action_id, headers)
        asked = _Asked(action, asyncio.get_running_loop().create_future(), is_list)
        self._asked[action_id] = asked
        try:
            async with asyncio.timeout(timeout_s):
                self._writer.write(data)
                await self._writer.drain()
                return await asked.answer
        except TimeoutError as error:
            raise AmiTimeout(f"{action}: no complete answer within {timeout_s:g} s") from error
        except OSError as error:
            raise AmiConnectionError(f"{action}: {error}") from error
        finally:
            del self._asked[action_id]

    def fail(self, error: AmiError) -> None:
        """Tell everybody who waits for an answer that none will come."""
        for asked in self._asked.values():
            if not asked.answer.done():
                asked.answer.set_exception(error)

    async def close(self) -> None:
        self._writer.close()
        # The other side may be gone already; what matters is that our end is let go of.
        try:
            async with asyncio.timeout(1.0):
                await self._writer.wait_closed()
        except (OSError, TimeoutError):
            self._writer.transport.abort()

    def _take(self, message: AmiMessage) -> None:
        asked = self._asked.get(message.action_id)
        if asked is None:
            if message.event:
                self._on_event(message)
            return
        if asked.answer.done():
            return
        if message.event:
            self._take_item(asked, message)
        elif message.response.lower() == "error":
            asked.answer.set_exception(AmiActionError(asked.action, message.get("Message", "no reason given")))
        elif not asked.is_list:
            asked.answer.set_result([message])

    def _take_item(self, asked: _Asked, message: AmiMessage) -> None:
        match message.get("EventList").lower():
            case "complete":
                asked.answer.set_result(asked.items)
            case "cancelled":
                asked.answer.set_exception(AmiActionError(asked.action, "the list was cancelled"))
            case _ if len(asked.items) >= MAX_LIST:
                asked.answer.set_exception(AmiActionError(asked.action, f"more than {MAX_LIST} items"))
            case _:
                asked.items.append(message)
