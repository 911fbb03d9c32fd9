"""What is given stands; what is new begins and ends in the open places; nothing sounds twice."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from paths import MIDI_DATA
from small_composers import PLAIN, random_composer
from token_strategies import examples, pieces

import lstm_music as lm
from lstm_music.composer import Composer
from lstm_music.errors import ConfigError, MidiError, TokenError
from lstm_music.generate.asking.request import Request
from lstm_music.generate.complete import FEW_WORDS, get_ready, plan_for
from lstm_music.music.bars import n_bars
from lstm_music.music.piece import PEDAL_DTYPE, Piece, Tempo, Track, make_notes
from lstm_music.music.places import begins_in
from lstm_music.nn.sampling import Sampling

COMPOSERS = [random_composer(1), random_composer(2, scale=3.0), random_composer(3, met=PLAIN)]
NAMES = ["chorale_pickup", "reel", "band", "nocturne", "drums", "meter_change", "lead_sheet"]


def check(request, take):
    """The laws of every result."""
    plan, piece = plan_for(request, request.seed, request.rng_seed), take.piece
    given, whole = Counter(plan.given.notes.tolist()), Counter(piece.notes.tolist())
    assert not given - whole
    assert whole - given == Counter(take.new.tolist())
    for onset, duration, _, _, track, _ in take.new.tolist():
        assert any(
            place.track == track
            and place.start_steps <= onset
            and (request.keep == "rhythm" or onset + duration <= rings_until(plan, place))
            and onset < place.end_steps
            for place in plan.places
        )
    if not plan.is_continuation:
        assert piece.pedal.tolist() == request.seed.pedal.tolist()
    assert (piece.meters, piece.tempos) == (plan.given.meters, plan.given.tempos)
    no_key_is_struck_while_it_sounds(piece, take.new)


def rings_until(plan, place):
    """A fill may ring as far as what it takes the place of, which may be played before the bar."""
    gone = plan.replaced[begins_in(plan.written_replaced, [place])]
    return max([place.end_steps, *(gone["onset_steps"] + gone["duration_steps"]).tolist()])


def no_key_is_struck_while_it_sounds(piece, new):
    ours = set(new.tolist())
    by_key = {}
    for row in sorted(piece.notes.tolist()):
        by_key.setdefault((row[4], row[2]), []).append(row)
    for same in by_key.values():
        for one, next_ in pairwise(same):
            if one in ours or next_ in ours:
                assert one[0] + one[1] <= next_[0], (one, next_)


@st.composite
def requests(draw):
    seed = draw(pieces())
    bars = min(n_bars(seed), 400)
    assume(bars >= 1 and len(seed.notes))
    first = draw(st.integers(1, bars))
    asked = {"bars": (first, min(bars, first + draw(st.integers(0, 1))))}
    task = draw(st.sampled_from(["infill", "accompany", "vary"]))
    if task == "accompany":
        asked["with_"] = "drums,bass"
    if task == "vary":
        asked["keep"] = draw(st.sampled_from(["rhythm", "pitch", "outline"]))
        asked["amount"] = draw(st.sampled_from([0.3, 1.0]))
    if draw(st.booleans()) and asked.get("keep") != "rhythm":
        asked["min_duration"] = "1/16"
    return Request(task, seed, rng_seed=draw(st.integers(0, 99)), drafts=1, **asked)


@examples(60)
@given(requests(), st.sampled_from(COMPOSERS))
def test_any_piece_any_place(request, composer):
    try:
        take = composer.complete(request)[0]
    except (ConfigError, MidiError):
        assume(False)
    except TokenError as error:
        assert "outgrew" in str(error)  # a random network may never let time pass
        assume(False)
    check(request, take)


@pytest.mark.parametrize("composer", COMPOSERS, ids=["all", "sure", "plain"])
def test_a_fill_rings_as_far_as_a_downbeat_that_was_played_early(composer):
    """The note at step 0 is of the bar that begins at step 1, and sounds up to step 192."""
    seed = Piece(make_notes([(0, 192, 60, 1, 0)]), (Track(),), pickup_steps=1)
    ends = []
    for rng_seed in range(8):
        request = Request("infill", seed, bars=(1, 1), rng_seed=rng_seed, drafts=1)
        take = composer.complete(request)[0]
        check(request, take)
        ends += (take.new["onset_steps"] + take.new["duration_steps"]).tolist()
    assert 97 < max(ends) <= 192


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("composer", COMPOSERS, ids=["all", "sure", "plain"])
def test_real_music(composer, name):
    seed = lm.read(MIDI_DATA / f"{name}.mid")
    for bars in ("3-4", "1", "5"):
        request = Request("infill", seed, bars=bars, rng_seed=5)
        check(request, composer.complete(request)[0])


@pytest.mark.parametrize("threads", [1, 3])
def test_alone_or_among_others_on_any_threads(threads):
    seed = lm.read(MIDI_DATA / "chorale.mid")
    asked = {"bars": (3, 4), "tracks": "2", "rng_seed": 7, "scale": "C major"}
    alone = COMPOSERS[0].complete(Request("infill", seed, **asked))
    among = COMPOSERS[0].complete(Request("infill", seed, n=5, threads=threads, **asked))
    assert among[0].piece == alone[0].piece
    assert len({take.new.tobytes() for take in among}) == 5


def test_a_network_that_hears_nothing_ahead_fills_by_particles_and_says_so():
    seed = lm.read(MIDI_DATA / "chorale.mid")
    request = Request("infill", seed, bars=(2, 2), tracks="2", rng_seed=1)
    old = random_composer(1, old=True, met=PLAIN)
    take = old.complete(request)[0]
    check(request, take)
    assert FEW_WORDS in take.piece.repairs
    assert old.complete(request)[0].piece == take.piece
    assert FEW_WORDS not in COMPOSERS[0].complete(request)[0].piece.repairs


def test_a_network_trained_without_gaps_is_not_told_what_it_has_not_learnt():
    """Once it was, by embedding rows that no training had touched."""
    model = random_composer(4, met=PLAIN)
    facts = model.metadata | {"training": model.metadata["training"] | {"settings": {"infill": 0}}}
    untrained = Composer(model.model, facts, name="no gaps")
    seed = lm.read(MIDI_DATA / "chorale.mid")
    request = Request("infill", seed, bars=(2, 2), tracks="2", rng_seed=1)
    assert get_ready(model._engine, request, seed, 1).base.score.conditioning is not None
    assert get_ready(untrained._engine, request, seed, 1).base.score.conditioning is None
    assert FEW_WORDS in untrained.complete(request)[0].piece.repairs


def test_the_bundled_model_fills_a_gap():
    seed = lm.read(MIDI_DATA / "chorale.mid")
    request = Request("infill", seed, bars=(3, 3), tracks="1", rng_seed=1)
    take = lm.load().complete(request)[0]
    check(request, take)
    assert len(take.new)
    assert np.isfinite([take.nats_a_note, take.join_nats]).all()


@pytest.mark.parametrize("how", [{"beam": 2}, {}])
def test_further_drafts_of_many_copies_have_random_numbers(how, monkeypatch):
    """Once they had numbers beyond 64 bits."""
    monkeypatch.setattr("lstm_music.generate.complete.Judge.faults", lambda *_: 1)
    seed = lm.read(MIDI_DATA / "reel.mid")
    composer = random_composer(1, old=not how, met=PLAIN)
    request = Request("infill", seed, bars=(2, 2), rng_seed=1, drafts=2, **how)
    check(request, composer.complete(request)[0])


@pytest.mark.parametrize("rng_seed", range(12))
def test_no_pedal_of_ours_stands_in_the_way_of_what_is_given(rng_seed):
    """Once a pedal pressed in the gap left none to press behind it."""
    seed = lm.read(MIDI_DATA / "nocturne.mid")
    request = Request("infill", seed, bars=(2, 2), rests=False, rng_seed=rng_seed)
    work = get_ready(COMPOSERS[0]._engine, request, seed, rng_seed)
    (draft,) = work.compose(Sampling(3.0, top_p=1.0), rng_seed, [0], 1)
    pedal = draft.score.pedal()
    known = work.prompt.context.pedal
    assert set(pedal["onset_steps"].tolist()) <= set(known["onset_steps"].tolist())
    assert len(pedal) == (known["onset_steps"] < work.prompt.end_steps).sum()


def test_changes_between_notes_in_a_gap_are_not_read():
    """Pedal and tempo of a played piece stand at any step; once fills had notes there."""
    reel = lm.read(MIDI_DATA / "reel.mid")
    bar = reel.meters[0].bar_steps
    onsets = [2 * bar + step for step in (0, 1, 5, bar - 1)] + [3 * bar + 1]
    pedal = np.array([(onset, 0, i % 2 == 0) for i, onset in enumerate(onsets)], PEDAL_DTYPE)
    tempos = (reel.tempos[0], *(Tempo.from_bpm(60 + 9 * i, at) for i, at in enumerate(onsets)))
    seed = reel.replace(pedal=pedal, tempos=tempos)
    request = Request("infill", seed, bars=(3, 3), rng_seed=1)
    context = get_ready(COMPOSERS[0].engine, request, seed, 1).prompt.context
    assert context.pedal["onset_steps"].tolist() == [3 * bar + 1]
    assert [tempo.onset_steps for tempo in context.tempos] == [0, 3 * bar + 1]
    take = COMPOSERS[0].complete(request)[0]
    assert take.piece.pedal.tolist() == pedal.tolist()
    assert take.piece.tempos == tempos
    request = Request("infill", seed, bars=(4, 4), rng_seed=1)
    context = get_ready(COMPOSERS[0].engine, request, seed, 1).prompt.context
    assert context.pedal["onset_steps"].tolist() == onsets[:4]
