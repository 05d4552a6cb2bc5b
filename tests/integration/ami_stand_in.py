"""Something that looks like Asterisk's manager port from outside, on a real socket, and can misbehave on demand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from hashlib import md5
from typing import Self

from ivr.ami.protocol import AmiMessage, AmiParser

USER, SECRET = "callback", "secret"
CHALLENGE = "132315065"

Answer = Callable[[AmiMessage], str | None]


class AmiStandIn:
    """Speaks AMI: logs in who knows the secret, answers by a table, and sends events to who is logged in.

    `answers` maps an action's name to a function that gives the answer as text, or None to stay silent.
    """

    def __init__(self) -> None:
        self.seen: list[AmiMessage] = []
        self.answers: dict[str, Answer] = {}
        self.secret = SECRET
        self.logins = 0
        self.connections_ever = 0
        self.deaf = False
        """Accept connections and say nothing."""
        self.changed = asyncio.Condition()
        self.port = 0
        self._server: asyncio.Server | None = None
        self._logged_in: list[asyncio.StreamWriter] = []
        self._writers: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        """Listen; on the same port as the last time, if there was one."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Be gone, as an Asterisk that is being restarted."""
        if self._server is not None:
            self._server.close()
            self.drop()
            await self._server.wait_closed()
            self._server = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.stop()

    def drop(self) -> None:
        """Cut every connection without a word."""
        for writer in self._writers:
            writer.transport.abort()

    def send(self, text: str) -> None:
        """Send to everybody who is logged in; lines end in \\n here and in \\r\\n on the wire."""
        for writer in self._logged_in:
            writer.write(wire(text))

    def event(self, kind: str, **headers: object) -> None:
        lines = "".join(f"{name}: {value}\n" for name, value in headers.items())
        self.send(f"Event: {kind}\n{lines}\n")

    def asked(self, action: str) -> list[AmiMessage]:
        return [message for message in self.seen if message.get("Action") == action]

    async def until(self, happened: Callable[[], bool], within_s: float = 5.0) -> None:
        async with asyncio.timeout(within_s), self.changed:
            await self.changed.wait_for(happened)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections_ever += 1
        self._writers.add(writer)
        parser = AmiParser()
        try:
            if not self.deaf:
                writer.write(b"Asterisk Call Manager/11.0.0\r\n")
            while data := await reader.read(65536):
                for message in parser.feed(data):
                    self.seen.append(message)
                    answer = None if self.deaf else self._answer(message, writer)
                    if answer is not None:
                        writer.write(wire(answer.replace("{id}", message.action_id)))
                    async with self.changed:
                        self.changed.notify_all()
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            self._writers.discard(writer)
            if writer in self._logged_in:
                self._logged_in.remove(writer)
            writer.close()

    def _answer(self, message: AmiMessage, writer: asyncio.StreamWriter) -> str | None:
        action = message.get("Action")
        if action == "Challenge":
            return f"Response: Success\nActionID: {{id}}\nChallenge: {CHALLENGE}\n\n"
        if action == "Login":
            key = md5(f"{CHALLENGE}{self.secret}".encode(), usedforsecurity=False).hexdigest()
            if (message.get("Username"), message.get("Key")) != (USER, key):
                return "Response: Error\nActionID: {id}\nMessage: Authentication failed\n\n"
            self.logins += 1
            self._logged_in.append(writer)
            return "Response: Success\nActionID: {id}\nMessage: Authentication accepted\n\n"
        if writer not in self._logged_in:
            return "Response: Error\nActionID: {id}\nMessage: Permission denied\n\n"
        if action in self.answers:
            return self.answers[action](message)
        if action == "Ping":
            return "Response: Success\nActionID: {id}\nPing: Pong\n\n"
        return "Response: Error\nActionID: {id}\nMessage: Invalid/unknown command: " + action + "\n\n"


def wire(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode()


def queue_status(*items: tuple[str, Mapping[str, object]]) -> str:
    """An answer to QueueStatus with these items."""
    listed = "".join(
        f"Event: {kind}\n" + "".join(f"{name}: {value}\n" for name, value in headers.items()) + "ActionID: {id}\n\n"
        for kind, headers in items
    )
    return (
        "Response: Success\nActionID: {id}\nEventList: start\nMessage: Queue status will follow\n\n"
        + listed
        + f"Event: QueueStatusComplete\nActionID: {{id}}\nEventList: Complete\nListItems: {len(items)}\n\n"
    )
