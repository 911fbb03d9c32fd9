"""Kern: spines that split, join, change places and begin late lose no note."""

import random
import re
from collections import Counter

import pytest

from lstm_music.errors import MidiError
from lstm_music.midi.scores.pieces import score_pieces

CORPUS = ["chopin/mazurka06-2", "beethoven/opus18no1/movement2"]


def kern(sketch):
    """Kern text from a sketch: lines are cut by `` | ``, tokens by a space."""
    return sketch.replace(" | ", "\n").replace(" ", "\t") + "\n"


def read(text):
    return score_pieces(text.encode(), ".krn", expand_repeats=False)[0]


def rows(piece):
    return piece.notes[["onset_steps", "duration_steps", "pitch_midi", "track"]].tolist()


def struck(text):
    """How often each pitch is struck, by the text alone: no grace notes, no end of a tie."""
    kinds, pitches = [], Counter()
    for line in text.splitlines():
        tokens = line.split("\t")
        if line.startswith("!!") or not line:
            continue
        if line.startswith("*"):
            kinds = kinds_after(kinds, tokens)
        elif line[0] not in "=!":
            for kind, token in zip(kinds, tokens, strict=True):
                if kind == "**kern":
                    pitches.update(pitch(note) for note in token.split(" ") if is_struck(note))
    return pitches


def kinds_after(kinds, tokens):
    after, i = [], 0
    for i, token in enumerate(tokens):
        kind = kinds[i] if kinds else token
        if token == "*v" and i and tokens[i - 1] == "*v":
            continue
        if token != "*-":
            after.append(token if token.startswith("**") else kind)
        if token in ("*^", "*+"):
            after.append(kind if token == "*^" else "")
    return after


def is_struck(note):
    return re.search("[a-gA-G]", note) and not re.search(r"[rqQ\]_]", note)


def pitch(note):
    name = re.search("[a-gA-G]+", note)[0]
    octave = 4 + len(name) if name.islower() else 5 - len(name)
    step = dict(zip("cdefgab", (0, 2, 4, 5, 7, 9, 11), strict=True))[name[0].lower()]
    return 12 * octave + step + note.count("#") - note.count("-")


def test_a_split_of_a_split_and_a_join_of_three():
    text = kern(
        "**kern **kern | *M2/4 *M2/4 | =1 =1 | * *^ | 4C 4c 4e | 4D 4d 4f | * *v *v | =2 =2 | * *^"
        " | * * *^ | 4E 4g 4b 4dd | 4F 4a 4cc 4ee | * *v *v *v | =3 =3 | 2G 2ccc | *- *-"
    )
    piece = read(text)
    assert len(piece.tracks) == 2
    assert [row[2] for row in rows(piece) if row[0] == 48] == [67, 71, 74, 52]
    assert [row for row in rows(piece) if row[0] >= 96] == [(96, 48, 84, 0), (96, 48, 55, 1)]
    assert piece.repairs == ()


def test_a_join_of_some_spines_only():
    piece = read(
        kern(
            "**kern | *M2/4 | *^ | *^ * | 2c 2e 2g | *v *v * | =2 =2 | 2d 2a | *v *v | =3 | 2b | *-"
        )
    )
    assert [row[::2] for row in rows(piece)] == [
        (0, 60), (0, 64), (0, 67), (48, 62), (48, 69), (96, 71),
    ]  # fmt: skip


def test_spines_that_change_places_end_and_begin():
    piece = read(
        kern(
            "**kern **kern | *M4/4 *M4/4 | 1C 1e | *x *x | =2 =2 | 1f 1D | *- * | =3 | *+"
            " | * **kern | 1E 1cc | *- *-"
        )
    )
    low = [row[2] for row in rows(piece) if row[2] < 60]
    assert sorted(low) == [48, 50, 52]
    assert {row[3] for row in rows(piece) if row[2] < 60} == {2}  # one part throughout
    assert {row[2]: row[0] for row in rows(piece)}[72] == 192


