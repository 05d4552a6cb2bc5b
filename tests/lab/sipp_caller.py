"""Callers played by SIPp, and what became of their calls."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from pathlib import Path

from sipp_scenario import From, Step, length_s, scenario, voice

SIP_PORT = 5060
RTP_PORT = 20000
_GRACE_S = 10.0
"""What setting a call up and ending it may take beside its steps."""
_ANSWER_MS = 5000
"""How long the PBX may take for an answer to any message."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A call as it was. Moments are epoch seconds."""

    as_planned: bool
    """Every step came to pass, and nothing else did."""
    exit_code: int
    """SIPp's."""
    own_ip: str
    answered_at_s: float | None
    ended_at_s: float | None
    """When the BYE was sent, by whoever sent it."""
    hung_up_by: str
    """us or them; empty if nobody did."""
    trace: str
    """For a person: SIPp's complaints and every message."""

    @property
    def lasted_s(self) -> float:
        """From the answer to the end, seconds."""
        assert self.answered_at_s is not None, self.trace
        assert self.ended_at_s is not None, self.trace
        return self.ended_at_s - self.answered_at_s


class Calling:
    """A call under way, in a process of its own."""

    def __init__(self, process: subprocess.Popen[bytes], folder: Path, own_ip: str, limit_s: float) -> None:
        self._process, self._folder = process, folder
        self.own_ip = own_ip
        self._deadline_s = time.monotonic() + limit_s

    def ended(self) -> Ended:
        """Waits for its end, which SIPp's own time limit brings about."""
        try:
            code = self._process.wait(max(0.0, self._deadline_s - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"SIPp did not end in time\n{self._trace()}") from None
        return _read(code, self.own_ip, self._trace())

    def answered_at_s(self) -> float | None:
        """When the call was answered, epoch seconds; None if it is not, as yet."""
        return _read(0, self.own_ip, self._trace()).answered_at_s

    @property
    def is_over(self) -> bool:
        return self._process.poll() is not None

    def kill(self) -> None:
        """Ends it without a word to the other side."""
        if not self.is_over:
            self._process.kill()
            self._process.wait()

    def _trace(self) -> str:
        files = (self._folder / name for name in ("errors", "messages"))
        return "\n".join(file.read_text(errors="replace") for file in files if file.exists())


class Phones:
    """Makes calls, each from an address of its own. `folder` gets scenarios and traces."""

    def __init__(self, folder: Path, target: str) -> None:
        self._folder, self._target = folder, target
        self._calls: list[Calling] = []
        self._numbers = count()

    def call(self, who: From | str, *steps: Step, service: str = "support") -> Calling:
        """Starts a call to `service`; a text is the caller's number."""
        number = next(self._numbers)
        own_ip = f"127.0.{1 + number // 250}.{1 + number % 250}"
        folder = self._folder / f"call-{number}"
        folder.mkdir()
        (folder / "scenario.xml").write_text(
            scenario(From(who) if isinstance(who, str) else who, steps, folder / "voice.pcap")
        )
        voice(steps).write_pcap(folder / "voice.pcap")
        limit_s = _GRACE_S + sum(length_s(step) for step in steps)
        process = subprocess.Popen(
            [
                *("sipp", self._target, "-sf", "scenario.xml", "-s", service, "-m", "1", "-nostdin"),
                *("-i", own_ip, "-p", str(SIP_PORT), "-mi", own_ip, "-mp", str(RTP_PORT), "-ci", own_ip),
                *("-timeout", f"{limit_s:.0f}", "-timeout_error", "-recv_timeout", str(_ANSWER_MS)),
                *("-trace_msg", "-message_file", "messages", "-trace_err", "-error_file", "errors"),
            ],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        calling = Calling(process, folder, own_ip, limit_s + 5)
        self._calls.append(calling)
        return calling

    def close(self) -> None:
        """Ends what still runs."""
        for call in self._calls:
            call.kill()


_HEAD = re.compile(r"^-{20,} (\S+ [\d:.]+)\nUDP message (sent|received)[^\n]*\n\n(\S[^\n]*)\n", re.MULTILINE)
_CSEQ = re.compile(r"^CSeq: \d+ (\w+)", re.MULTILINE)


def _read(exit_code: int, own_ip: str, trace: str) -> Ended:
    answered_at_s: float | None = None
    ended_at_s: float | None = None
    by = ""
    for at_s, sent, first_line, method in _messages(trace):
        if first_line.startswith("SIP/2.0 200") and method == "INVITE" and answered_at_s is None:
            answered_at_s = at_s
        elif first_line.startswith("BYE ") and ended_at_s is None:
            ended_at_s, by = at_s, "us" if sent else "them"
    return Ended(exit_code == 0, exit_code, own_ip, answered_at_s, ended_at_s, by, trace)


def _messages(trace: str) -> Iterator[tuple[float, bool, str, str]]:
    """Moment, whether we sent it, first line and method of every message."""
    for head in _HEAD.finditer(trace):
        method = _CSEQ.search(trace, head.end())
        # SIPp writes local time.
        at_s = datetime.strptime(head[1], "%Y-%m-%d %H:%M:%S.%f").astimezone().timestamp()
        yield at_s, head[2] == "sent", head[3], method[1] if method else ""
