"""What a corpus holds decides what its model may do."""

import json
from dataclasses import asdict

import numpy as np
import pytest
from corpus_data import cache_of, random_piece

from lstm_music.corpus.coverage import Coverage, coverage_of
from lstm_music.errors import ModelFileError
from lstm_music.music.performance import Manner
from lstm_music.music.piece import PEDAL_DTYPE, Piece, Tempo, Track, make_notes
from lstm_music.tokens.canonical import canonical


def corpus(change=lambda piece: piece, style="folk"):
    rng = np.random.default_rng(1)
    pieces = [change(random_piece(rng, style=style)) for _ in range(8)]
    return cache_of(pieces, ["train"] * 6 + ["valid", "test"])


def test_plain_melodies_have_no_pedal_dynamics_or_tempo_changes():
    met = coverage_of(corpus())
    assert not met.dynamics
    assert {"pitch", "duration", "shift", "end"} <= set(met.kinds)
    assert not {"drum", "pedal_down", "tempo", "numerator", "key"} & set(met.kinds)
    assert met.programs == (0,)
    assert met.styles == ("folk",)


def test_what_is_there_is_met():
    def richer(piece):
        notes = piece.notes.copy()
        notes["velocity"] = np.arange(len(notes)) * 8 % 120 + 4
        down = np.array([(0, 0, True), (30, 0, False)], PEDAL_DTYPE)
        tempos = (Tempo.from_bpm(120), Tempo.from_bpm(90, int(notes["onset_steps"][5])))
        tracks = (Track(program=40),)
        return piece.replace(notes=notes, pedal=down, tempos=tempos, tracks=tracks)

    met = coverage_of(corpus(richer))
    assert met.dynamics
    assert {"pedal_down", "pedal_up", "tempo"} <= set(met.kinds)
    assert met.programs == (40,)


def test_loud_and_soft_drums_are_no_dynamics_of_pitched_tracks():
    def loud_and_soft(piece):
        notes = piece.notes.copy()
        notes["velocity"] = np.arange(len(notes)) * 8 % 120 + 4
        return piece.replace(notes=notes)

    met = coverage_of(corpus(loud_and_soft, style="drums"))
    assert not met.dynamics
    assert met.programs == (128,)


def test_styles_whose_notes_are_all_equally_loud_are_told():
    rng = np.random.default_rng(1)
    even = [random_piece(rng, style="folk") for _ in range(4)]
    loud_and_soft = []
    for style in ("hymn", "drums"):
        for _ in range(4):
            piece = random_piece(rng, style=style)
            notes = piece.notes.copy()
            notes["velocity"] = np.arange(len(notes)) * 8 % 120 + 4
            loud_and_soft.append(piece.replace(notes=notes))
    met = coverage_of(cache_of([*even, *loud_and_soft], ["train"] * 12))
    assert (met.dynamics, met.even) == (True, ("folk",))


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"kinds": 3, "programs": [], "dynamics": False, "styles": []},
        {"kinds": ["melody"], "programs": [], "dynamics": False, "styles": []},
        {"kinds": [], "programs": [500], "dynamics": True, "styles": []},
        {"kinds": [], "programs": [], "dynamics": True, "styles": ["jazz"]},
    ],
)
def test_a_model_file_without_it_is_refused(facts):
    with pytest.raises(ModelFileError):
        Coverage.from_dict(facts)


def test_the_commonest_instruments_of_each_style_are_kept():
    rows = [(40, 41), (40, 41), (0,), (25, 32, 128)]
    pieces = []
    for number, row in enumerate(rows):
        tracks = tuple(Track(p % 128, p == 128) for p in row)
        notes = make_notes([(24 * i, 24, 60 + number, 80, i) for i in range(len(row))])
        pieces.append(canonical(Piece(notes, tracks, style="lead" if number < 3 else "band")))
    met = coverage_of(cache_of([*pieces, pieces[0]], ["train"] * 4 + ["test"]))
    assert met.ensembles == {
        "lead": ((2, (40, 41)), (1, (0,))),
        "band": ((1, (25, 32, 128)),),
    }
    assert Coverage.from_dict(json.loads(json.dumps(asdict(met)))) == met
    assert met.ranges == {}  # too few pieces
    wrong = asdict(met) | {"ensembles": {"lead": [[1, [200]]]}}
    with pytest.raises(ModelFileError, match="tokens that do not exist"):
        Coverage.from_dict(wrong)


def test_the_ranges_of_common_rows_of_instruments_are_counted():
    """Of forty duets one goes beyond at either end: so few do not count."""
    pieces = []
    for i in range(40):
        upper, lower = (60 - 20 * (i < 1), 80 + 10 * (i < 1)), (36, 50)
        keys = [(pitch, track) for track, pair in enumerate((upper, lower)) for pitch in pair]
        rows = [(24 * at, 24, pitch, 80, track) for at, (pitch, track) in enumerate(keys)]
        notes = make_notes([*rows, (96 + i, 1, 70, 80, 0)])  # no two pieces are alike
        pieces.append(canonical(Piece(notes, (Track(40), Track(42)), style="lead")))
    met = coverage_of(cache_of(pieces, ["train"] * 40))
    assert met.ranges == {"lead": (((40, 42), ((60, 80), (36, 50))),)}
    assert met.ranges_of("lead", (40, 42)) == ((60, 80), (36, 50))
    assert met.ranges_of("lead", (40,)) == met.ranges_of("folk", (40, 42)) == ()
    assert Coverage.from_dict(json.loads(json.dumps(asdict(met)))) == met
    wrong = asdict(met) | {"ranges": {"lead": [[[40], [[60, 50]]]]}}
    with pytest.raises(ModelFileError, match="ranges"):
        Coverage.from_dict(wrong)


def test_how_freely_the_music_of_a_style_is_played_is_told():
    even, free = random_scores(even=True), random_scores(even=False)
    met = coverage_of(cache_of([*even, *free], ["train"] * 24))
    assert list(met.manners) == [""]
    assert met.manners[""].loudness > 0.5
    assert coverage_of(cache_of(even, ["train"] * 12)).manners[""] == Manner(0, 0, 0, 0, 0)
    assert Coverage.from_dict(asdict(met)).manners == met.manners


def test_a_twentieth_may_be_played_more_freely():
    scores = [*random_scores(even=True, n=39), *random_scores(even=False, n=1)]
    assert coverage_of(cache_of(scores, ["train"] * 40)).manners[""].loudness == 0


def random_scores(*, even, n=12):
    """Pieces of eighths, all as loud or none."""
    rng = np.random.default_rng(1)
    velocities = np.full((n, 32), 80) if even else rng.permuted(np.tile([24, 56, 88, 120], (n, 8)))
    return [
        Piece(
            notes=make_notes([(12 * i, 12, 60 + i % 7, int(v), 0) for i, v in enumerate(row)]),
            tracks=(Track(),),
        )
        for row in velocities
    ]
