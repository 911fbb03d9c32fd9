"""Strict voice leading holds in every sample, and never leaves a note without a pitch."""

from dataclasses import replace

import pytest
from paths import MIDI_DATA
from small_composers import EVERYTHING, random_composer

import lstm_music as lm
from lstm_music.generate.asking.request import Request
from lstm_music.generate.planning.parts import ordered_parts
from lstm_music.generate.planning.plan import Place, Plan, accompaniment
from lstm_music.generate.planning.ruling import ruling_for
from lstm_music.music.piece import Piece, Track, make_notes
from lstm_music.music.voice_leading import crossings, parallels

COMPOSER = random_composer(5, met=EVERYTHING, scale=0.3)
HYMNS = random_composer(5, met=replace(EVERYTHING, styles=("hymn",)), scale=0.3)
BAR = 96
N = 40


def chorale(*parts, style="chorale", programs=(52,)):
    """Parts of one note a bar, the pitches of each; None: a rest. Or of lists of a bar's pitches,
    equal in length."""
    rows = []
    for track, part in enumerate(parts):
        for bar, notes in enumerate(part):
            some = notes if isinstance(notes, list) else [notes]
            length = BAR // len(some)
            rows += [
                (bar * BAR + i * length, length, pitch, 80, track)
                for i, pitch in enumerate(some)
                if pitch is not None
            ]
    tracks = tuple(Track(programs[i % len(programs)], name=str(i)) for i in range(len(parts)))
    return Piece(
        notes=make_notes(rows), tracks=tracks, style=style, length_steps=BAR * len(parts[0])
    )


def whole_notes(seed, track=1, bars=2, n=N, voice_leading=None, **asked):
    """Takes that write one whole note in a bar of a track."""
    rules = {
        "min_duration": "1/1",
        "grid": "1/1",
        "min_density": 1,
        "max_density": 1,
        "in_character": False,
    } | asked
    request = Request(
        "infill",
        seed,
        bars=bars,
        tracks=[track],
        n=n,
        rng_seed=1,
        temperature=3.0,
        top_p=1.0,
        drafts=1,
        voice_leading=voice_leading,
        **rules,
    )
    return COMPOSER.complete(request)


def pitches(takes):
    """All pitches that were written first in each take."""
    return {int(take.new["pitch_midi"][0]) for take in takes}


