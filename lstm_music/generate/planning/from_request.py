"""From what a request says in words to its plan: which bars, tracks and instruments are meant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lstm_music.errors import ConfigError
from lstm_music.generate.asking.controls import bar_pair
from lstm_music.generate.asking.request import Request
from lstm_music.generate.planning.plan import (
    Plan,
    accompaniment,
    begun_again,
    continuation,
    infilling,
    variation,
)
from lstm_music.music.bars import n_bars
from lstm_music.music.instruments.general_midi import instrument_name
from lstm_music.music.instruments.names import programs_named
from lstm_music.music.listening.roles import track_roles
from lstm_music.music.piece import Piece, Track


def plan_for(request: Request, seed: Piece, rng_seed: int) -> Plan:
    """The plan of a request with a seed.

    Raises
    ------
    ConfigError, MidiError : there are no such bars, tracks or instruments, or no notes.
    """
    if request.task == "generate":
        plan = continuation(seed, request.bar_count(), request.from_bar)
        return begun_again(plan) if _begins_again(request) else plan
    whole = (0 if seed.pickup_steps else 1, max(n_bars(seed), 1))
    bars = whole if request.bars is None else bar_pair(request.bars)
    n_tracks = len(seed.tracks)
    if request.task == "infill" and request.tracks is not None:
        seed = with_empty_tracks(seed, request.tracks)
    tracks = None if request.tracks is None else named_tracks(seed, request.tracks)
    if request.task == "infill":
        if request.bars is None and tracks is None:
            raise ConfigError("bars or tracks must be given to infill, such as bars 5-8")
        n_empty = len(seed.tracks) - n_tracks
        return replace(infilling(seed, bars, tracks), n_new_tracks=n_empty)
    if request.task == "vary":
        if request.keep is None:
            raise ConfigError("keep must be given to vary: rhythm, pitch or outline")
        return variation(seed, request.keep, request.amount, bars, tracks, rng_seed)
    if request.with_ is None:
        raise ConfigError("with must be given to accompany: instruments such as drums,bass")
    return accompaniment(seed, new_programs(request.with_), bars)


def _begins_again(request: Request) -> bool:
    """Whether a continuation begins again where its seed has come to a close.

    A form and chords that are taken from the seed count from its very end.
    """
    counts_from_end = request.form is not None or request.chords in ("seed", "found")
    return request.in_character and request.from_bar is None and not counts_from_end


def with_empty_tracks(seed: Piece, tracks: object) -> Piece:
    """The seed with those tracks of its file that have a name and no notes, if they are named."""
    if seed.original is None or not isinstance(tracks, str | Sequence):
        return seed
    from lstm_music.midi.writing.original_file import OriginalFile

    words = tracks.split(",") if isinstance(tracks, str) else tracks
    named = {str(word).strip().lower() for word in words}
    known = {track.name.strip().lower() for track in seed.tracks}
    new = [
        Track(0 if one.is_drum else one.program, one.is_drum, one.name)
        for one in OriginalFile(seed.original).empty_tracks
        if one.name.strip().lower() in named - known
    ]
    return seed.replace(tracks=(*seed.tracks, *new)) if new else seed


def named_tracks(seed: Piece, tracks: object) -> tuple[int, ...]:
    """Indices from 0 of tracks by number from 1, name, or role.

    Parameters
    ----------
    tracks : ``"1,3"``, ``"bass"``, ``2``, or a sequence of such.

    Raises
    ------
    ConfigError : no such track; the message says which there are.
    """
    words = tracks.split(",") if isinstance(tracks, str) else tracks
    if isinstance(words, int) and not isinstance(words, bool):
        words = [words]
    if not isinstance(words, Sequence) or not words:
        raise ConfigError(f"tracks must look like 1,3 or names, got {tracks!r}")
    found: list[int] = []
    for word in words:
        found += _track_of(seed, word)
    return tuple(dict.fromkeys(found))


def _track_of(seed: Piece, word: object) -> list[int]:
    text = str(word).strip().lower()
    if text.isdecimal() and 1 <= int(text) <= len(seed.tracks):
        return [int(text) - 1]
    by_name = [i for i, track in enumerate(seed.tracks) if track.name.strip().lower() == text]
    by_role = [i for i, role in enumerate(track_roles(seed)) if role == text]
    if text and not text.isdecimal() and (by_name or by_role):
        return by_name or by_role
    there_is = ", ".join(
        f"{i} ({track.name or instrument_name(track.program, track.is_drum)})"
        for i, track in enumerate(seed.tracks, 1)
    )
    raise ConfigError(f"there is no track {word!r}; the tracks are {there_is or 'none'}")


def new_programs(with_: object) -> list[tuple[int, str]]:
    """Program, 128 for drums, and name of each instrument that is asked for.

    Raises
    ------
    ConfigError : no such instrument.
    """
    text = with_ if isinstance(with_, str) else ",".join(map(str, _sequence(with_)))
    return [
        (named.programs[0], instrument_name(named.programs[0] % 128, named.programs[0] == 128))
        for named in programs_named(text)
    ]


def _sequence(with_: object) -> Sequence[object]:
    if isinstance(with_, int):
        return [with_]
    if not isinstance(with_, Sequence):
        raise ConfigError(f"with must name instruments, such as drums,bass; got {with_!r}")
    return with_
