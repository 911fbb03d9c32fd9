"""Compose from a header: draft after draft, until one keeps what the header promises."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from lstm_music.errors import ConfigError
from lstm_music.generate.asking.piece_controls import NO_FORM
from lstm_music.generate.asking.request import Request
from lstm_music.generate.complete import Judge
from lstm_music.generate.compose import Job
from lstm_music.generate.drafting import Draft, DraftWriter
from lstm_music.generate.engine import Engine
from lstm_music.generate.forms.endings import DRAWS_APART
from lstm_music.generate.forms.plan import form_faults
from lstm_music.generate.forms.returns import Formed
from lstm_music.generate.takes import Take, TakeDone, drawn_takes, ranked
from lstm_music.music.piece import Piece
from lstm_music.music.promises import beat_is_obeyed, key_or_mode_is_obeyed, meter_is_obeyed
from lstm_music.nn.sampling import Sampling

DRAFTS = 8
"""So many at most, unless told otherwise: of fiddle tunes, one in seven needs a second."""

_DRAFTS_APART = DRAWS_APART << 8
"""Between the random streams of two drafts; beyond those of all endings of one."""


def compose_from_nothing(
    engine: Engine,
    request: Request,
    rng_seed: int,
    advice: Sampling,
    *,
    others: Sequence[Piece] = (),
    copied_notes: Callable[[Piece], int] | None = None,
    on_take: TakeDone | None = None,
) -> list[Take]:
    """The takes of a request without a seed; what it does not say the network chooses.

    Of at most ``request.drafts`` drafts of each, the first in its key (or the church mode of its
    third), on its beats and in its meter that does not go in circles; if there is none, the first
    with the fewest faults.

    Parameters
    ----------
    engine, request, rng_seed, advice, others, copied_notes, on_take : as of
        `lstm_music.generate.complete.complete_seed`.

    Raises
    ------
    ConfigError : no such style, or the request cannot be met.
    """
    if request.beam > 1:
        raise ConfigError("beam is for a seed; leave it out for a piece from nothing")
    writer = DraftWriter(engine, request, rng_seed, advice)
    most = request.drafts or DRAFTS

    def faults(piece: Piece, formed: Formed | None) -> int:
        judge = Judge(writer.plan(piece), tuple(others), copied_notes, request.max_copy)
        broken = _broken(piece) + judge.faults(piece, piece.notes)
        silent = formed.silent_parts(piece) if formed else 0
        return broken + silent + form_faults(formed.form if formed else None, piece)

    def draw(streams: Sequence[int]) -> list[Take]:
        return [writer.take(*one) for one in _best_drafts(writer, faults, streams, most)]

    return ranked(drawn_takes(draw, request.n, on_take), request.rank)


def header_job(engine: Engine, request: Request, rng_seed: int, advice: Sampling) -> Job:
    """The job of one draft of a request without a seed, whose end is left to the network.

    Raises
    ------
    ConfigError : no such style, or the request cannot be met.
    """
    freely = replace(request, ending="free", form=NO_FORM)
    return DraftWriter(engine, freely, rng_seed, advice).job(0)


def _best_drafts(
    writer: DraftWriter,
    faults: Callable[[Piece, Formed | None], int],
    streams: Sequence[int],
    most: int,
) -> list[Draft]:
    """Of each random stream the first of ``most`` drafts with the fewest faults."""
    best: dict[int, tuple[int, Draft]] = {}
    left = list(streams)
    for number in range(most):
        drafts = writer.draft([i + number * _DRAFTS_APART for i in left])
        for i, draft in zip(left, drafts, strict=True):
            judged = (faults(draft[0], draft[2]), draft)
            best[i] = min(best.get(i, judged), judged, key=lambda found: found[0])
        left = [i for i in left if best[i][0]]
        if not left:
            break
    return [best[i][1] for i in streams]


def _broken(piece: Piece) -> int:
    """How many promises of its header a piece breaks."""
    promises = (key_or_mode_is_obeyed, beat_is_obeyed, meter_is_obeyed)
    return [promise(piece) for promise in promises].count(False)