CASES = {
    "fifth": ([67, 70], [60, 62], {69, 81}),
    "octave": ([72, 70], [60, 62], {62, 74, 86}),
    "unison": ([60, 70], [60, 62], {62, 74, 86}),
    "twelfth": ([79, 70], [60, 62], {69, 81}),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("is_told_first", [True, False])
def test_parallels_with_given_notes_at_the_same_onset(name, is_told_first):
    """The given part is told after the new one, or before it."""
    upper, lower, forbidden = CASES[name]
    seed = chorale(lower, upper) if is_told_first else chorale(upper, lower)
    asked = {"track": 2 if is_told_first else 1, "pitch_range": "62-86", "rests": False}
    strict, free = (
        pitches(whole_notes(seed, voice_leading=how, **asked)) for how in ("strict", "free")
    )
    assert not strict & forbidden
    assert free & forbidden
    assert len(strict) > 8


def test_a_part_that_stays_or_moves_alone_is_free():
    for upper, lower in (([67, 70], [60, 60]), ([69, 70], [60, 62])):
        seed = chorale(upper, lower)
        assert 69 in pitches(whole_notes(seed, pitch_range="68-70", rests=False))


def test_parts_do_not_cross():
    seed = chorale([72, 72], [60, 65])
    assert min(pitches(whole_notes(seed, pitch_range="60-70"))) >= 65
    assert min(pitches(whole_notes(seed, pitch_range="60-70", voice_leading="free"))) < 65
    assert max(pitches(whole_notes(seed, track=2, pitch_range="66-78"))) <= 72
    assert max(pitches(whole_notes(seed, track=2, pitch_range="66-78", voice_leading="free"))) > 72


def test_parts_that_cross_in_the_given_music_may_cross():
    seed = chorale([72, 72, 59], [60, 65, 60])
    assert min(pitches(whole_notes(seed, pitch_range="60-70"))) < 65


def test_a_note_ends_before_a_given_one_crosses_it():
    seed = chorale([72, 72], [55, [55, 67]])
    asked = {"pitch_range": "60-64", "min_duration": None}
    longest = {
        how: max(
            int(take.new["duration_steps"].max())
            for take in whole_notes(seed, voice_leading=how, **asked)
        )
        for how in ("strict", "free")
    }
    assert longest["strict"] <= BAR // 2 < longest["free"]


def test_the_given_music_behind_is_reached_without_parallels():
    seed = chorale([67, 66, 69], [60, 60, 62])
    strict, free = (
        pitches(whole_notes(seed, pitch_range="64-70", voice_leading=how))
        for how in ("strict", "free")
    )
    assert 67 in free
    assert 67 not in strict
    assert len(strict) > 2


def test_slots_keep_the_rule():
    seed = chorale([67, 70], [60, 62])
    found = {}
    for how in ("strict", "free"):
        request = Request(
            "vary",
            seed,
            keep="rhythm",
            tracks=[1],
            bars=2,
            n=N,
            rng_seed=1,
            drafts=1,
            pitch_range="66-72",
            voice_leading=how,
            temperature=3.0,
            top_p=1.0,
        )
        found[how] = pitches(COMPOSER.complete(request))
    assert 69 in found["free"]
    assert 69 not in found["strict"]
    assert len(found["strict"]) > 3


def test_a_slot_is_not_crossed_while_it_sounds():
    seed = chorale([72, 72], [55, [55, 67]])
    request = Request(
        "vary",
        seed,
        keep="rhythm",
        tracks=[1],
        bars=2,
        n=N,
        rng_seed=1,
        drafts=1,
        pitch_range="60-70",
        temperature=3.0,
        top_p=1.0,
    )
    assert min(pitches(COMPOSER.complete(request))) >= 67


def test_order_gives_way_before_parallels():
    """A3 crosses, A4 is a parallel fifth, and nothing else is allowed."""
    seed = chorale([67, 69], [60, 62])
    (take, *_) = takes = whole_notes(seed, pitch_range="61-69", scale="C# A")
    assert pitches(takes) == {61}
    assert take.report["voice_leading"]["came_out"]["crossings"] == 1
    assert take.report["voice_leading"]["kept"] is False


def test_a_note_whose_only_pitch_is_forbidden_is_written():
    seed = chorale([67, 69], [60, 62])
    takes = whole_notes(seed, pitch_range="69-69", rests=False)
    assert pitches(takes) == {69}
    report = takes[0].report["voice_leading"]
    assert report["came_out"]["parallels"] == 1
    assert report["kept"] is False


@pytest.mark.parametrize("scale", ["C", "C G", "C D E"])
@pytest.mark.parametrize("task", ["generate", "infill", "vary"])
def test_it_never_ends_a_sequence(task, scale):
    """Even where nearly every pitch is forbidden."""
    seed = lm.read(MIDI_DATA / "chorale.mid")
    bars = 2 if task == "generate" else (2, 4)
    more = {"keep": "rhythm"} if task == "vary" else {"rests": False, "min_density": 4}
    request = Request(
        task,
        seed,
        bars=bars,
        n=12,
        rng_seed=2,
        scale=scale,
        drafts=1,
        temperature=3.0,
        voice_leading="strict",
        **more,
    )
    takes = COMPOSER.complete(request)
    assert all(len(take.new) >= 16 for take in takes)


def count(take):
    pitched = [i for i, track in enumerate(take.piece.tracks) if not track.is_drum]
    return len(parallels(take.piece.notes, pitched))


CHOIR = {
    "with_": "choir,choir,choir,choir",
    "max_polyphony": 1,
    "scale": "C major",
    "pitch_range": "1:62-79,2:57-72,3:50-65,4:40-57",
}


def from_nothing(n=100, **asked):
    request = Request(
        bars=3,
        n=n,
        rng_seed=1,
        style="chorale",
        meter="4/4",
        drafts=1,
        ending="free",
        grid="1/4",
        min_density=4,
        rests=False,
        temperature=3.0,
        **CHOIR | asked,
    )
    return COMPOSER.complete(request)


def test_a_hundred_samples_from_nothing():
    takes = from_nothing()
    assert sum(map(count, takes)) == 0
    for take in takes:
        for upper in range(4):
            for lower in range(upper + 1, 4):
                assert not crossings(take.piece.notes, upper, lower)
        assert take.report["voice_leading"]["kept"] is True
    assert sum(map(count, from_nothing(20, voice_leading="free"))) > 20


def test_tracks_with_chords_keep_their_outer_parts():
    asked = {"with_": "piano,choir", "max_polyphony": 4, "polyphony": 3, "pitch_range": "50-74"}
    takes = from_nothing(40, **asked)
    assert sum(map(count, takes)) == 0
    assert sum(map(count, from_nothing(40, voice_leading="free", **asked))) > 4


@pytest.mark.parametrize("tracks", [None, [1], [2], [4], [1, 4]])
def test_infills_of_a_chorale(tracks):
    seed = lm.read(MIDI_DATA / "chorale.mid")
    asked = {
        "bars": (3, 4),
        "tracks": tracks,
        "n": 12,
        "rng_seed": 1,
        "drafts": 1,
        "temperature": 2.0,
    }
    takes = COMPOSER.complete(Request("infill", seed, style="chorale", **asked))
    reports = [take.report["voice_leading"]["came_out"] for take in takes]
    assert sum(report["parallels"] for report in reports) == 0
    assert sum(report["crossings"] for report in reports) == 0
    free = COMPOSER.complete(
        Request("infill", seed, style="chorale", voice_leading="free", **asked)
    )
    broken = [take.report["voice_leading"]["came_out"] for take in free]
    assert sum(report["parallels"] + report["crossings"] for report in broken) > 0


@pytest.mark.parametrize("threads", [1, 3])
def test_the_same_bytes_on_any_number_of_threads(threads):
    notes = [take.piece.notes.tobytes() for take in from_nothing(7, threads=threads)]
    assert notes == [take.piece.notes.tobytes() for take in from_nothing(7, threads=2)]


@pytest.mark.parametrize(("style", "holds"), [("chorale", True), ("folk", False), ("hymn", True)])
def test_what_a_style_has_by_default(style, holds):
    composer = COMPOSER if style != "hymn" else HYMNS
    request = Request(bars=1, rng_seed=1, style=style, with_="choir,choir", drafts=1, ending="free")
    assert ("voice_leading" in composer.complete(request)[0].report) is holds


def test_free_is_what_other_styles_had():
    seed = lm.read(MIDI_DATA / "band.mid")
    asked = {"bars": (3, 4), "n": 2, "rng_seed": 1}
    plain, free = (
        COMPOSER.complete(Request("infill", seed, **asked, **more))
        for more in ({}, {"voice_leading": "free"})
    )
    assert [t.piece.notes.tolist() for t in plain] == [t.piece.notes.tolist() for t in free]


def test_the_report_tells_the_given_music_from_the_new():
    seed = chorale([67, 69, 71, 72], [60, 62, 64, 60])
    (take,) = whole_notes(seed, bars=4, n=1)
    report = take.report["voice_leading"]
    assert report["asked"] == "strict"
    assert report["came_out"]["parallels_in_given_music"] == 2
    assert report["came_out"]["parallels"] == 0
    assert report["kept"] is True


def test_where_the_pitches_are_kept_they_lead_as_they_did():
    seed = lm.read(MIDI_DATA / "chorale.mid").replace(style="chorale")
    asked = {"keep": "pitch", "bars": (2, 3), "rng_seed": 1}
    assert "voice_leading" not in COMPOSER.complete(Request("vary", seed, **asked))[0].report
    with pytest.raises(lm.ConfigError, match="voice_leading cannot be asked where the pitches"):
        COMPOSER.complete(Request("vary", seed, voice_leading="strict", **asked))


@pytest.mark.parametrize(
    ("programs", "order"),
    [
        ((52, 52, 52), [(0, 1), (0, 2), (1, 2)]),
        ((32, 40, 40), [(1, 0), (2, 0), (1, 2)]),  # a bass and two violins
    ],
)
def test_new_tracks_lie_in_the_order_of_their_instruments(programs, order):
    """However they are named; of like ones the first lies above."""
    new = Piece(tracks=(*map(Track, programs), Track(is_drum=True)))
    plan = Plan(new, tuple(Place(track, 0, BAR) for track in range(3)))
    assert ordered_parts(ruling_for(Request(), plan), plan) == order


def test_given_parts_lie_in_the_order_of_their_notes():
    """A new part lies below one of the same instrument; of other ones nothing tells."""
    seed = chorale([60, 62], [72, 74], [48, 73])
    plan = accompaniment(seed, [(52, "alto"), (40, "violin")], (1, 2))
    found = ordered_parts(ruling_for(Request(), plan), plan)
    assert set(found) == {(1, 0), (1, 2), (0, 3), (1, 3), (2, 3), (4, 3)}  # 0 and 2 cross
