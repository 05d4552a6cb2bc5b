"""Checks before a lab starts, each failure one line with its mend."""

from __future__ import annotations

import errno
import os
import shutil
import socket
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ivr.lab import places
from ivr.lab.errors import LabError

NEEDED_MB = 300
"""Free space for a lab's logs, recordings and store."""

TOOLS = {"unshare": "util-linux", "nsenter": "util-linux", "mount": "mount", "chroot": "coreutils"}


@dataclass(frozen=True, slots=True)
class Port:
    """A port that the lab needs, and for what."""

    host: str
    number: int
    protocol: str
    purpose: str

    def __str__(self) -> str:
        return f"{self.protocol} {self.host}:{self.number} ({self.purpose})"


def needed_ports(*, carrier: bool = True, app: bool = True) -> list[Port]:
    """The ports of a lab with or without its own carrier and the application."""
    ports = [
        Port(places.PBX_HOST, places.SIP_PORT, "udp", "the PBX's SIP"),
        Port(places.PBX_HOST, places.ARI_PORT, "tcp", "the PBX's ARI"),
        Port(places.PBX_HOST, places.AMI_PORT, "tcp", "the PBX's AMI"),
        Port(places.PBX_HOST, places.REDIS_PORT, "tcp", "the lab's Valkey"),
    ]
    if carrier:
        ports.append(Port(places.CARRIER_HOST, places.SIP_PORT, "udp", "the carrier's SIP"))
    if app:
        ports.append(Port(places.PBX_HOST, places.HTTP_PORT, "tcp", "the application's HTTP"))
    return ports


def check_machine(where: Path) -> None:
    """Raises `LabError` unless this is a Linux, we are root, the tools are there and `where` has room."""
    if sys.platform != "linux":
        raise LabError("the lab boots Asterisk in Linux name spaces", "run it on Linux, or use docker/compose.yaml")
    if os.geteuid() != 0:
        raise LabError("the lab needs root, because it boots Asterisk in a root file system of its own", "use sudo")
    for tool, package in TOOLS.items():
        if shutil.which(tool) is None:
            raise LabError(f"the command {tool} is missing", f"apt-get install {package}")
    existing = next(one for one in (where, *where.parents) if one.exists())
    free_mb = shutil.disk_usage(existing).free // 2**20
    if free_mb < NEEDED_MB:
        raise LabError(
            f"{existing} has {free_mb} MB free and the lab needs {NEEDED_MB}",
            "free some, or set QUEUE_CALLBACK_LAB_DIR to a directory elsewhere",
        )


def check_ports(ports: list[Port], patience_s: float = 2.0) -> None:
    """Raises `LabError` naming each port that is still taken after `patience_s`, and by whom if it can be seen.

    The patience is for the last breaths of a lab that was killed a moment ago.
    """
    deadline = time.monotonic() + patience_s
    while taken := [port for port in ports if not _is_free(port)]:
        if time.monotonic() > deadline:
            names = " and ".join(f"{port} by {_holder(port) or 'another process'}" for port in taken)
            raise LabError(f"ports in use: {names}", "stop that, then start the lab again")
        time.sleep(0.1)


def _is_free(port: Port) -> bool:
    kind = socket.SOCK_DGRAM if port.protocol == "udp" else socket.SOCK_STREAM
    with socket.socket(socket.AF_INET, kind) as probe:
        if kind == socket.SOCK_STREAM:
            # Connections that linger after a close do not count; a listener still does.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((port.host, port.number))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise LabError(f"cannot use {port}: {error.strerror}", "is the loopback interface up?") from error
    return True


def _holder(port: Port) -> str | None:
    """The name and pid of the process that holds a port, if this user may see it."""
    inodes = set(_socket_inodes(port))
    for pid in (name for name in os.listdir("/proc") if name.isdecimal()):
        try:
            for descriptor in os.listdir(f"/proc/{pid}/fd"):
                if os.readlink(f"/proc/{pid}/fd/{descriptor}") in inodes:
                    return f"{Path(f'/proc/{pid}/comm').read_text().strip()} (pid {pid})"
        except OSError:
            continue  # It ended meanwhile, or it is somebody else's.
    return None


def _socket_inodes(port: Port) -> Iterator[str]:
    """The sockets that hold the port: at its own address or at all of them."""
    own = socket.inet_aton(port.host)[::-1].hex().upper()
    addresses = {f"{address}:{port.number:04X}" for address in (own, "0" * 8, "0" * 32)}
    listening = "0A"
    for table in (port.protocol, f"{port.protocol}6"):
        try:
            lines = Path(f"/proc/net/{table}").read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if fields[1] in addresses and (port.protocol == "udp" or fields[3] == listening):
                yield f"socket:[{fields[9]}]"
