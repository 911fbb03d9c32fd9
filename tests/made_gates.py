"""Recordings of networks whose units do what a test says."""

import numpy as np

from lstm_music.cells.registry import cell_spec
from lstm_music.evaluate.gates.record import Gates
from lstm_music.midi.files import read
from lstm_music.reference.gates import gate_roles
from lstm_music.tokens.canonical import canonical
from lstm_music.tokens.vocabulary import DEFAULT


def made_gates(piece, series, cell="lstm"):
    """A recording of one layer: (M, H) series by name, one row an onset, at each of its tokens.

    The tokens of an onset are a shift, and the pitch of each note.
    """
    piece = canonical(piece)
    steps = piece.notes["onset_steps"].astype(np.int64)
    onsets, n_notes = np.unique(steps, return_counts=True)
    at = np.repeat(np.arange(len(onsets)), 1 + n_notes)
    tokens = np.full(len(at), DEFAULT["pitch"].start, np.int32)
    tokens[np.append(True, np.diff(at) > 0)] = DEFAULT["shift"].start
    spec = cell_spec(cell)
    H = next(iter(series.values())).shape[1]
    names = (*gate_roles(spec), *spec.state_order)
    layer = {name: series.get(name, np.full((len(onsets), H), 0.5))[at] for name in names}
    return Gates(piece, spec, gate_roles(spec), (layer,), tokens, onsets[at], np.ones(len(at)))


def noise(rng, n_onsets, n_units, memory):
    """Units that remember so much of their past, and nothing of the music."""
    x = np.zeros((n_onsets, n_units))
    x[0] = rng.normal(size=n_units)
    for m in range(1, n_onsets):
        x[m] = memory * x[m - 1] + rng.normal(size=n_units) * np.sqrt(1 - memory**2)
    return x


def read_data(path):
    return canonical(read(path))
