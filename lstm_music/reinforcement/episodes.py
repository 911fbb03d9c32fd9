"""Pieces drawn from a policy, with all that its gradient needs to know of every choice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lstm_music.generate.loop import MOST_AT_ONCE
from lstm_music.kernels.sampler import philox_uniform
from lstm_music.kernels.step import Stepper, StepWeights, step_together
from lstm_music.music.piece import Piece
from lstm_music.reinforcement.policy import divergence, log_policy
from lstm_music.tokens.annotate import annotate
from lstm_music.tokens.automaton import Automaton
from lstm_music.tokens.decode import written_piece
from lstm_music.tokens.vocabulary import DEFAULT, RADIX_STEPS
from lstm_music.types import BoolArray, FloatArray, IntArray

MOST_TOKENS_A_BAR = 128
"""A piece that goes on for longer is cut off, and judged as it is then."""

_SHIFT, _DURATION = DEFAULT["shift"], DEFAULT["duration"]
_LONG, _END = DEFAULT["long"].start, DEFAULT["end"].start


@dataclass(frozen=True)
class Episode:
    """One piece as a sequence of choices.

    Parameters
    ----------
    rows : (N, S) int32, what the network was told before each token after the first, N of them.
    n_given : how many of these were followed by a token of the header, which is no choice.
    choices : (M,) int32, M = N - n_given: the tokens that were drawn.
    allowed : (M, V) bool, what they were drawn from.
    log_prior : (M, V), what `log_policy` the model that the run began with has there.
    divergences : (M,) nats, of the policy from that model.
    piece : the music.
    """

    rows: IntArray
    n_given: int
    choices: IntArray
    allowed: BoolArray
    log_prior: FloatArray
    divergences: FloatArray
    piece: Piece


class _Writer:
    """One piece under construction: which tokens may stand, and what has been drawn."""

    def __init__(self, header: IntArray, bars: int, forbidden: BoolArray) -> None:
        self.music = Automaton(len(header) + bars * MOST_TOKENS_A_BAR)
        self.music.set_bars_left(bars)
        self.music.extend(header)
        self._open = ~forbidden
        meter = written_piece(self.music).meters[0]
        self._bar_steps, self._end = meter.bar_steps, bars * meter.bar_steps
        self._most = bars * MOST_TOKENS_A_BAR
        self._longs = 0
        self.rows = [self.music.rows_py()]
        self.choices: list[int] = []
        self.allowed: list[BoolArray] = []
        self.log_prior: list[FloatArray] = []
        self.divergences: list[float] = []

    def legal(self) -> BoolArray:
        """(V,) bool: the grammar, and that the music keeps going and ends with the last bar.

        No wait is longer than a bar, no note rings beyond the end, and the piece may end in its
        last bar.
        """
        mask: BoolArray = self.music.legal_py() & self._open
        left = self._end - self.music.onset_steps
        mask[_END] &= left <= self._bar_steps
        times, most = (_DURATION, left) if mask[_DURATION.start] else (_SHIFT, self._bar_steps)
        room = most - RADIX_STEPS * self._longs
        mask[times.start + max(room, 1) : times.stop] = False
        mask[_LONG] &= room > RADIX_STEPS
        return mask

    def add(self, token: int, allowed: BoolArray, log_prior: FloatArray, kl: float) -> bool:
        """Append a drawn token; whether the piece goes on."""
        self.choices.append(token)
        self.allowed.append(allowed)
        self.log_prior.append(log_prior)
        self.divergences.append(kl)
        self.music.advance_py(token)
        self._longs = self._longs + 1 if token == _LONG else 0
        if (
            self.music.is_ended
            or self.music.onset_steps >= self._end
            or len(self.choices) == self._most
        ):
            return False
        self.rows.append(self.music.rows_py())
        return True

    def episode(self, header_rows: IntArray) -> Episode:
        """All of it; ``header_rows`` are those of the header but for its last token."""
        piece = written_piece(self.music)
        return Episode(
            np.concatenate([header_rows, np.array(self.rows, np.int32)]),
            len(header_rows),
            np.array(self.choices, np.int32),
            np.array(self.allowed),
            np.array(self.log_prior),
            np.array(self.divergences, np.float32),
            piece.replace(length_steps=self._end, pickup_steps=0),
        )


def draw_episodes(
    policy: StepWeights,
    prior: StepWeights,
    headers: Sequence[IntArray],
    *,
    bars: int,
    temperature: float,
    forbidden: BoolArray,
    rng_seed: int,
    first: int,
) -> list[Episode]:
    """Draw a piece for each header from the policy.

    Parameters
    ----------
    policy : of the network in training, in float32.
    prior : of the network that the run began with.
    headers : START to BODY.
    bars : full bars that each piece has.
    temperature : of the policy.
    forbidden : (V,) bool, tokens that are never drawn.
    rng_seed : key of the random numbers.
    first : number of the first piece's stream within it; the others follow.

    Returns
    -------
    list of Episode, one a header. The same arguments give the same pieces.
    """
    drawn: list[Episode] = []
    for start in range(0, len(headers), MOST_AT_ONCE):
        some = headers[start : start + MOST_AT_ONCE]
        writers = [_Writer(header, bars, forbidden) for header in some]
        heads = [annotate(header, bars)[:-1] for header in some]
        minds = [[_after(weights, head) for head in heads] for weights in (policy, prior)]
        going, step = list(range(len(some))), 0
        while going:
            rows = np.array([writers[i].rows[-1] for i in going], np.int32)
            allowed = np.array([writers[i].legal() for i in going])
            log_p, log_q = (
                log_policy(step_together([one[i] for i in going], rows), allowed, temperature)
                for one in minds
            )
            kl = divergence(log_p, log_q)
            uniform = [philox_uniform(rng_seed, first + start + i, step) for i in going]
            tokens = _drawn(log_p, np.array(uniform))
            going = [
                i
                for n, i in enumerate(going)
                if writers[i].add(int(tokens[n]), allowed[n], log_q[n], float(kl[n]))
            ]
            step += 1
        drawn += [writer.episode(head) for writer, head in zip(writers, heads, strict=True)]
    return drawn


def _after(weights: StepWeights, head: IntArray) -> Stepper:
    """A network that has heard the rows of a header."""
    stepper = Stepper(weights)
    for rows in head:
        stepper.step_py(rows)
    return stepper


def _drawn(log_probs: FloatArray, uniform: npt.NDArray[np.float64]) -> IntArray:
    """The token of each row at which the running sum passes a number in [0, 1)."""
    sums = np.cumsum(np.exp(log_probs.astype(np.float64)), axis=1)
    beyond = sums > (uniform * sums[:, -1])[:, None]
    tokens: IntArray = np.argmax(beyond, axis=1).astype(np.int32)
    return tokens
