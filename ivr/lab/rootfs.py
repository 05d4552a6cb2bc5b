"""The Asterisk that the lab boots: a root file system built once and cached (docker/rootfs/build)."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

from ivr.lab.errors import LabError
from ivr.lab.places import rootfs_builder
from ivr.lab.process import die_with_parent


def ensure(on_step: Callable[[str], None]) -> Path:
    """The path of the root file system, built first if it is not in the cache (about a minute).

    `on_step` gets the builder's progress lines. Raises `LabError` with the builder's explanation.
    """
    builder = rootfs_builder()
    last_line = ""
    # In a session of its own, so that all of it can be ended together when we are interrupted.
    with subprocess.Popen(
        ["bash", str(builder)],  # A wheel keeps no executable bit.
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=die_with_parent(signal.SIGKILL),
    ) as build:
        assert build.stderr is not None and build.stdout is not None  # noqa: PT018
        try:
            for line in build.stderr:
                last_line = line.strip().removeprefix("rootfs: ")
                on_step(last_line)
            path = build.stdout.read().strip()
            code = build.wait()
        except BaseException:
            os.killpg(build.pid, signal.SIGKILL)
            raise
    if code != 0 or not path:
        raise LabError(last_line or f"docker/rootfs/build ended with status {code}")
    return Path(path)
