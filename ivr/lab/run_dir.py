"""The directory of a running lab: claimed by one lab at a time, gone when it ends."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from pathlib import Path

from ivr.lab.errors import LabError

_MARK = "queue-callback-lab"
"""A file that tells a lab's directory from somebody's own."""


def claim(path: Path) -> int:
    """Makes `path` this lab's, empty, and returns a descriptor that holds the claim until it is closed everywhere.

    What a killed lab left there is removed first. Raises `LabError` when a lab is running, or when the directory
    is not a lab's.
    """
    while True:
        try:
            path.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise LabError(f"cannot make the lab's directory {path}: {error.strerror}") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise LabError(
                f"a lab is already running in {path}{_keeper_of(path)}",
                "see `ivr lab ps`, end it with `ivr lab down`",
            ) from None
        if _is_same(path, descriptor):
            break
        os.close(descriptor)  # The lab that held it ended and removed it meanwhile.
    try:
        _empty(path)
    except BaseException:
        os.close(descriptor)
        raise
    (path / _MARK).touch()
    return descriptor


def remove(path: Path) -> None:
    """Removes a lab's directory. All of its processes must have ended; its mounts ended with them."""
    _refuse_mounts(path)
    shutil.rmtree(path, ignore_errors=True)


def keep(path: Path, where: Path) -> None:
    """Copies what a lab that ends wrote (logs, recordings, configuration) to `where`."""
    shutil.copytree(path, where, dirs_exist_ok=True, ignore=_sockets)


def _empty(path: Path) -> None:
    entries = list(path.iterdir())
    if entries and not (path / _MARK).exists():
        raise LabError(f"{path} is not a lab's directory and is not empty", "choose another QUEUE_CALLBACK_LAB_DIR")
    _refuse_mounts(path)
    for entry in entries:
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def _refuse_mounts(path: Path) -> None:
    inside = f"{path.resolve()}/"
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        if line.split()[4].startswith(inside):
            raise LabError(f"something is mounted in {path}: {line.split()[4]}", "unmount it first")


def _is_same(path: Path, descriptor: int) -> bool:
    try:
        there = path.stat()
    except FileNotFoundError:
        return False
    held = os.fstat(descriptor)
    return (there.st_dev, there.st_ino) == (held.st_dev, held.st_ino)


def _keeper_of(path: Path) -> str:
    try:
        return f" (pid {json.loads((path / 'lab.json').read_text())['pids']['keeper']})"
    except (OSError, ValueError, KeyError):
        return ""


def _sockets(directory: str, names: list[str]) -> list[str]:
    return [name for name in names if (Path(directory) / name).is_socket()]