def test_a_voice_that_is_silent_for_a_while_without_rests():
    piece = read(kern("**kern | *M4/4 | *^ | 2c 4e | . 4f | 2d . | =2 =2 | 1g 1b | *v *v | *-"))
    assert {row[2]: row[0] for row in rows(piece)} == {60: 0, 64: 0, 65: 24, 62: 48, 67: 96, 71: 96}
    assert piece.repairs == ()


def test_bars_of_unequal_voices_are_made_equal_and_told():
    piece = read(kern("**kern **kern | *M4/4 *M4/4 | 2c 1e | =2 =2 | 1g 1b | *- *-"))
    assert {row[2]: row[0] for row in rows(piece)} == {60: 0, 64: 0, 67: 96, 71: 96}
    assert piece.repairs == ("kern: 1 bars in which the voices are not equally long",)


def test_a_tie_from_one_sub_spine_to_another():
    piece = read(kern("**kern | *M4/4 | *^ | 1e [1c | =2 =2 | *v *v | 1c] | *-"))
    assert (0, 192, 60, 0) in rows(piece)


def test_only_the_tied_notes_of_a_chord_are_joined():
    text = "**kern\n*M2/4\n[2c 2e\n=\n2c] 2e\n*-\n"
    assert rows(read(text)) == [(0, 96, 60, 0), (0, 48, 64, 0), (48, 48, 64, 0)]


def test_appoggiaturas_sound_and_grace_notes_do_not():
    piece = read(kern("**kern | *M2/4 | 8Pd | 4.cp | =2 | qe | 2f | *-"))
    assert rows(piece) == [(0, 12, 62, 0), (12, 36, 60, 0), (48, 48, 65, 0)]


def test_kern_is_written_as_it_sounds():
    piece = read(kern("**kern | *Icor | *M4/4 | 1c | *-"))
    assert (piece.tracks[0].program, rows(piece)) == (60, [(0, 96, 60, 0)])


def test_dotted_and_rational_durations():
    piece = read(kern("**kern | *M4/4 | 4..c | 16d | 3%2e | 6.f | 12g | 0a | *-"))
    assert [row[1] for row in rows(piece)] == [42, 6, 64, 24, 8, 192]


def test_a_spine_without_a_name_does_not_spoil_the_others():
    piece = read(kern("**kern | *M4/4 | *+ | 1c x | *- *-"))
    assert rows(piece) == [(0, 96, 60, 0)]


def test_pieces_of_one_file():
    one = kern("**kern | *M4/4 | *^ | 1c 1e | *v *v | *-")
    pieces = score_pieces(("!!!!SEGMENT: a\n" + one + "!!!!SEGMENT: b\n" + one).encode(), ".krn")
    assert [len(piece.notes) for piece in pieces] == [2, 2]


def test_no_kern_spine_is_said():
    with pytest.raises(MidiError, match="no \\*\\*kern spine"):
        read(kern("**dynam | p | *-"))


@pytest.mark.parametrize("rng_seed", range(12))
def test_whatever_the_paths_no_note_is_lost(rng_seed):
    text = random_paths(random.Random(rng_seed))
    assert Counter(read(text).notes["pitch_midi"].tolist()) == struck(text)


def random_paths(rng):
    """Two spines that split and join at every bar line, a note of each at every beat."""
    names = ["CC", "D", "F#", "c", "e-", "g", "b", "dd", "aa-"]
    lines, owners = ["**kern\t**kern", "*M2/4\t*M2/4"], [0, 1]
    for bar in range(8):
        lines.append("\t".join(f"={bar + 1}" for _ in owners))
        paths = ["*^" if len(owners) < 6 and rng.random() < 0.4 else "*" for _ in owners]
        lines.append("\t".join(paths))
        owners = [o for o, path in zip(owners, paths) for _ in range(1 + (path == "*^"))]
        lines += ["\t".join("4" + rng.choice(names) for _ in owners) for _ in range(2)]
        first, last = sorted(rng.sample(range(len(owners)), 2))
        while owners[first] != owners[last]:
            last -= 1
        if last > first:
            joins = ["*v" if first <= i <= last else "*" for i in range(len(owners))]
            lines.append("\t".join(joins))
            del owners[first + 1 : last + 1]
    return "\n".join([*lines, "\t".join("*-" for _ in owners), ""])


