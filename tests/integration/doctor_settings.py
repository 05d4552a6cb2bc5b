"""Settings of an installation for the doctor to look at, wherever its parts are."""

from __future__ import annotations

import asyncio
from pathlib import Path

from ivr.doctor.check import Check
from ivr.settings import Settings, load_settings

NOWHERE = "http://127.0.0.1:1/ari"


def write_settings(
    folder: Path,
    *,
    ari_url: str = NOWHERE,
    ami_port: int = 1,
    redis_url: str = "redis://127.0.0.1:1/0",
    http_port: int = 1,
    more: str = "",
) -> Path:
    """A settings file with the service `support`, and `more` TOML at its end."""
    path = folder / "ivr.toml"
    path.write_text(
        f"""
[asterisk]
ari_url = "{ari_url}"
ari_user = "callback"
ari_password = "secret"
ami_host = "127.0.0.1"
ami_port = {ami_port}
ami_user = "callback"
ami_password = "secret"

[redis]
url = "{redis_url}"

[http]
port = {http_port}
api_key = "0123456789abcdef"

[service.support]
{more}
"""
    )
    return path


async def settings_of(folder: Path, **parts: object) -> Settings:
    """The same, read, without what the environment says. In a thread, since it reads a file."""

    def read() -> Settings:
        return load_settings(write_settings(folder, **parts), {})  # type: ignore[arg-type]  # passed on

    return await asyncio.to_thread(read)


def named(checks: list[Check], name: str) -> Check:
    (check,) = [check for check in checks if check.name == name]
    return check
