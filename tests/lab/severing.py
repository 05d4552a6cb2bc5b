"""Breaks the TCP connections of another process, as a network does, without touching either program."""

from __future__ import annotations

import ctypes
import os
import socket
from pathlib import Path

_PIDFD_GETFD = 438
_ESTABLISHED = "01"


def sever(pid: int, port: int) -> int:
    """Shut every IPv4 connection of the process `pid` to that port; how many there were. Needs root."""
    wanted = _connected_to(pid, port)
    cut = 0
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        try:
            inode = os.readlink(entry)
        except FileNotFoundError:
            continue
        if inode in wanted:
            _shut(pid, int(entry.name))
            cut += 1
    return cut


def _connected_to(pid: int, port: int) -> set[str]:
    """The sockets of the process's network with that remote port, as the links in /proc/PID/fd name them."""
    lines = Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]
    rows = (line.split() for line in lines)
    return {
        f"socket:[{inode}]"
        for _, _, remote, state, _, _, _, _, _, inode, *_ in rows
        if state == _ESTABLISHED and int(remote.partition(":")[2], 16) == port
    }


def _shut(pid: int, number: int) -> None:
    """Shut down a socket by its file descriptor in another process."""
    process = os.pidfd_open(pid)
    try:
        copy = ctypes.CDLL(None, use_errno=True).syscall(_PIDFD_GETFD, process, number, 0)
        if copy < 0:
            raise OSError(ctypes.get_errno(), "pidfd_getfd")
        with socket.socket(fileno=copy) as connection:
            connection.shutdown(socket.SHUT_RDWR)
    finally:
        os.close(process)
