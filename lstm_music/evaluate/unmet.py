"""What some music has that a model has never met in training, and what the model charges for it."""

from __future__ import annotations

from typing import Any

import numpy as np

from lstm_music.corpus.cache import TokenCache
from lstm_music.corpus.coverage import Coverage, meter_name
from lstm_music.evaluate.likelihood import body_start
from lstm_music.nn.model import LanguageModel
from lstm_music.nn.scoring import sequence_nll
from lstm_music.tokens.annotate import annotate
from lstm_music.tokens.vocabulary import DEFAULT, DRUM_PROGRAM
from lstm_music.types import BoolArray, IntArray

_NAMES = {
    "pedal_down": "pedal",
    "pedal_up": "pedal",
    "tempo": "tempo changes",
    "numerator": "meter changes",
    "denominator": "meter changes",
    "velocity": "changes of loudness",
    "timing": "timing",
    "later_style": "style",
}


def unmet(
    model: LanguageModel, coverage: Coverage, corpus: TokenCache, side: str
) -> dict[str, Any]:
    """What the held-out music has that the model has never met, and nats a note without it.

    Counted out are the tokens of kinds that are new to the model, and every token and note of
    tracks on instruments that are. Styles and meters that are new are named; as they are given,
    nothing is charged for them.

    Parameters
    ----------
    model : the network.
    coverage : what it has coverage.
    corpus : the music; of pieces whose last bars are held out these alone count.
    side : "valid" or "test".

    Returns
    -------
    JSON values: ``kinds``, tokens and nats a note of each new kind; ``programs``, ``styles`` and
    ``meters``, pieces that have each new one; ``nats_per_note`` of all and
    ``nats_per_note_without`` what is new, None where no note is left.
    """
    pieces = [int(i) for i in corpus.indices(side)]
    tokens = [corpus.piece_tokens(i) for i in pieces]
    scores = sequence_nll(model, [(annotate(one)[:-1], one[1:]) for one in tokens])
    sums = np.zeros((2, 2))  # with and without: nats, notes
    kinds: dict[str, list[float]] = {}
    for i, one, score in zip(pieces, tokens, scores, strict=True):
        start = max(body_start(one), corpus.heard_tokens(i))
        nats, body = score[start - 1 :], one[start:]
        notes = DEFAULT.is_kind(body, "pitch") | DEFAULT.is_kind(body, "drum")
        programs = _programs(one)[start:]
        new = new_kinds(coverage, body, programs)
        strange = ~np.isin(programs, coverage.programs)
        for name, where in new.items():
            found = kinds.setdefault(name, [0.0, 0.0])
            found[0] += np.count_nonzero(where)
            found[1] += float(nats[where].sum())
            strange = strange | where
        sums += [[nats.sum(), notes.sum()], [nats[~strange].sum(), (notes & ~strange).sum()]]
    n_notes = max(sums[0, 1], 1.0)
    return {
        "kinds": {
            n: {"tokens": int(x), "nats_per_note": y / n_notes} for n, (x, y) in kinds.items()
        },
        **_new_headers(coverage, tokens, [corpus.styles[i] for i in pieces]),
        "nats_per_note": float(sums[0, 0] / n_notes),
        "nats_per_note_without": float(sums[1, 0] / sums[1, 1]) if sums[1, 1] else None,
    }


def new_kinds(coverage: Coverage, body: IntArray, programs: IntArray) -> dict[str, BoolArray]:
    """Which tokens of a body are of kinds that are new, each (N,) bool, by name.

    Parameters
    ----------
    coverage : of the training music. Drums have changes of loudness wherever it has met any.
    body : (N,) int32.
    programs : (N,) program of each token's track.
    """
    found: dict[str, BoolArray] = {}
    for kind, _ in DEFAULT.ranges:
        if kind in ("end", "pitch", "drum"):  # notes go with their instruments
            continue
        where = DEFAULT.is_kind(body, kind)
        if kind in coverage.kinds:
            if kind != "velocity" or coverage.dynamics:
                continue
            where = where & (programs != DRUM_PROGRAM)
        if where.any():
            name = _NAMES.get(kind, kind)
            found[name] = found.get(name, np.zeros(len(body), bool)) | where
    return found


def _programs(tokens: IntArray) -> IntArray:
    """The program of the track that each token of a piece belongs to, (N,)."""
    programs = tokens[DEFAULT.is_kind(tokens, "program")] - DEFAULT["program"].start
    is_track = DEFAULT.is_kind(tokens, "track")
    last = np.maximum.accumulate(np.where(is_track, np.arange(len(tokens)), 0))
    # From the beginning on it is the first track.
    track = np.where(is_track[last], tokens[last] - DEFAULT["track"].start, 0)
    return np.asarray(programs[track])


def _new_headers(
    coverage: Coverage, tokens: list[IntArray], styles: list[str]
) -> dict[str, dict[str, int]]:
    """How many pieces have each instrument, style and meter that is new."""
    found: dict[str, dict[str, int]] = {"programs": {}, "styles": {}, "meters": {}}

    def count(what: str, name: str) -> None:
        found[what][name] = found[what].get(name, 0) + 1

    for one, style in zip(tokens, styles, strict=True):
        header = one[: body_start(one)]
        programs = set(
            (header[DEFAULT.is_kind(header, "program")] - DEFAULT["program"].start).tolist()
        )
        for program in sorted(programs - set(coverage.programs)):
            count("programs", "drums" if program == DRUM_PROGRAM else str(program))
        if style not in coverage.styles:
            count("styles", style or "none")
        if coverage.meters and (meter := meter_name(header)) not in coverage.meters:
            count("meters", meter)
    return found


def in_words(found: dict[str, Any]) -> list[str]:
    """What `unmet` has found, in lines; none if nothing is new."""
    new = [
        f"{name} ({kind['tokens']:,} tokens, {kind['nats_per_note']:.2f} nats a note)"
        for name, kind in found["kinds"].items()
    ]
    for what in ("programs", "styles", "meters"):
        if found[what]:
            some = ", ".join(f"{name} ({n:,} pieces)" for name, n in found[what].items())
            new.append(f"{what} {some}")
    if not new:
        return []
    without = found["nats_per_note_without"]
    left = "no note is left" if without is None else f"{without:.3f} nats/note"
    return [
        f"this model has never met: {'; '.join(new)}",
        f"  with all that {found['nats_per_note']:.3f} nats/note, without it {left}",
    ]
