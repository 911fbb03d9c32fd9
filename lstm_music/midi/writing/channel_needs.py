"""What new notes need of their channels: their sound, and nothing bent, blurred or faded.

Where the file plays on, its channel is left as the file has set it, but for a program that a new
note needs: that is set back before the file's next note.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import groupby

import numpy as np

from lstm_music.midi.writing import chase, meta
from lstm_music.midi.writing.additions import Additions
from lstm_music.midi.writing.messages import Events, Rank, Ticks
from lstm_music.midi.writing.original_file import OriginalFile, free_channel
from lstm_music.music.original import Instrument

Add = Callable[[Instrument, int, Iterable[int], Rank], None]
"""Adds a message of an instrument at a tick."""

_NEUTRAL = (  # what blurs or bends the notes after it: kind, its neutral value, message
    (chase.BEND, chase.BEND_CENTRE, lambda channel: (0xE0 | channel, 0, 0x40)),
    (chase.PRESSURE, 0, lambda channel: (0xD0 | channel, 0)),
    (chase.MODULATION, 0, lambda channel: (0xB0 | channel, chase.MODULATION, 0)),
    (chase.SOSTENUTO, 0, lambda channel: (0xB0 | channel, chase.SOSTENUTO, 0)),
    (chase.SUSTAIN, 0, lambda channel: (0xB0 | channel, chase.SUSTAIN, 0)),
)


class ChannelNeeds:
    """What is added to channels for the sake of new notes.

    Parameters
    ----------
    file : where they are added.
    add : takes each message.
    added : the new notes and pedal.
    instruments : of each track; ``separate`` changes it.
    starts, ends : (N,) when the new notes are played.
    left : see ``separate``.
    """

    def __init__(
        self,
        file: OriginalFile,
        add: Add,
        added: Additions,
        instruments: list[Instrument],
        starts: Ticks,
        ends: Ticks,
        left: dict[tuple[int, int], tuple[int, int]],
    ) -> None:
        self._file = file
        self._add = add
        self._added = added
        self._instruments = instruments
        self._starts, self._ends = starts, ends
        self._left = left

    def add_all(self) -> None:
        """The state of every channel."""
        for place in dict.fromkeys((i.port, i.channel) for i in self._instruments):
            self._add_state(*place)

    def _add_state(self, port: int, channel: int) -> None:
        """What the new notes of one channel need: their sound, nothing bent, nothing blurred."""
        is_mine = [(i.port, i.channel) == (port, channel) for i in self._instruments]
        mine = np.flatnonzero(np.array(is_mine)[self._added.notes["track"]])
        if not len(mine):
            return
        mine = mine[np.argsort(self._starts[mine], kind="stable")]
        settings = self._file.channel(port, channel)
        first = int(self._starts[mine[0]])
        instrument = self._instruments[int(self._added.notes["track"][mine[0]])]
        if (port, channel) in self._left:
            left = self._file.channel(*self._left[port, channel])
            restored = dict(left.loudness_restored(first))
            for kind, value in (dict(left.controls(first)) | restored).items():
                copied = meta.control_change(channel, kind, value)
                self._add(instrument, first, copied, Rank.STATE)
        self._add_sounds(settings, mine)
        last = self._file.last_onset(instrument)
        mine = mine[self._starts[mine] > last]
        if not len(mine):
            return  # as long as the file plays, it sets its channel for itself
        first = int(self._starts[mine[0]])
        instrument = self._instruments[int(self._added.notes["track"][mine[0]])]
        pedal = self._added.pedal[np.array(is_mine)[self._added.pedal["track"]]]
        late = [self._file.ticks(int(change["onset_steps"])) > last for change in pedal]
        pedal = pedal[np.array(late, bool)]
        self._put_to_rest(instrument, first, pedal)
        for silent in self._file.silent_channels.get((port, channel), ()):
            self._put_to_rest(instrument._replace(channel=silent), first, pedal[:0])

    def _put_to_rest(self, instrument: Instrument, first: int, pedal: Events) -> None:
        """Undo what the file, whose notes are over, bends, holds or fades on a channel.

        Parameters
        ----------
        first : when the first new note begins.
        pedal : what is added on the channel; it counts, not what the file does meanwhile.
        """
        channel = instrument.channel
        settings = self._file.channel(instrument.port, channel)
        for kind, neutral, message in _NEUTRAL:
            is_ours = kind == chase.SUSTAIN and len(pedal)
            if not is_ours and settings.value(kind, first) not in (None, neutral):
                self._add(instrument, first, message(channel), Rank.STATE)
        pressed = [(self._file.ticks(int(c["onset_steps"])), bool(c["down"])) for c in pedal]
        begin = min([first, *(ticks for ticks, _ in pressed)])
        later = [  # of the same tick it is heard after what an earlier chunk has there
            (ticks + (mtrk > instrument.mtrk), kind, value)
            for ticks, mtrk, kind, value in settings.later(begin, int(self._ends.max()))
        ]
        restored = dict(settings.loudness_restored(first))
        for kind, value in restored.items():
            restoring = meta.control_change(channel, kind, value)
            self._add(instrument, first, restoring, Rank.STATE)
        for ticks, kind, value in later:
            if kind == chase.SUSTAIN and ticks > begin:
                down = [is_down for at, is_down in pressed if at <= ticks][-1:] == [True]
                if value != 127 * down:
                    ours = meta.control_change(channel, meta.PEDAL, 127 * down)
                    self._add(instrument, ticks, ours, Rank.PEDAL)
            if kind in restored and ticks > first and value != restored[kind]:
                again = meta.control_change(channel, kind, restored[kind])
                self._add(instrument, ticks, again, Rank.STATE)
            for other, neutral, neutral_message in _NEUTRAL[:-1]:
                if kind == other and value != neutral and ticks > first:
                    self._add(instrument, ticks, neutral_message(channel), Rank.STATE)

    def _add_sounds(self, settings: chase.Channel, notes: Ticks) -> None:
        """Banks and programs where the channel has others than the notes need.

        Where notes of several sounds begin at one tick, each sets its own: that of a note's own
        chunk counts.
        """
        added: tuple[int, chase.Sound | None] | None = None
        groups = [
            (ticks, list(group))
            for ticks, group in groupby(notes.tolist(), lambda i: int(self._starts[i]))
        ]
        for n, (ticks, group) in enumerate(groups, 1):
            tracks = dict.fromkeys(int(self._added.notes["track"][i]) for i in group)
            instruments = [self._instruments[track] for track in tracks]
            is_one = len({_sound(one) for one in instruments}) == 1
            if added and settings.changes_between(added[0], ticks, (chase.PROGRAM,)):
                added = None
            for one in instruments:
                now = {settings.sound(ticks), settings.sound(ticks, one.mtrk)}
                next_bank: int | None = settings.next_bank(ticks)
                if added:
                    now = {added[1]} if added[1] else set()
                    is_known = not settings.changes_between(added[0], ticks, chase.BANKS)
                    next_bank = added[1].bank if added[1] and is_known else None
                wanted = _sound(one)
                if now == {wanted} and is_one:
                    continue
                banks = {*(sound.bank for sound in now), next_bank}
                at = self._set_up_at(one, ticks, settings)
                for message in _sound_messages(one.channel, wanted, banks != {wanted.bank}):
                    self._add(one, at, message, Rank.STATE)
                added = ticks, wanted
            if not is_one:
                added = ticks, None  # which of them the channel has is for the player to say
            following = groups[n][0] if n < len(groups) else np.inf
            next_onset = settings.next_onset(ticks)
            if added and next_onset is not None and next_onset <= following:
                self._set_back(instruments[-1], ticks, settings)
                added = None

    def _set_up_at(self, instrument: Instrument, ticks: int, settings: chase.Channel) -> int:
        """When to set a sound that is needed at ``ticks``: at 0 in a new chunk that is alone."""
        is_new_chunk = instrument.mtrk >= self._file.raw.n_mtrks
        sound = (chase.PROGRAM, *chase.BANKS)
        is_alone = not len(settings.onsets) and not settings.changes_between(0, ticks, sound)
        place = instrument.port, instrument.channel
        sharing = [one for one in self._instruments if (one.port, one.channel) == place]
        return 0 if is_new_chunk and is_alone and len(sharing) == 1 else ticks

    def _set_back(self, instrument: Instrument, ticks: int, settings: chase.Channel) -> None:
        """Give the channel back what the file has set on it, behind the notes of a tick."""
        sound, next_bank = settings.sound(ticks), settings.next_bank(ticks)
        place = instrument.port, instrument.channel
        ours = {one.bank for one in self._instruments if (one.port, one.channel) == place}
        with_bank = ours | {sound.bank, next_bank} != {0}
        for message in _sound_messages(instrument.channel, sound, with_bank):
            self._add(instrument, ticks, message, Rank.RESTORE)
        if next_bank != sound.bank:
            for message in _bank_messages(instrument.channel, next_bank):
                self._add(instrument, ticks, message, Rank.RESTORE)


def separate(
    file: OriginalFile, instruments: list[Instrument], tracks: Iterable[int], first: int
) -> dict[tuple[int, int], tuple[int, int]]:
    """Give tracks that would fight over the sound of one channel channels of their own.

    The one whose sound the channel has keeps it.

    Parameters
    ----------
    file : where they are added.
    instruments : of each track; changed in place.
    tracks : those with new notes.
    first : the tick at which the first of these begins.

    Returns
    -------
    dict
        Which channel each new one was taken for, as (port, channel).
    """
    used = file.used_places | {i.port << 4 | i.channel for i in instruments}
    shared: dict[tuple[int, int], list[int]] = {}
    left = {}
    for track in tracks:
        one = instruments[track]
        shared.setdefault((one.port, one.channel), []).append(track)
    for place, together in shared.items():
        sounds = [_sound(instruments[track]) for track in together]
        now = file.channel(*place).sound(first)
        kept = now if now in sounds else sounds[0]
        for track, sound in zip(together, sounds):
            free = free_channel(used)
            one = instruments[track]
            if sound != kept and not one.is_drum and free >> 4 == place[0]:
                instruments[track] = one._replace(channel=free & 0x0F)
                left[place[0], free & 0x0F] = place
                used.add(free)
    return left


def _sound(instrument: Instrument) -> chase.Sound:
    return chase.Sound(instrument.program, instrument.bank)


def _sound_messages(channel: int, sound: chase.Sound, with_bank: bool) -> list[bytes]:
    selected = _bank_messages(channel, sound.bank) if with_bank else []
    return [*selected, meta.program_change(channel, sound.program)]


def _bank_messages(channel: int, bank: int) -> list[bytes]:
    banks = ((chase.BANK_MSB, bank >> 7), (chase.BANK_LSB, bank & 0x7F))
    return [meta.control_change(channel, *each) for each in banks]
