"""What a caller's telephone sends: an unbroken RTP stream of silence, tones and keys, as a pcap file for SIPp."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 8000
FRAME = 160
"""Samples in a packet: 20 ms."""
ULAW = 0
KEYS = 101
"""RTP payload types: PCMU, and RFC 4733 telephone events as the caller offers them."""

_KEY_FRAMES = 8
"""How long a key is held."""
_END_REPEATED = 3
_EVENTS = "0123456789*#ABCD"
_FRAME_US = 1_000_000 * FRAME // RATE_HZ


def _decode_table() -> NDArray[np.float64]:
    """G.711: the sample, full scale 1.0, of each of the 256 bytes."""
    byte = ~np.arange(256) & 0xFF
    exponent, mantissa = (byte >> 4) & 7, byte & 15
    size = (((mantissa << 3) + 0x84) << exponent) - 0x84
    return np.where(byte & 0x80, -size, size) / 32768


_SAMPLES = _decode_table()
_ORDER = np.argsort(_SAMPLES, kind="stable")


def ulaw_decoded(data: bytes) -> NDArray[np.float64]:
    """Samples, full scale 1.0."""
    return _SAMPLES[np.frombuffer(data, np.uint8)]


def ulaw_encoded(samples: NDArray[np.float64]) -> bytes:
    """The nearest bytes to samples of full scale 1.0."""
    levels = _SAMPLES[_ORDER]
    middles = (levels[1:] + levels[:-1]) / 2
    return _ORDER[np.searchsorted(middles, samples)].astype(np.uint8).tobytes()


class Voice:
    """One side's RTP, put together from its beginning on."""

    def __init__(self) -> None:
        self._packets: list[bytes] = []

    def silence(self, seconds: float) -> None:
        self._audio(ulaw_encoded(np.zeros(round(seconds * RATE_HZ))))

    def tone(self, hz: float, seconds: float) -> None:
        """A tone of -17 dBFS."""
        self._audio(ulaw_encoded(0.2 * np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE_HZ)) / RATE_HZ)))

    def key(self, key: str, seconds: float) -> None:
        """A key as RFC 4733 events, and silence for the rest of `seconds`."""
        began = len(self._packets)
        for frame in range(1, _KEY_FRAMES + _END_REPEATED):
            end = 0x80 if frame >= _KEY_FRAMES else 0
            # The timestamp of an event is that of its beginning; only its duration grows.
            event = struct.pack("!BBH", _EVENTS.index(key), end | 10, min(frame, _KEY_FRAMES) * FRAME)
            self._add(KEYS, event, at_frame=began, marker=frame == 1)
        self.silence(max(0.0, seconds - (_KEY_FRAMES + _END_REPEATED - 1) * FRAME / RATE_HZ))

    def write_pcap(self, path: Path) -> None:
        """Addresses do not matter: SIPp puts in its own."""
        with path.open("wb") as file:
            file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
            for number, rtp in enumerate(self._packets):
                udp = struct.pack("!HHHH", 20000, 20000, 8 + len(rtp), 0) + rtp
                ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, bytes(4), bytes(4)) + udp
                frame = bytes(12) + b"\x08\x00" + ip
                seconds, micros = divmod(number * _FRAME_US, 1_000_000)
                file.write(struct.pack("<IIII", seconds, micros, len(frame), len(frame)) + frame)

    def _audio(self, data: bytes) -> None:
        for start in range(0, len(data) // FRAME * FRAME, FRAME):
            self._add(ULAW, data[start : start + FRAME], at_frame=len(self._packets), marker=False)

    def _add(self, kind: int, payload: bytes, *, at_frame: int, marker: bool) -> None:
        header = struct.pack(
            "!BBHII", 0x80, kind | (0x80 if marker else 0), len(self._packets) & 0xFFFF, at_frame * FRAME, 0x51BB
        )
        self._packets.append(header + payload)
