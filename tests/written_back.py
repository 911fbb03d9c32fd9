"""What of a piece comes back from a file of it, to be compared."""

from collections import Counter

from lstm_music.midi.export.voices import notes_of
from lstm_music.music.piece import Tempo


def sounding(piece):
    """Notes by onset, end, pitch, velocity and who plays them; a drum stroke has no end."""
    return Counter(
        (n.start, None if t.is_drum else n.end, n.pitch_midi, n.velocity, kind(t))
        for i, t in enumerate(piece.tracks)
        for n in notes_of(piece, i)
    )


def kind(track):
    return "drums" if track.is_drum else track.program


def bar_starts_of(piece):
    """Bar lines up to the last onset: how meters and pickup are told may differ."""
    lines, starts, at = piece.bar_lines, [0], 0
    while (at := lines.bar_end(at)) <= piece.notes["onset_steps"].max():
        starts.append(at)
    return starts


def tempos_of(piece):
    """Those that change something up to the last onset."""
    kept = [Tempo(0, piece.tempos[0].usec_per_quarter)]
    for tempo in piece.tempos:
        is_new = tempo.usec_per_quarter != kept[-1].usec_per_quarter
        if is_new and tempo.onset_steps <= piece.notes["onset_steps"].max():
            kept.append(tempo)
    return kept
