"""Is a part of the lab ready? Each question is asked once, with a short deadline, and an error means no."""

from __future__ import annotations

import asyncio

from ivr.lab.jail import Jail

ASK_S = 2.0


async def redis_answers(host: str, port: int) -> bool:
    """Whether a Redis or Valkey server answers PING."""
    return (await _ask(host, port, b"PING\r\n")).startswith(b"+PONG")


async def http_answers(host: str, port: int, path: str) -> bool:
    """Whether a GET of `path` is answered with 200."""
    request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
    return b" 200 " in (await _ask(host, port, request))[:20]


async def asterisk_answers(jail: Jail) -> bool:
    """Whether an Asterisk has fully booted."""
    if not (jail.own / "run" / "asterisk.ctl").exists():
        return False
    return "fully booted" in await cli(jail, "core waitfullybooted")


async def cli(jail: Jail, command: str) -> str:
    """What a CLI command printed; empty when it could not be run in time."""
    try:
        process = await asyncio.create_subprocess_exec(
            *jail.cli, command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
        )
    except OSError:
        return ""
    try:
        async with asyncio.timeout(ASK_S):
            out, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        return ""
    return out.decode(errors="replace")


async def _ask(host: str, port: int, request: bytes) -> bytes:
    try:
        async with asyncio.timeout(ASK_S):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(request)
                await writer.drain()
                return await reader.readline()
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return b""
