"""What callers hear: the RTP that reaches their telephones, taken from the loopback interface."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from listening import Samples, Sound
from voice import RATE_HZ, ULAW, ulaw_decoded

_EVERY_PROTOCOL = 3
_UDP = 17
_DRIFT = RATE_HZ // 5
"""Samples by which the sender's clock may be off the moments of arrival."""


@dataclass(frozen=True, slots=True)
class _Packet:
    at_s: float
    ssrc: int
    timestamp: int
    payload: bytes


class Ear:
    """Listens on the loopback interface of its network while the block runs; needs root, as the lab does."""

    def __init__(self, port: int) -> None:
        """`port`: the UDP port at which callers get their audio."""
        self._port = port
        self._packets: dict[str, list[_Packet]] = {}
        self._end = threading.Event()
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_EVERY_PROTOCOL))
        self._socket.bind(("lo", 0))
        self._socket.settimeout(0.2)
        self._thread = threading.Thread(target=self._listen, name="ear", daemon=True)

    def __enter__(self) -> Ear:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._end.set()
        self._thread.join()
        self._socket.close()

    def heard(self, address: str, since_s: float) -> Heard:
        """What reached a caller's address since that moment, epoch seconds."""
        return Heard(since_s, [packet for packet in self._packets.get(address, ()) if packet.at_s >= since_s])

    def _listen(self) -> None:
        while not self._end.is_set():
            try:
                data, (_, _, direction, _, _) = self._socket.recvfrom(2048)
            except TimeoutError:
                continue
            # On loopback every packet is seen twice: as it goes and as it comes.
            if direction == socket.PACKET_OUTGOING or len(data) < 40 or data[0] != 0x45 or data[9] != _UDP:
                continue
            (port,) = struct.unpack_from("!H", data, 22)
            if port == self._port and data[29] & 0x7F == ULAW:
                timestamp, ssrc = struct.unpack_from("!II", data, 32)
                packet = _Packet(time.time(), ssrc, timestamp, data[40:])
                self._packets.setdefault(socket.inet_ntoa(data[16:20]), []).append(packet)


class Heard(Sound):
    """The audio of one call as the caller heard it; its beginning is the moment given."""

    def __init__(self, since_s: float, packets: Sequence[_Packet]) -> None:
        self.rate_hz = RATE_HZ
        length_s = packets[-1].at_s - since_s + 1 if packets else 0.0
        self.samples = np.zeros(int(length_s * RATE_HZ))
        place, last = 0, None
        for packet in packets:
            arrived = int((packet.at_s - since_s) * RATE_HZ)
            step = (packet.timestamp - last.timestamp) % 2**32 if last else 0
            # The sender's clock is the more even one, as long as it goes with ours: it may change or pause.
            follows = last is not None and packet.ssrc == last.ssrc and abs(place + step - arrived) < _DRIFT
            place = place + step if follows else arrived
            audio = ulaw_decoded(packet.payload)[: max(0, len(self.samples) - place)]
            self.samples[place : place + len(audio)] = audio
            last = packet

    def when(self, clip: Samples) -> float | None:
        """When this recording is heard in full, seconds from the beginning; None if it is not."""
        found = best_match(self.samples, clip)
        return None if found is None else found / RATE_HZ


def best_match(samples: Samples, clip: Samples, *, likeness: float = 0.85) -> int | None:
    """Where `clip` lies in `samples`: the place of the largest normalised cross-correlation, if it is `likeness`."""
    if len(clip) == 0 or len(samples) < len(clip):
        return None
    size = 1 << (len(samples) + len(clip) - 1).bit_length()
    product = np.fft.irfft(np.fft.rfft(samples, size) * np.conj(np.fft.rfft(clip, size)), size)
    product = product[: len(samples) - len(clip) + 1]
    sums = np.concatenate(([0.0], np.cumsum(samples**2)))
    power = np.sqrt(np.maximum(sums[len(clip) :] - sums[: -len(clip)], 0.0) * np.sum(clip**2))
    alike = product / np.maximum(power, 1e-3)
    place = int(np.argmax(alike))
    return place if alike[place] >= likeness else None
