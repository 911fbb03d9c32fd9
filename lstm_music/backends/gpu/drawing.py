"""Tokens drawn on the device: one a stream, from a stream of random numbers of its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lstm_music.backends.gpu.device import Array, Device


@dataclass(frozen=True, slots=True)
class DrawSettings:
    """How tokens are drawn: as :class:`lstm_music.nn.sampling.Sampling` says."""

    temperature: float
    top_k: int
    top_p: float
    min_p: float


class Drawing:
    """What draws for N streams.

    Parameters
    ----------
    device : the GPU.
    V : tokens to choose from.
    settings : how.
    key : of the random numbers.
    sequences : (N,) uint64 — the stream of random numbers of each.
    stop : the token after which a stream draws no more; -1: none.

    Attributes
    ----------
    tokens : (N,) int32 on the device — drawn last; -1: nothing could be drawn, -2: stopped before.
    rows : (N,) int32 on the device — the same, with 0 for what is below it.
    log_probs : (N,) float64 on the device — of these tokens, in nats.
    stopped : (N,) int32 on the device — 1 for streams that draw no more.
    """

    def __init__(
        self,
        device: Device,
        V: int,
        settings: DrawSettings,
        key: int,
        sequences: np.ndarray[tuple[int], np.dtype[np.uint64]],
        stop: int = -1,
    ) -> None:
        N = len(sequences)
        self._device, self._V, self._settings = device, V, settings
        self._key, self._stop = np.uint64(key), np.int32(stop)
        self._sequences = device.put(sequences)
        self._choices = device.empty((N, V, 2), np.float64)  # a weight and a token, 16 bytes
        self._indices = device.zeros((N,), np.uint64)
        self.tokens, self.rows, self.stopped = (device.zeros((N,), np.int32) for _ in range(3))
        self.log_probs = device.zeros((N,), np.float64)

    def draw(self, logits: Array, bias: Array, allowed: Array) -> None:
        """Draw the next choice of each stream from logits (N, V), still without their bias.

        Parameters
        ----------
        allowed : (N, V) uint8 on the device — not 0 where a token may be drawn.
        """
        s = self._settings
        self._device.kernel("sampling", "draw", logits.dtype)(
            (len(logits),),
            (128,),
            (np.int64(self._V), logits, bias, allowed, self._choices, np.float64(s.temperature),
             np.int32(s.top_k), np.float64(s.top_p), np.float64(s.min_p), self._key,
             self._sequences, self._indices, self._stop, self.stopped, self.tokens, self.rows,
             self.log_probs),
        )  # fmt: skip
