"""Random pieces and random legal walks, for the property tests of tokens."""

from itertools import pairwise

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from lstm_music.music.key import Key
from lstm_music.music.meter import Meter
from lstm_music.music.piece import PEDAL_DTYPE, Piece, Tempo, Track, make_notes
from lstm_music.tokens.automaton import Automaton
from lstm_music.tokens.vocabulary import DEFAULT

# Close together so that things collide; now and then far, so that LONG and gaps occur.
ONSETS = st.one_of(
    st.integers(0, 40),
    st.integers(0, 12).map(lambda beat: 24 * beat),
    st.integers(0, 3000),
    st.integers(0, 15_000),
)
DURATIONS = st.one_of(st.integers(1, 60), st.sampled_from([96, 97, 192, 193, 6144, 6145, 20_000]))
PITCHES = st.one_of(st.integers(60, 63), st.integers(0, 127))
METERS = st.one_of(
    st.sampled_from([(4, 4), (3, 4), (6, 8), (5, 8), (64, 1), (1, 32)]),
    st.tuples(st.integers(1, 64), st.sampled_from([1, 2, 4, 8, 16, 32])),
)
KEYS = st.one_of(st.none(), st.builds(Key, st.integers(-7, 7), st.sampled_from(["major", "minor"])))
STYLES = st.sampled_from(["", "chorale", "drums", "polka"])


def examples(n):
    """Settings for ``n`` examples; a busy machine is no failure."""
    return settings(max_examples=n, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _array(rows, dtype):
    return np.array([tuple(row) for row in rows], dtype)


def _changes(values):
    """Pairs of (onset, value): the first at 0, the others later, no two at one onset."""
    later = st.lists(
        st.tuples(ONSETS.filter(bool), values), max_size=4, unique_by=lambda pair: pair[0]
    )
    return st.builds(lambda first, rest: [(0, first), *sorted(rest)], values, later)


@st.composite
def pieces(draw):
    """A piece, mostly far from canonical."""
    n_tracks = draw(st.one_of(st.integers(1, 3), st.just(19)))
    programs = st.one_of(st.integers(0, 3), st.integers(0, 127))
    tracks = tuple(
        draw(st.builds(Track, programs, st.booleans(), st.sampled_from(["", "Flute"])))
        for _ in range(n_tracks)
    )
    track = st.integers(0, n_tracks - 1)
    timing = st.one_of(st.just(0), st.integers(-16, 16), st.integers(-128, 127))
    note = st.tuples(ONSETS, DURATIONS, PITCHES, st.integers(1, 127), track, timing)
    pedal = st.tuples(ONSETS, track, st.booleans())
    meters = tuple(Meter(onset, *meter) for onset, meter in draw(_changes(METERS)))
    tempos = draw(_changes(st.integers(150_000, 2_500_000)))
    return Piece(
        notes=make_notes(draw(st.lists(note, max_size=30))),
        tracks=tracks,
        meters=meters,
        tempos=tuple(Tempo(*tempo) for tempo in tempos),
        key=draw(KEYS),
        pedal=_array(draw(st.lists(pedal, max_size=12)), PEDAL_DTYPE),
        pickup_steps=draw(st.integers(0, meters[0].bar_steps - 1)),
        style=draw(STYLES),
        title="A title",
    )


def walk(rng, n_tokens, by_kind=True):
    """Tokens chosen uniformly among the legal ones (or among their kinds), up to END.

    Gives the tokens and the automaton after them.
    """
    automaton = Automaton(n_tokens + 1000)  # room for finish()
    tokens = []
    while len(tokens) < n_tokens and not automaton.is_ended:
        legal = np.flatnonzero(automaton.legal_py())
        if by_kind:
            kinds = sorted({DEFAULT.kind(int(token)) for token in legal})
            kind = DEFAULT[kinds[rng.integers(len(kinds))]]
            legal = legal[(legal >= kind.start) & (legal < kind.stop)]
        tokens.append(int(rng.choice(legal)))
        assert automaton.advance_py(tokens[-1]) == 0
    return tokens, automaton


def finish(tokens, automaton):
    """Lead a walk to its END: every track still silent gets a note."""
    silent = set(range(len(automaton.programs))) - {int(t) for t in automaton.notes()["track"]}
    while not automaton.is_ended:
        legal = automaton.legal_py()
        wanted = [DEFAULT["track"][t] for t in silent] + [
            *DEFAULT["end"],
            *DEFAULT["duration"],
            *DEFAULT["body"],
            *DEFAULT["pitch"],
            *DEFAULT["drum"],
            *DEFAULT["shift"],
        ]
        choice = [token for token in wanted if legal[token]] or np.flatnonzero(legal).tolist()
        tokens.append(int(choice[0]))
        assert automaton.advance_py(tokens[-1]) == 0
        silent -= {int(t) for t in automaton.notes()["track"]}
    return tokens


def bar_starts(piece, end_steps):
    """Bar lines from bar 0 on, past end_steps; with a pickup the first one lies before 0."""
    first = piece.pickup_steps
    starts = [first - piece.meters[0].bar_steps] if first else []
    meters = [*piece.meters[1:], Meter(max(end_steps, piece.meters[-1].onset_steps) + 1, 1, 1)]
    for meter, after in pairwise([piece.meters[0], *meters]):
        bar = meter.onset_steps if meter.onset_steps else first
        while bar < after.onset_steps:
            starts.append(bar)
            bar += meter.bar_steps
    return starts
