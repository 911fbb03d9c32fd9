"""The streams of musical context beside each token: data, in an order that only grows.

What each stream means, and what it is worth, stands in docs/tokens.md.
"""

from __future__ import annotations

MAX_TRACKS = 16

N_KEYS = 1 + 15 * 2
"""Unknown, then each signature in major and minor."""

LAGS_BARS = (1, 2, 4, 8)
"""How many bars back the context streams look."""

MAX_BAR_POSITION = 192
BARS_LEFT_MORE = 9

_CONTEXT_STREAMS = (
    ("bar_position", MAX_BAR_POSITION + 1),  # steps since the bar line, longer bars capped
    ("beat_strength", 8),  # 0 strongest
    ("bars_left", BARS_LEFT_MORE + 1),  # 0 unknown, 1..8 including this one, 9 more
    ("program", 18),  # of the current track: none, 16 General MIDI families, drums
    *((f"pitch_class_{i}", 2) for i in range(12)),  # sounding now, pitched tracks only
    *(
        (f"lag_{lag}_{what}", size)
        for lag in LAGS_BARS
        for what, size in (
            ("pitch", 257),  # 0 none, 1 + pitch, 129 + drum key
            ("duration", 98),  # 0 none, 1..96, 97 longer
            ("next", 98),  # steps to the onset after it; 0 none, 1..96, 97 longer
        )
    ),
    ("key", N_KEYS),  # as the key token says; before it unknown
    ("tonic_degree", 13),  # semitones from the tonic up to the newest pitch, plus 1; 0 unknown
)

MAX_QUARTERS = 65
"""Waits that are counted in quarter notes: so many, or more."""

_GIVEN_STREAMS = (
    ("closed", 2),  # whether nothing may be written here in the current track
    ("closed_later", 2),  # whether there are later tracks, and nothing may be written in them
    ("gap_left", MAX_QUARTERS + 1),  # until the track closes, in quarters begun; 0 never, or closed
    ("ahead_now", 257),  # the next given note of this onset; coded like a lag's pitch
    ("ahead_bass", 129),  # the lowest of those that have a pitch; 0 none, 1 + pitch
    *((f"ahead_class_{i}", 2) for i in range(12)),  # pitch classes of those
    ("ahead_wait", 98),  # steps to the next given onset; 0 none, 1..96, 97 longer
    ("ahead_low", 129),  # its lowest pitch; 0 none, 1 + pitch
    ("ahead_high", 129),  # its highest pitch
    ("ahead_track_pitch", 257),  # the next given note of the current track; coded like a lag's
    ("ahead_track_wait", MAX_QUARTERS + 1),  # quarters begun until then; 0 none
    *(
        (f"lead_{lag}_{what}", size)  # as the lags, but of the given music so many bars ahead
        for lag in LAGS_BARS
        for what, size in (("pitch", 257), ("duration", 98), ("next", 98))
    ),
)

WISH_SIZES = {"density": 18, "polyphony": 10, "register": 24, "duration": 14}
"""Of the current track in this bar; 0 unknown. ``lstm_music.tokens.wishes`` has the units."""

_WISH_STREAMS = (
    *((f"wish_{name}", size) for name, size in WISH_SIZES.items()),
    ("wish_onsets", 34),  # of all that is written in the present bar
    ("chord_root", 14),  # of the chord here: 0 unknown, 1 no chord, 2 + pitch class
    ("chord_quality", 12),  # 0 unknown, 1 + number in ``music.harmony.find.QUALITIES``
    ("chord_next_root", 14),  # of the chord after it
)

OWN_LAGS_BARS = (1, 2, 4)
"""How many bars back the streams of the current track look."""

MOST_IN_CHORD = 8

_OWN_STREAMS = (  # of the current track alone; pitches coded as a lag's
    ("own_low", 257),  # of its latest onset: the lowest pitch
    ("own_high", 257),
    ("own_count", MOST_IN_CHORD + 1),  # how many notes
    ("own_since", 98),  # steps since then, plus 1; 97 more; 0: it has not played
    ("own_duration", 98),  # of the note written last
    ("own_left", 98),  # steps until all is silent
    ("own_before_low", 257),  # the same of the onset before it
    ("own_before_high", 257),
    ("own_before_count", MOST_IN_CHORD + 1),
    ("own_before_wait", 98),  # steps between the two
    *(
        (f"own_lag_{lag}_{what}", size)
        for lag in OWN_LAGS_BARS
        for what, size in (
            ("pitch", 257),
            ("duration", 98),
            ("next", 98),
            ("track", MAX_TRACKS + 1),  # the next one that plays there, plus 1
        )
    ),
)

NEAR_LAGS_BARS = (1, 2, 4)
"""How many bars back the streams look that forgive a player's timing."""

NEAR_STEPS = 2
"""How far from a place a note still counts as played there."""

_STROKE_STREAMS = (  # of a track of drums alone: the key named last, before its present stroke
    ("stroke_velocity", 17),  # of its stroke before; 0 none, 1 + bin
    ("stroke_duration", 98),  # 0 none, 1..96, 97 longer
    ("stroke_since", 98),  # steps from its onset to the present one; 0 none, 97 longer
    *((f"stroke_velocity_{lag}", 17) for lag in NEAR_LAGS_BARS),  # near the place so many bars ago
    *(
        (f"near_{lag}_{what}", size)
        for lag in NEAR_LAGS_BARS
        for what, size in (
            ("pitch", 257),  # the track's next key near the place; coded as a lag's
            ("next", 98),  # steps from the place to the onset after the one near it; 0 none
        )
    ),
)


def all_streams(n_tokens: int) -> tuple[tuple[str, int], ...]:
    """Name and number of values of each stream, the token itself first.

    Parameters
    ----------
    n_tokens : V, the number of tokens.
    """
    lengths = 10  # of matches: 0 none, 3, 4, 5, 7, 10, 15, 21, 28, 36 tokens or more
    repeats = tuple(
        (f"{name}_{what}", size)
        for name in ("match", "moved", "ahead_match", "ahead_moved")
        for what, size in (("token", n_tokens + 1), ("length", lengths))  # what followed, plus 1
    )
    written = (_CONTEXT_STREAMS, _GIVEN_STREAMS, _WISH_STREAMS, _OWN_STREAMS)
    groups = (*written, repeats, _STROKE_STREAMS)
    return (("token", n_tokens), *(stream for group in groups for stream in group))
