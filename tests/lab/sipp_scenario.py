"""What a caller does, step by step, as a scenario and a voice for SIPp."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import quoteattr

from voice import KEYS, ULAW, Voice

KEY_S = 0.3
"""From one key to the next."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Listens for so long."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Press:
    """Keys, one after the other: in the audio stream (RFC 4733), or as SIP INFO."""

    keys: str
    by_info: bool = False


@dataclass(frozen=True, slots=True)
class Whistle:
    """Makes a steady tone for so long."""

    hz: float
    seconds: float


@dataclass(frozen=True, slots=True)
class HangUp:
    """Ends the call."""


@dataclass(frozen=True, slots=True)
class UntilEnded:
    """Stays until the other side hangs up, at most so long; a call that goes on is a failure."""

    seconds: float


Step = Wait | Press | Whistle | HangUp | UntilEnded


@dataclass(frozen=True, slots=True)
class From:
    """What a call says of who calls. An empty `display` is left out."""

    user: str
    display: str = "Test"
    host: str = "[local_ip]"

    def header(self) -> str:
        display = f'"{self.display}" ' if self.display else ""
        return f"From: {display}<sip:{self.user}@{self.host}>;tag=[pid]-[call_number]"


ANONYMOUS = From("anonymous", "Anonymous", "anonymous.invalid")


def length_s(step: Step) -> float:
    """How long a step takes, or may take."""
    match step:
        case Wait(seconds) | Whistle(_, seconds) | UntilEnded(seconds):
            return seconds
        case Press(keys):
            return len(keys) * KEY_S
        case HangUp():
            return 0.0


def voice(steps: Iterable[Step]) -> Voice:
    """What the caller's telephone sends from the answer on."""
    sent = Voice()
    for step in steps:
        match step:
            case Whistle(hz, seconds):
                sent.tone(hz, seconds)
            case Press(keys, by_info=False):
                for key in keys:
                    sent.key(key, KEY_S)
            case _:
                sent.silence(length_s(step))
    return sent


def scenario(who: From, steps: Iterable[Step], voice_pcap: Path) -> str:
    """A call that plays the voice once answered, and ends as the steps do."""
    dialog = _Dialog(who)
    body = "".join(dialog.step(step) for step in steps)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<scenario name="caller">\n'
        f"{dialog.begin()}<nop><action><exec play_pcap_audio={quoteattr(str(voice_pcap))}/></action></nop>\n"
        f"{body}</scenario>\n"
    )


class _Dialog:
    """The messages of one call, as SIPp's templates."""

    def __init__(self, who: From) -> None:
        self._from = who.header()
        self._cseq = 1

    def begin(self) -> str:
        """Up to the ACK."""
        offer = (
            "application/sdp",
            "v=0",
            "o=- 1 1 IN IP4 [local_ip]",
            "s=-",
            "c=IN IP4 [media_ip]",
            "t=0 0",
            f"m=audio [media_port] RTP/AVP {ULAW} {KEYS}",
            f"a=rtpmap:{ULAW} PCMU/8000",
            f"a=rtpmap:{KEYS} telephone-event/8000",
            f"a=fmtp:{KEYS} 0-15",
        )
        invite = self._request("INVITE", 1, to="sip:[service]@[remote_ip]:[remote_port]", body=offer)
        provisional = "".join(f'<recv response="{code}" optional="true"/>\n' for code in (100, 180, 183))
        answered = '<recv response="200" rrs="true"/>\n'
        return _send(invite) + provisional + answered + _send(self._request("ACK", 1), once=True)

    def step(self, step: Step) -> str:
        match step:
            case Press(keys, by_info=True):
                return "".join(self._info(key) for key in keys)
            case HangUp():
                return _send(self._request("BYE")) + _OK
            case UntilEnded(seconds):
                copied = (f"[last_{name}:]" for name in ("Via", "From", "To", "Call-ID", "CSeq"))
                answer = _message("SIP/2.0 200 OK", *copied)
                return f'<recv request="BYE" timeout="{seconds * 1000:.0f}"/>\n{_send(answer, once=True)}'
            case _:
                # The voice plays meanwhile.
                return _pause(length_s(step))

    def _info(self, key: str) -> str:
        info = self._request("INFO", body=("application/dtmf-relay", f"Signal={key}", "Duration=160"))
        return _send(info) + _OK + _pause(KEY_S)

    def _request(self, method: str, cseq: int | None = None, *, to: str = "", body: Sequence[str] = ()) -> str:
        """Within the call, or with `to` the one that begins it."""
        if cseq is None:
            self._cseq += 1
            cseq = self._cseq
        return _message(
            f"{method} {to or '[next_url]'} SIP/2.0",
            "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]",
            self._from,
            *((f"To: <{to}>",) if to else ("[last_To:]", "[routes]")),
            "Call-ID: [call_id]",
            f"CSeq: {cseq} {method}",
            "Contact: <sip:caller@[local_ip]:[local_port]>",
            "Max-Forwards: 70",
            body=body,
        )


_OK = '<recv response="200"/>\n'


def _message(*lines: str, body: Sequence[str] = ()) -> str:
    """`body`: the content type, then its lines."""
    kind = [f"Content-Type: {body[0]}"] if body else []
    length = "[len]" if body else "0"
    return "\n".join([*lines, *kind, f"Content-Length: {length}", "", *body[1:], ""])


def _send(message: str, *, once: bool = False) -> str:
    again = "" if once else ' retrans="500"'
    return f"<send{again}><![CDATA[\n{message}\n]]></send>\n"


def _pause(seconds: float) -> str:
    return f'<pause milliseconds="{seconds * 1000:.0f}"/>\n'
