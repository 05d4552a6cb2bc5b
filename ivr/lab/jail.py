"""How one Asterisk is run: its own mounts and processes, which vanish with it whatever ends it."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

_ENTER = """
tree=$1; own=$2
mount --bind "$tree" "$tree"
mount -o remount,bind,ro "$tree"
mount --bind "$own" "$tree/lab"
mount --bind "$own/hosts" "$tree/etc/hosts"
mount --bind "$own/prompts/callback" "$tree/usr/share/asterisk/sounds/callback"
mount -t proc proc "$tree/proc"
mount --rbind /dev "$tree/dev"
mount -t tmpfs tmpfs "$tree/tmp"
ulimit -n 32768 2>/dev/null || true
cd /
exec chroot "$tree" /usr/sbin/asterisk -f -C /lab/etc/asterisk.conf
"""

_CLI = """#!/bin/sh
# A CLI command on the lab's {name}: {path} core show channels
pid=$(cat {pid_file} 2>/dev/null) || {{ echo "the {name} is not running" >&2; exit 1; }}
exec nsenter --target "$pid" --mount --root --wd /usr/sbin/asterisk -C /lab/etc/asterisk.conf -rx "$*"
"""


@dataclass(frozen=True, slots=True)
class Jail:
    """One Asterisk's place: `tree` is the shared root file system, `own` its directory, mounted there as /lab.

    It shares the machine's network, sees only its own processes, and cannot write to the shared tree.
    """

    name: str
    tree: Path
    own: Path

    @property
    def command(self) -> list[str]:
        """Runs Asterisk in the foreground, as the first process of its own process name space.

        The direct child of this command is Asterisk; killing the command kills it (--kill-child).
        """
        enter = ["bash", "-euc", _ENTER, self.name, str(self.tree), str(self.own)]
        return ["unshare", "--mount", "--pid", "--fork", "--kill-child", *enter]

    @property
    def pid_file(self) -> Path:
        """Holds Asterisk's pid, as this machine counts, while it runs."""
        return self.own / "pid"

    @property
    def cli(self) -> list[str]:
        """A command that runs the CLI command appended to it."""
        return [str(self.own / "cli")]

    def prepare(self) -> None:
        """Makes the directories that Asterisk writes to, and the CLI command."""
        make_directories(self.own)
        script = self.own / "cli"
        paths = {"path": shlex.quote(str(script)), "pid_file": shlex.quote(str(self.pid_file))}
        script.write_text(_CLI.format(name=self.name, **paths))
        script.chmod(0o755)


def make_directories(own: Path) -> None:
    """Makes the directories that an Asterisk at `own` writes to; what is in them stays."""
    for directory in ("etc", "lib", "spool", "run", "log/cdr-custom", "prompts/callback"):
        (own / directory).mkdir(parents=True, exist_ok=True)
