"""The ears and voices of the lab's callers, held against sounds that are known."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from ear import best_match
from listening import Sound
from voice import FRAME, KEYS, RATE_HZ, Voice, ulaw_decoded, ulaw_encoded

from ivr.audio.locate import prompts_dir
from ivr.domain.prompts import Prompt

pytestmark = pytest.mark.unit

PCAP_HEADER, PACKET_HEADER, BEFORE_RTP = 24, 16, 14 + 20 + 8


def said(which: Prompt) -> Sound:
    return Sound(prompts_dir() / "en-US" / "8k" / f"{which}.wav")


def test_ulaw_there_and_back() -> None:
    every = bytes(range(256))
    # Two bytes mean silence.
    assert ulaw_encoded(ulaw_decoded(every)).replace(b"\x7f", b"\xff") == every.replace(b"\x7f", b"\xff")
    samples = np.linspace(-0.9, 0.9, 1000)
    assert np.max(np.abs(ulaw_decoded(ulaw_encoded(samples)) - samples)) < 0.02


def test_a_prompt_is_recognised_in_what_a_telephone_makes_of_it() -> None:
    silence = np.zeros(RATE_HZ)
    offer, goodbye = said(Prompt.OFFER).samples, said(Prompt.CALLBACK_CONFIRMED).samples
    heard = ulaw_decoded(ulaw_encoded(np.concatenate([silence, offer, silence, goodbye])))
    assert best_match(heard, offer) == RATE_HZ
    assert best_match(heard, goodbye) == 2 * RATE_HZ + len(offer)
    for other in set(Prompt) - {Prompt.OFFER, Prompt.CALLBACK_CONFIRMED}:
        assert best_match(heard, said(other).samples) is None, other


def test_a_prompt_that_was_cut_short_was_not_heard() -> None:
    goodbye = said(Prompt.CALLBACK_CONFIRMED).samples
    assert best_match(np.concatenate([goodbye[: len(goodbye) // 2], np.zeros(len(goodbye))]), goodbye) is None
    assert best_match(goodbye[:-1], goodbye) is None
    assert best_match(np.zeros(len(goodbye)), goodbye) is None


def test_a_voice_sends_a_packet_every_20_ms_and_a_key_as_one_event(tmp_path: Path) -> None:
    voice = Voice()
    voice.silence(0.1)
    voice.key("#", 0.3)
    voice.tone(440, 0.1)
    voice.write_pcap(tmp_path / "voice.pcap")
    sent = packets((tmp_path / "voice.pcap").read_bytes())
    assert [round(at_s * 1000) for at_s, _ in sent] == list(range(0, 500, 20))
    headers = [struct.unpack("!BBHII", rtp[:12]) for _, rtp in sent]
    assert [number for _, _, number, _, _ in headers] == list(range(25))
    keys = [(header, rtp[12:]) for header, (_, rtp) in zip(headers, sent, strict=True) if header[1] & 0x7F == KEYS]
    assert [bool(header[1] & 0x80) for header, _ in keys] == [True] + [False] * 9
    assert {header[3] for header, _ in keys} == {5 * FRAME}
    events = [struct.unpack("!BBH", payload) for _, payload in keys]
    assert {event for event, _, _ in events} == {11}
    assert [bool(flags & 0x80) for _, flags, _ in events] == [False] * 7 + [True] * 3
    assert events[-1][2] == 8 * FRAME


def packets(pcap: bytes) -> list[tuple[float, bytes]]:
    """The moment and the RTP of each."""
    found, place = [], PCAP_HEADER
    while place < len(pcap):
        seconds, micros, length, _ = struct.unpack_from("<IIII", pcap, place)
        place += PACKET_HEADER
        found.append((seconds + micros / 1e6, pcap[place + BEFORE_RTP : place + length]))
        place += length
    return found
