"""How a playback ended, which PlaybackFinished alone does not tell."""

from __future__ import annotations

from enum import StrEnum

from ivr.ari.events import ChannelHangupRequest, Event, PlaybackContinuing, PlaybackFinished, PlaybackStarted

# A file that is not there is passed over within a millisecond or two; nothing that can be heard is over so soon.
AUDIBLE_S = 0.01


class PlaybackEnd(StrEnum):
    """What became of a playback."""

    PLAYED = "played"
    """To its end, or until it was stopped."""
    FAILED = "failed"
    """At least one of its media could not be played."""
    CUT_OFF = "cut_off"
    """The call ended under it, which Asterisk calls a failure too; StasisEnd follows."""


class PlaybackWatch:
    """Give it every event of one channel, in order."""

    __slots__ = ("_began_at_s", "_channel_id", "_ending", "_passed_over")

    def __init__(self, channel_id: str) -> None:
        self._channel_id = channel_id
        self._ending = False
        self._began_at_s: dict[str, float] = {}
        self._passed_over: set[str] = set()

    def note(self, event: Event) -> PlaybackEnd | None:
        """How the playback ended, if this event is its end."""
        match event:
            case ChannelHangupRequest(channel=channel) if channel.id == self._channel_id:
                self._ending = True
            case PlaybackStarted(at_s=at_s, playback=playback):
                self._began_at_s[playback.id] = at_s
            case PlaybackContinuing(at_s=at_s, playback=playback):
                # Asterisk says nothing of a medium that it could not play, unless it is the last of the list.
                if at_s - self._began_at_s.get(playback.id, 0.0) < AUDIBLE_S:
                    self._passed_over.add(playback.id)
            case PlaybackFinished(playback=playback):
                self._began_at_s.pop(playback.id, None)
                passed_over = playback.id in self._passed_over
                self._passed_over.discard(playback.id)
                if passed_over or (playback.failed and not self._ending):
                    return PlaybackEnd.FAILED
                return PlaybackEnd.CUT_OFF if playback.failed else PlaybackEnd.PLAYED
        return None
