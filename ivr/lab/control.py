"""How a running lab is asked things: one JSON line each way over a Unix socket in its directory."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

from ivr.lab.errors import LabError

SOCKET = "control"
ANSWER_S = 60.0
"""Starting a part may take as long as a boot."""


def ask(where: Path, request: dict[str, Any]) -> dict[str, Any]:
    """Asks the lab in `where`; raises `LabError` when none runs there or when it says no. Blocks."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(ANSWER_S)
        try:
            connection.connect(str(where / SOCKET))
        except OSError:
            raise LabError(f"no lab is running in {where}", "start one with `ivr lab up`") from None
        try:
            connection.sendall(json.dumps(request).encode() + b"\n")
            with connection.makefile("rb") as answers:
                line = answers.readline()
        except OSError as error:
            raise LabError(f"the lab in {where} does not answer: {error}") from error
    if not line:
        raise LabError(f"the lab in {where} ended before it answered")
    answer: dict[str, Any] = json.loads(line)
    if "error" in answer:
        raise LabError(answer["error"])
    return answer


@contextlib.asynccontextmanager
async def serve(where: Path, answer: Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]) -> AsyncIterator[None]:
    """Answers questions while the block runs."""

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            try:
                said = await answer(json.loads(await reader.readline()))
            except (LabError, ValueError) as error:
                said = {"error": str(error)}
            writer.write(json.dumps(said).encode() + b"\n")
            await writer.drain()
        except OSError:
            pass  # Who asked has gone.
        finally:
            writer.close()

    server = await asyncio.start_unix_server(one, path=str(where / SOCKET))
    try:
        yield
    finally:
        server.close()
