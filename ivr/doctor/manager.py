"""One AMI connection for the length of an examination: opened once, never mended."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence

from ivr.ami.client import EVENT_CLASSES
from ivr.ami.connection import AmiConnection
from ivr.ami.errors import AmiConnectionError, AmiError, AmiTimeout
from ivr.ami.events import AmiEvent, decode
from ivr.ami.protocol import AmiMessage


class Manager:
    """Asks over AMI, and keeps count of the events that come in meanwhile."""

    def __init__(self, host: str, port: int, timeout_s: float) -> None:
        self._host, self._port, self._timeout_s = host, port, timeout_s
        self._connection: AmiConnection | None = None
        self._reading: asyncio.Task[None] | None = None
        self.classes: Counter[str] = Counter()
        """How many events of which class came: call, agent and so on."""

    async def open(self, user: str, secret: str) -> str:
        """Connect and log in; what Asterisk says it is. Raises AmiError."""
        try:
            async with asyncio.timeout(self._timeout_s):
                reader, writer = await asyncio.open_connection(self._host, self._port)
        except TimeoutError as error:
            raise AmiTimeout(f"no connection within {self._timeout_s:g} s") from error
        except OSError as error:
            raise AmiConnectionError(str(error)) from error
        connection = AmiConnection(reader, writer, self._hear)
        self._connection = connection
        self._reading = asyncio.create_task(self._read(connection), name="doctor ami reader")
        await connection.log_in(user, secret, EVENT_CLASSES, self._timeout_s)
        return connection.banner

    async def ask(self, action: str, **headers: str) -> AmiMessage:
        """The response to an action. Raises AmiError."""
        (message,) = await self._opened().ask(action, headers, self._timeout_s)
        return message

    async def ask_list(self, action: str, **headers: str) -> Sequence[AmiEvent]:
        """The items of a list. Raises AmiError."""
        items = await self._opened().ask(action, headers, self._timeout_s, is_list=True)
        return [decode(item) for item in items]

    async def close(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait([self._reading])
        if self._connection is not None:
            await self._connection.close()

    async def _read(self, connection: AmiConnection) -> None:
        try:
            await connection.read()
        except AmiError as error:
            connection.fail(error)

    def _opened(self) -> AmiConnection:
        if self._connection is None:
            raise AmiConnectionError("there is no AMI connection")
        return self._connection

    def _hear(self, message: AmiMessage) -> None:
        self.classes.update(message.get("Privilege").split(","))