@pytest.mark.parametrize("name", CORPUS)
def test_files_of_the_corpus_have_the_notes_of_their_text(name):
    from music21 import corpus

    path = corpus.getWork(name)
    path = next(p for p in (path if isinstance(path, list) else [path]) if str(p).endswith("krn"))
    data = path.read_bytes()
    piece = score_pieces(data, ".krn", expand_repeats=False)[0]
    assert Counter(piece.notes["pitch_midi"].tolist()) == struck(data.decode("latin-1"))


SECTIONS = (
    "**kern | *>[A,A1,A,A2,B,A,A2] | *>norep[A,A2,B,A,A2] | *>A | *M2/4 | =1 | 2c | =2 | *>A1 | 2d"
    " | =:|! | *>A2 | 2e | =3 | *>B | 2f | =: | *-"
)


def test_sections_sound_in_the_order_that_the_file_tells():
    text = kern(SECTIONS)
    played = score_pieces(text.encode(), ".krn")[0]
    assert played.notes["pitch_midi"].tolist() == [60, 62, 60, 64, 65, 60, 64]
    assert read(text).notes["pitch_midi"].tolist() == [60, 64, 65]


def test_an_order_of_unknown_sections_is_none():
    text = kern(SECTIONS.replace("A2,B,A,A2]", "A2,X]"))
    assert score_pieces(text.encode(), ".krn")[0].notes["pitch_midi"].tolist() == [
        60,
        62,
        60,
        62,
        64,
        65,
    ]


def test_only_what_is_marked_as_tied_is_not_struck():
    piece = read(kern("**kern | *M4/4 | [2c | 2c | [2d | [2d | 2d] | *-"))
    assert rows(piece) == [(0, 48, 60, 0), (48, 48, 60, 0), (96, 48, 62, 0), (144, 96, 62, 0)]


def test_two_spines_joined_go_on_as_the_left_one():
    piece = read(kern("**kern **kern | *M4/4 *M4/4 | 1C 1e | *v *v | =2 | 1D | *-"))
    assert rows(piece) == [(0, 96, 64, 0), (0, 96, 48, 1), (96, 96, 50, 1)]


@pytest.mark.parametrize("bar_line", ["=", "=2"])
def test_sections_start_where_their_labels_stand_after_an_empty_measure(bar_line):
    text = kern(
        f"**kern | *>[A,B,A] | *>A | *M2/4 | =1 | 2c | {bar_line} | = | *>B | 2d | =3 | *>C | 2e"
        " | *-"
    )
    assert score_pieces(text.encode(), ".krn")[0].notes["pitch_midi"].tolist() == [60, 62, 60]


def test_a_pickup_is_a_measure_of_the_first_section():
    text = kern("**kern | *>[A,A,B] | *>A | *M2/4 | 4c | =1 | 2d | = | *>B | 2e | == | *-")
    assert score_pieces(text.encode(), ".krn")[0].notes["pitch_midi"].tolist() == [
        60, 62, 60, 62, 64,
    ]  # fmt: skip


@pytest.mark.parametrize("line", ["=:|!", "=2:|!|:", "=:!!:"])
def test_a_first_measure_without_a_bar_line_before_it_is_repeated(line):
    text = kern(f"**kern | *M2/4 | 2c | {line} | 2d | =3 | *-")
    piece = score_pieces(text.encode(), ".krn")[0]
    assert [row[2] for row in rows(piece)] == [60, 60, 62]


def test_dynamics_are_for_the_spine_at_their_left_where_no_staves_are_named():
    text = "**kern **dynam **kern **dynam | =1 =1 =1 =1 | 4C f 4c p | 4D ff 4d . | *- *- *- *-"
    piece = read(kern(text))
    loudness = {row["pitch_midi"]: row["velocity"] for row in piece.notes}
    assert loudness == {48: 96, 50: 112, 60: 49, 62: 49}
