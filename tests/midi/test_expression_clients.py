"""Marks of scores as MuseScore plays them: an independent judge of loudness, pedal and tempo."""

from collections import defaultdict

import pytest
from expressive_scores import (
    BACKUP,
    REPEAT,
    dynamic,
    metronome,
    notes,
    pedal,
    read,
    score,
    wedge,
    words,
)
from music_programs import muse_score, needs

from lstm_music.midi.read import read_midi

pytestmark = [pytest.mark.clients, needs("mscore3")]

DOTTED = metronome("60", "quarter", dots=1, sound="tempo='90'")
SCORES = {
    "levels": score([
        dynamic(name) + notes() for name in ("ppp", "pp", "p", "mp", "mf", "f", "ff", "fff")
    ]),
    "hairpins": score([
        dynamic("p") + wedge("crescendo") + notes(), wedge("stop") + dynamic("f") + notes(),
        wedge("diminuendo") + notes(), wedge("stop") + dynamic("pp") + notes(),
    ]),
    "percent": score([dynamic("f", sound="dynamics='60'") + notes(), notes()]),
    "repeat": score([dynamic("f") + notes(), dynamic("p") + notes() + REPEAT, notes()]),
    "parts": score(
        [dynamic("p") + notes(), dynamic("f") + notes()],
        [dynamic("ff") + notes(4, "G", 3), dynamic("pp") + notes(4, "G", 3)],
    ),
    "tempos": score([
        metronome("72", "quarter", sound="tempo='72'") + notes(), DOTTED + notes(),
        words("Presto", sound="tempo='180'") + notes() + REPEAT,
    ]),
    "pedal": score([
        pedal("start", staff=2) + notes(4, staff=1) + BACKUP + notes(2, "C", 3, staff=2)
        + pedal("stop", staff=2) + notes(2, "C", 3, staff=2),
        notes(2, staff=1) + pedal("start", staff=2) + notes(2, staff=1) + pedal("stop", staff=2)
        + BACKUP + notes(4, "C", 3, staff=2),
    ], staves=2),
}  # fmt: skip


@pytest.fixture(scope="module", params=SCORES)
def both(request, tmp_path_factory):
    """A score as we read it, and as MuseScore plays it."""
    folder = tmp_path_factory.mktemp("scores")
    path = folder / "score.musicxml"
    path.write_text(SCORES[request.param])
    muse_score(path, folder / "played.mid")
    return read(SCORES[request.param]), read_midi(folder / "played.mid")


def loudness(piece):
    found = defaultdict(list)
    for row in piece.notes:
        found[int(row["onset_steps"]), int(row["pitch_midi"])].append(int(row["velocity"]))
    return {place: sorted(velocities) for place, velocities in found.items()}


def test_notes_are_as_loud(both):
    ours, theirs = map(loudness, both)
    assert ours.keys() == theirs.keys()
    for place, velocities in ours.items():
        assert velocities == pytest.approx(theirs[place], abs=2)


def test_tempos_are_the_same(both):
    ours, theirs = ([(t.onset_steps, round(t.tempo_bpm)) for t in piece.tempos] for piece in both)
    # MuseScore says a tempo once more where a repeat begins.
    changes = [t for before, t in zip([(0, 0), *theirs], theirs, strict=False) if before[1] != t[1]]
    assert ours == changes


def test_the_pedal_goes_down_and_up_at_the_same_beats(both):
    ours, theirs = (
        sorted({(round(int(row["onset_steps"]) / 24), bool(row["down"])) for row in piece.pedal})
        for piece in both
    )
    assert ours == theirs
