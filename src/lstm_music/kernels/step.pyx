"""One token at a time, without the GIL: what the generation loop calls.

Each token reads every weight once, so its time is bytes over memory speed: the matrices stand
packed in one aligned pool, in the order in which they are used, and the kernel streams them
(src/c/matvec.h). float32 only. Agrees with ``LanguageModel.score_chunk`` to rounding.
"""

from libc.string cimport memcpy

import numpy as np

from lstm_music.kernels.c_api cimport LM_N_LEVELS, lm_level_ready, lm_rows_of
from lstm_music.kernels.layers_api cimport lm_layers_of, lm_matvec, lm_matvec_of

from lstm_music.errors import ShapeError

cdef Py_ssize_t LINE = 16  # floats in a cache line


cdef object packed(const lm_matvec* matvec, W):
    """W (N, K) as panels of rows."""
    cdef const float[:, ::1] source = np.ascontiguousarray(W, np.float32)
    cdef Py_ssize_t N = source.shape[0], K = source.shape[1], panel = matvec.panel
    out = np.empty((N + panel - 1) // panel * panel * K, np.float32)
    cdef float[::1] to = out
    matvec.pack(N, K, &source[0, 0], &to[0])
    return out


cdef object packed_feeds(const lm_matvec* matvec, spec, U):
    """The part of U that each feed has, packed, one behind the other."""
    H = U.shape[1]
    return np.concatenate([packed(matvec, U[i * H:k * H]) for _, i, k in spec.feeds])


cdef object join_aligned(parts):
    """All parts one behind the other, each at the start of a cache line; and where they start."""
    cdef Py_ssize_t shift, first, total = 0
    starts = []
    for part in parts:
        starts.append(total)
        total += (part.size + LINE - 1) // LINE * LINE
    raw = np.zeros(total + LINE, np.float32)
    shift = (-raw.ctypes.data) % (4 * LINE) // 4
    for first, part in zip(starts, parts):
        raw[shift + first:shift + first + part.size] = part.reshape(-1)
    return raw[shift:], starts


cdef int best_level():
    """The highest level that this build has and this machine runs."""
    return max(level for level in range(LM_N_LEVELS) if lm_level_ready(level))


cdef class StepWeights:
    """A copy of a model's parameters, packed for :class:`Stepper`; later training does not show.

    Read-only: any number of steppers and threads share one.

    Parameters
    ----------
    model : a ``lstm_music.nn.model.LanguageModel``; float64 parameters are rounded to float32.
    level : number of the instruction-set level; None: the model's, or the best here.

    Attributes
    ----------
    n_rows : R, rows of the embedding table.
    spec : the model's cell.
    """

    def __init__(self, model, level=None):
        cdef float[::1] pool
        config, params = model.config, model.params
        self.n_rows, self.spec = config.n_rows, model.spec
        if level is None:
            level = getattr(model.backend, "level", best_level())
        self.plan = self._plan(config, level)
        parts = []
        for layer in model.kernel_layers():
            parts.append(packed(self.plan.matvec, layer["W"]))
            parts.append(packed_feeds(self.plan.matvec, self.spec, layer["U"]))
            parts.append(layer["b"])
            parts.append(layer.get("p", np.empty(0)))
        nothing = np.empty(0)
        parts += [packed(self.plan.matvec, params["head.W"]), nothing, params["head.b"], nothing]
        parts += [params["embedding"], nothing, nothing, nothing]
        self.pool, starts = join_aligned(parts)
        self.places = np.array(starts, np.intp).reshape(-1, 4)
        pool = self.pool
        self.plan.pool = &pool[0]
        self.plan.places = <const Place*> &self.places[0, 0]

    cdef Plan _plan(self, config, int level):
        """Everything but the pool."""
        cdef Plan plan
        H, spec = config.hidden_size, self.spec
        plan.S, plan.D, plan.H, plan.V = config.n_streams, config.embedding_size, H, config.n_tokens
        plan.Gw, plan.Gu = spec.gates_w * H, spec.gates_u * H
        plan.n_layers, plan.sums_early = config.layers, spec.sums_early
        plan.matvec, plan.layers = lm_matvec_of(level), lm_layers_of(level)
        plan.cell = lm_rows_of(level, spec.rows.encode())
        self.feeds = np.array(spec.feeds, np.int32)
        plan.n_feeds, plan.feeds = self.feeds.shape[0], &self.feeds[0, 0]
        return plan


cdef class Stepper:
    """A model's state between two tokens; starts at zero. One thread at a time.

    Parameters
    ----------
    weights : shared, read-only.
    """

    def __init__(self, StepWeights weights not None):
        spec, H = weights.spec, weights.plan.H
        self.weights, self.plan = weights, weights.plan
        self.state = np.zeros((2, weights.plan.n_layers, spec.states, H), np.float32)
        self.x = np.empty(weights.plan.D, np.float32)
        self.wx = np.empty(weights.plan.Gw, np.float32)
        self.uh = np.empty(weights.plan.Gu, np.float32)
        self.cache = np.empty(spec.cached * H, np.float32)
        self.zeros = np.zeros(weights.plan.Gu, np.float32)
        self.now = 0

    cdef void hear(self, const int* rows) noexcept nogil:
        """Move on by one input: rows (S,) of the embedding."""
        cdef Plan* m = &self.plan
        cdef const float* pool = m.pool
        cdef const Place* at = m.places
        cdef const float* x = &self.x[0]
        cdef const float* uh = NULL
        cdef float* s_prev
        cdef float* s_next
        cdef int n, K = m.D
        m.layers.f32.embed_forward(
            1, m.S, m.D, pool + m.places[m.n_layers + 1].W, rows, NULL, &self.x[0])
        for n in range(m.n_layers):
            s_prev, s_next = &self.state[self.now, n, 0, 0], &self.state[1 - self.now, n, 0, 0]
            m.matvec.run(m.Gw, K, pool + at.W, x, pool + at.b, &self.wx[0])
            if m.sums_early:
                m.matvec.run(m.Gu, m.H, pool + at.U, s_prev + m.feeds[0] * m.H, &self.wx[0],
                             &self.wx[0])
            else:
                self.recur(pool + at.U, s_prev)
                uh = &self.uh[0]
            m.cell.f32.forward(
                m.H, m.H, &self.wx[0], uh, s_prev, pool + at.p, s_next, &self.cache[0])
            x, K = s_next, m.H
            at += 1
        self.now = 1 - self.now

    cdef void recur(self, const float* U, const float* s_prev) noexcept nogil:
        """U times what it is fed, into uh."""
        cdef Plan* m = &self.plan
        cdef const int* feed
        cdef Py_ssize_t panel = m.matvec.panel, n
        cdef int i
        for i in range(m.n_feeds):
            feed = m.feeds + 3 * i
            n = (feed[2] - feed[1]) * m.H
            m.matvec.run(n, m.H, U, s_prev + feed[0] * m.H, &self.zeros[0],
                         &self.uh[feed[1] * m.H])
            U += (n + panel - 1) // panel * panel * m.H

    cdef void predict(self, const unsigned char* wanted, float* logits) noexcept nogil:
        """Logits (V,) of what comes next where ``wanted`` (V,) is not 0; others mean nothing.

        The output weights are a fifth of a small model: panels that nobody wants are not read.
        """
        cdef Plan* m = &self.plan
        cdef const Place* at = m.places + m.n_layers
        cdef const float* W = m.pool + at.W
        cdef const float* b = m.pool + at.b
        cdef const float* h = &self.state[self.now, m.n_layers - 1, 0, 0]
        cdef Py_ssize_t start = 0, i, n
        while start < m.V:
            n = min(m.matvec.panel, m.V - start)
            for i in range(start, start + n):
                if wanted[i]:
                    m.matvec.run(n, m.H, W + start * m.H, h, b + start, logits + start)
                    break
            start += n

    cdef void copy_state_from(self, Stepper other) noexcept nogil:
        """Stand where ``other`` stands; both have the same weights."""
        cdef Py_ssize_t size = self.state.shape[1] * self.state.shape[2] * self.state.shape[3]
        memcpy(&self.state[self.now, 0, 0, 0], &other.state[other.now, 0, 0, 0],
               size * sizeof(float))

    def reset(self):
        """Back to the state before the first token."""
        self.state[:] = 0

    def copy_state_py(self, Stepper other not None):
        """``copy_state_from`` for Python.

        Raises
        ------
        ShapeError : the two have different weights.
        """
        if other.weights is not self.weights:
            raise ShapeError("a state can be copied only between steppers of the same weights")
        self.copy_state_from(other)

    def step_py(self, rows):
        """``hear`` and ``predict`` for Python, every token wanted.

        Parameters
        ----------
        rows : (S,) int32, 0..R-1.

        Returns
        -------
        logits : (V,) float32.

        Raises
        ------
        ShapeError : the wrong number of rows, another dtype, or one outside the table.
        """
        given = np.asarray(rows)
        if given.shape != (self.plan.S,) or given.dtype != np.int32:
            raise ShapeError(
                f"rows must be int32 of shape ({self.plan.S},), got {given.dtype} of {given.shape}"
            )
        if given.min() < 0 or given.max() >= self.weights.n_rows:
            raise ShapeError(f"rows must lie in 0..{self.weights.n_rows - 1}")
        cdef const int[::1] inputs = np.ascontiguousarray(given)
        with nogil:
            self.hear(&inputs[0])
        return self.predict_py(np.ones(self.plan.V, np.uint8))

    def predict_py(self, wanted):
        """``predict`` for Python.

        Parameters
        ----------
        wanted : (V,) uint8 — not 0 where a logit is wanted.

        Returns
        -------
        logits : (V,) float32, NaN or right where none is wanted.

        Raises
        ------
        ShapeError : the wrong shape or dtype.
        """
        if np.shape(wanted) != (self.plan.V,) or wanted.dtype != np.uint8:
            raise ShapeError(f"wanted must be uint8 of shape ({self.plan.V},)")
        cdef const unsigned char[::1] mask = np.ascontiguousarray(wanted)
        logits = np.full(self.plan.V, np.nan, np.float32)
        cdef float[::1] out = logits
        with nogil:
            self.predict(&mask[0], &out[0])
        return logits
