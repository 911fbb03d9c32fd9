"""Two ways to tell an LSTM what given music lies ahead, and none, trained alike and compared.

    python benchmarks/lookahead.py CACHE [--tokens N] [--rate R] [--seeds 1 2] [--ways past ...]

past      the past alone: the token and the context that the automaton computes of it.
gap       the same, and whether the place is closed and how far the gap still reaches.
streams   as gap, and all that `lstm_music.tokens.conditioning` says of the given music ahead.
backward  as gap, and a second LSTM that reads the given notes from the end; its output at the next
          given note, and the wait until then, are added to the input (Hadjeres and Nielsen 2017).
both      as streams, and the second LSTM.

Every way reads the same pieces under the same masks (spans of bars open in all tracks), in the same
chunks and order. Only open tokens count. Printed: nats a note of bars 7 to 10, open, of the first
16 bars of the pieces of the validation and test sides (nothing is chosen by them), and what each
way gains on the first one named, piece by piece.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from itertools import count
from typing import NamedTuple

import numpy as np
import torch
from infilling import sixteen_bars
from torch import nn
from torch.nn.functional import cross_entropy
from torch.nn.utils.rnn import pad_sequence

from lstm_music.corpus.batching.masks import MaskChances, draw_mask, given_notes
from lstm_music.corpus.cache import TokenCache, open_cache
from lstm_music.music.piece import Piece
from lstm_music.music.places import begins_in
from lstm_music.tokens.annotate import annotate_choices
from lstm_music.tokens.conditioning import Conditioning
from lstm_music.tokens.decode import decode
from lstm_music.tokens.encode import encode
from lstm_music.tokens.streams import MAX_BAR_POSITION, MAX_QUARTERS, MAX_TRACKS
from lstm_music.tokens.vocabulary import DEFAULT
from lstm_music.training.schedule import rate_share
from lstm_music.types import BoolArray, IntArray

STYLES = ("folk", "lead", "chorale")
SPANS = MaskChances(whole=0.2, spans=0.8, tracks=0.0, wishes=0.0, chords=0.0)
BATCH, CHUNK = 16, 64
EMBEDDING, HIDDEN, BACKWARD_HIDDEN = 128, 192, 128
WARMUP, CLIP_NORM = 0.05, 1.0
START_SCALE = 0.1  # of embeddings: up to 65 of them are summed

_NAMES = [name for name, _ in DEFAULT.streams]
_PAST, _GAP, _AHEAD = (_NAMES.index(name) for name in ("closed", "ahead_now", "wish_density"))
WAYS = {
    "past": (_PAST, False),
    "gap": (_GAP, False),
    "streams": (_AHEAD, False),
    "backward": (_GAP, True),
    "both": (_AHEAD, True),
}
"""How many of the streams are read, and whether there is a second LSTM."""

LONGER = 97
NOTE_SIZES = (128, LONGER + 1, LONGER + 2, MAX_TRACKS, MAX_BAR_POSITION + 1)
"""Of a given note: pitch, duration, wait to the next (last value: none), track, place in bar."""
WAIT_SIZES = (LONGER + 2, MAX_QUARTERS + 1)  # until the next given note: steps, quarters

State = tuple[torch.Tensor, torch.Tensor]
HeldOut = list[tuple[str, "Reading", int]]


class Reading(NamedTuple):
    """One piece of N + 1 tokens as all ways read it; indices are rows of embedding tables."""

    rows: IntArray  # (N, streams), what is known before each target
    targets: IntArray  # (N,)
    free: BoolArray  # (N,), which targets count
    notes: IntArray  # (G, 5), the given notes (`NOTE_SIZES`)
    ahead: IntArray  # (N,), the next given note, G for none
    wait: IntArray  # (N, 2), the wait until then (`WAIT_SIZES`)


def read(piece: Piece, mask: Conditioning | None) -> Reading:
    """A piece under a mask; None: nothing is given."""
    tokens = encode(piece)
    rows, free = annotate_choices(tokens, 0, mask)
    at = np.flatnonzero(DEFAULT.is_kind(tokens, "pitch"))
    given = np.zeros(len(at), bool) if mask is None else ~begins_in(piece.notes, mask.places)
    known, in_bar = piece.notes[given], rows[at[given], 1] - DEFAULT.stream_offsets[1]
    onset, G = known["onset_steps"].astype(np.int64), int(given.sum())
    duration = np.minimum(known["duration_steps"], LONGER)
    until_next = np.append(np.minimum(np.diff(onset), LONGER), LONGER + 1)[:G]
    features = (known["pitch_midi"], duration, until_next, known["track"], in_bar)
    # Given notes are tokens like all others: so many were read, that one is the next.
    ahead = np.searchsorted(at[given], np.arange(len(tokens)), side="right")
    left = np.append(onset, -1)[ahead] - _onsets(tokens)
    steps = np.where(ahead < G, np.minimum(left, LONGER), LONGER + 1)
    quarters = np.where(ahead < G, np.minimum((left + 23) // 24, MAX_QUARTERS), 0)
    return Reading(
        rows[:-1, :_AHEAD],
        tokens[1:].astype(np.int64),
        free[1:],
        np.stack(features, axis=1) + np.cumsum((0, *NOTE_SIZES[:-1])),
        ahead[:-1],
        np.stack([steps, quarters], axis=1)[:-1] + np.cumsum((0, *WAIT_SIZES[:-1])),
    )


def _onsets(tokens: IntArray) -> IntArray:
    """The time in steps after each token, (N,)."""
    longs = np.cumsum(DEFAULT.is_kind(tokens, "long"))
    others = np.flatnonzero(~DEFAULT.is_kind(tokens, "long"))
    steps = np.zeros(len(tokens), np.int64)
    steps[others] = 96 * np.diff(longs[others], prepend=0)
    moves = DEFAULT.is_kind(tokens, "shift")
    return np.cumsum(np.where(moves, steps + tokens - DEFAULT["shift"].start + 1, 0))


class Batch(NamedTuple):
    """Stretches of B pieces side by side: axes (T, B); of the notes, from the end, (G, B)."""

    rows: torch.Tensor
    targets: torch.Tensor
    free: torch.Tensor
    notes: torch.Tensor
    ahead: torch.Tensor  # 0: nothing, i: the i-th of `notes`, from 1
    wait: torch.Tensor
    starts: torch.Tensor
    n_tokens: int


def side_by_side(stretches: list[tuple[Reading, int, int]]) -> Batch:
    """From and to of each reading; what is missing at the end is not free."""
    lanes = []
    for r, a, z in stretches:
        from_end, ahead = r.notes[r.ahead[a] :][::-1], len(r.notes) - r.ahead[a:z]
        lanes.append((r.rows[a:z], r.targets[a:z], r.free[a:z], from_end, ahead, r.wait[a:z]))
    arrays = [[torch.from_numpy(part.copy()) for part in lane] for lane in lanes]
    starts = torch.tensor([a == 0 for _, a, _ in stretches])
    return Batch(*map(pad_sequence, zip(*arrays)), starts, sum(z - a for _, a, z in stretches))


def batches(readings: list[Reading], rng_seed: int) -> Iterator[Batch]:
    """Chunks without end, the pieces in a new order each time."""
    rng = np.random.default_rng(rng_seed)
    source = ((readings[i], 0) for _ in count() for i in rng.permutation(len(readings)))
    lanes = [next(source) for _ in range(BATCH)]
    while True:
        stretches = [(r, at, min(at + CHUNK, len(r.targets))) for r, at in lanes]
        yield side_by_side(stretches)
        lanes = [(r, z) if z < len(r.targets) else next(source) for r, _, z in stretches]


class Network(nn.Module):
    """The token LSTM, with or without the second one."""

    def __init__(self, way: str) -> None:
        super().__init__()
        self.n_streams, self.hears_ahead = WAYS[way]
        self.embedding = _bag(DEFAULT.stream_sizes[: self.n_streams])
        self.lstm = nn.LSTM(EMBEDDING, HIDDEN)
        self.head = nn.Linear(HIDDEN, DEFAULT.n_tokens)
        if self.hears_ahead:
            self.notes, self.wait = _bag(NOTE_SIZES), _bag(WAIT_SIZES)
            self.backward_lstm = nn.LSTM(EMBEDDING, BACKWARD_HIDDEN)
            self.nothing = nn.Parameter(torch.zeros(BACKWARD_HIDDEN))
            self.join = nn.Linear(BACKWARD_HIDDEN, EMBEDDING)

    def forward(self, batch: Batch, state: State | None) -> tuple[torch.Tensor, State]:
        """Logits (T, B, V), and the state to go on with."""
        inputs = _summed(self.embedding, batch.rows[..., : self.n_streams])
        if self.hears_ahead:
            inputs = inputs + self._given_ahead(batch)
        if state is not None:
            keep = (~batch.starts)[None, :, None]
            state = (state[0].detach() * keep, state[1].detach() * keep)
        outputs, state = self.lstm(inputs, state)
        return self.head(outputs), state

    def _given_ahead(self, batch: Batch) -> torch.Tensor:
        B = batch.ahead.shape[1]
        known = self.nothing.expand(1, B, -1)
        if len(batch.notes):
            outputs, _ = self.backward_lstm(_summed(self.notes, batch.notes))
            known = torch.cat([known, outputs])
        return self.join(known[batch.ahead, torch.arange(B)]) + _summed(self.wait, batch.wait)


def _bag(sizes: tuple[int, ...]) -> nn.EmbeddingBag:
    bag = nn.EmbeddingBag(sum(sizes), EMBEDDING, mode="sum")
    nn.init.normal_(bag.weight, std=START_SCALE)
    return bag


def _summed(bag: nn.EmbeddingBag, rows: torch.Tensor) -> torch.Tensor:
    return bag(rows.flatten(0, 1)).unflatten(0, rows.shape[:2])


def _open_nats(logits: torch.Tensor, batch: Batch) -> torch.Tensor:
    return cross_entropy(logits[batch.free], batch.targets[batch.free], reduction="sum")


def train(way: str, readings: list[Reading], max_tokens: int, rate: float, seed: int) -> Network:
    """A network that has read so many tokens; `rate` is the highest learning rate."""
    torch.manual_seed(seed)
    network = Network(way)
    adam = torch.optim.Adam(network.parameters())
    state, done = None, 0
    stream = batches(readings, seed)
    while done < max_tokens:
        batch = next(stream)
        logits, state = network(batch, state)
        adam.zero_grad()
        (_open_nats(logits, batch) / max(int(batch.free.sum()), 1)).backward()
        nn.utils.clip_grad_norm_(network.parameters(), CLIP_NORM)
        adam.param_groups[0]["lr"] = rate * rate_share("cosine", done / max_tokens, WARMUP)
        adam.step()
        done += batch.n_tokens
    return network


@torch.no_grad()
def nats(network: Network, reading: Reading) -> float:
    """Nats of all open tokens of a piece."""
    whole = side_by_side([(reading, 0, len(reading.targets))])
    return float(_open_nats(network(whole, None)[0], whole))


def pieces_of(cache: TokenCache, side: str) -> Iterator[tuple[int, Piece]]:
    for i in map(int, cache.indices(side)):
        if cache.styles[i] in STYLES:
            yield i, decode(cache.piece_tokens(i))


def masked(cache: TokenCache, rng_seed: int) -> Iterator[Reading]:
    """The training pieces, each under one mask."""
    for i, piece in pieces_of(cache, "train"):
        mask = draw_mask(piece, np.random.default_rng([rng_seed, i]), SPANS)
        yield read(piece, mask)


def held_out(cache: TokenCache) -> HeldOut:
    """Style, reading and open notes of each piece that has 16 bars and an open note."""
    found = []
    for i, whole in (*pieces_of(cache, "valid"), *pieces_of(cache, "test")):
        if cut := sixteen_bars(whole):
            piece, start, end = cut
            gap = [(track, start, end) for track in range(len(piece.tracks))]
            if n_open := int(begins_in(piece.notes, gap).sum()):
                mask = Conditioning(given_notes(piece, gap), gap)
                found.append((cache.styles[i], read(piece, mask), n_open))
    return found


def by_style(pieces: HeldOut, nats_of: np.ndarray) -> Iterator[tuple[float, float]]:
    """For each style nats a note, and their standard error over the pieces."""
    for style in STYLES:
        here = np.array([name == style for name, _, _ in pieces])
        notes, found = np.array([n for _, _, n in pieces])[here], nats_of[here]
        mean = found.sum() / notes.sum()
        yield mean, float(np.sqrt(((found - mean * notes) ** 2).sum()) / notes.sum())


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cache")
    parser.add_argument("--tokens", type=int, default=1_000_000)
    parser.add_argument("--rate", type=float, default=4e-3, help="the highest learning rate")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--ways", nargs="+", choices=list(WAYS), default=list(WAYS))
    options = parser.parse_args()
    torch.set_num_threads(1)
    cache = open_cache(options.cache)
    pieces = held_out(cache)
    counts = {style: [n for name, _, n in pieces if name == style] for style in STYLES}
    print({style: f"{len(n)} pieces, {sum(n):,} open notes" for style, n in counts.items()})
    print("way       seed parameters CPU s tokens/s |", "  ".join(f"{s:>7}" for s in STYLES))
    totals: dict[str, list[np.ndarray]] = {way: [] for way in options.ways}
    for rng_seed in options.seeds:
        readings = list(masked(cache, rng_seed))
        for way in options.ways:
            began = time.process_time()
            network = train(way, readings, options.tokens, options.rate, rng_seed)
            seconds = time.process_time() - began
            speed, size = options.tokens / seconds, sum(p.numel() for p in network.parameters())
            totals[way].append(np.array([nats(network, reading) for _, reading, _ in pieces]))
            a_note = "  ".join(f"{mean:7.3f}" for mean, _ in by_style(pieces, totals[way][-1]))
            cost = f"{size:10,} {seconds:5.0f} {speed:8,.0f}"
            print(f"{way:9} {rng_seed:4} {cost} | {a_note}", flush=True)
    print("less than the first way, mean of the seeds (standard error over pieces)")
    means = {way: np.mean(found, axis=0) for way, found in totals.items()}
    for way in options.ways[1:]:
        gains = by_style(pieces, means[options.ways[0]] - means[way])
        print(f"{way:36} |", "  ".join(f"{mean:+7.3f} ({error:.3f})" for mean, error in gains))


if __name__ == "__main__":
    main()
