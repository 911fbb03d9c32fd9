"""One token at a time, without the GIL: what the generation loop calls.

Each token reads every weight once, so its time is bytes over memory speed: the matrices stand
packed in one aligned pool, in the order in which they are used, rounded to bfloat16 unless told
otherwise, and the kernel streams them (src/c/matvec.h). Several sequences that take a step together
read them once for all, and each gets the same bits as alone. Sums and states are float32. With
float32 weights it agrees with ``LanguageModel.score_chunk`` to rounding.
"""

from libc.string cimport memcpy

import numpy as np

from lstm_music.kernels.c_api cimport LM_N_LEVELS, lm_level_ready, lm_rows_of
from lstm_music.kernels.layers_api cimport lm_layers_of, lm_vector, matvec_of
from lstm_music.kernels.zoneout cimport Zoneout

from lstm_music.errors import ConfigError, ShapeError

PRECISIONS = ("bfloat16", "float32", "int8")

cdef Py_ssize_t LINE = 64  # bytes of a cache line
cdef Py_ssize_t TABLE_LIMIT = 1 << 24  # floats


cdef object join_aligned(parts):
    """All parts one behind the other, each at the start of a cache line; and where they start."""
    starts = np.cumsum([0] + [-(-part.nbytes // LINE) * LINE for part in parts])
    raw = np.zeros(starts[len(parts)] + LINE, np.uint8)
    pool = raw[-raw.ctypes.data % LINE:]
    for first, part in zip(starts, parts):
        pool[first:first + part.nbytes] = np.ascontiguousarray(part).reshape(-1).view(np.uint8)
    return pool, starts[:len(parts)]


cdef int best_level():
    """The highest level that this build has and this machine runs."""
    return max(level for level in range(LM_N_LEVELS) if lm_level_ready(level))


cdef class StepWeights:
    """A copy of a model's parameters, packed for :class:`Stepper`; later training does not show.
    Pickled, it is the model, packed again where it is needed.

    Read-only: any number of steppers and threads share one. Where an input is one or a few rows of
    a modest embedding table, the table holds what the first layer's W makes of each row, so that
    a step need not read W. A convolution stands here as the full matrix that it is: a token costs
    as much as with a cell of as many units that all see each other, and a layer takes
    gates·H·(D + H) numbers: 0.8 MB at H = 256 behind D = 128 in bfloat16, but 17 MB for 16
    channels of 88 places behind one.

    Parameters
    ----------
    model : a ``lstm_music.nn.model.LanguageModel``; float64 parameters are rounded to float32.
    level : number of the instruction-set level; None: the model's, or the best here.
    precision : of the matrices: ``bfloat16`` (8 bits of significand, half the bytes), ``float32``,
        or ``int8`` (a quarter; whole numbers up to 127 and a scale for each row, and what they
        are multiplied with rounded alike).

    Attributes
    ----------
    n_rows : R, rows of the embedding table.
    spec : the model's cell.
    precision : as given.

    Raises
    ------
    ConfigError : another precision.
    """

    def __init__(self, model, level=None, precision="bfloat16"):
        cdef unsigned char[::1] pool
        config, params, layers = model.config, model.params, model.dense_layers()
        if precision not in PRECISIONS:
            raise ConfigError(f"precision must be one of {PRECISIONS}, got {precision!r}")
        self.model, self.level, self.precision = model, level, precision
        self.n_rows, self.spec = config.n_rows, model.spec
        level = getattr(model.backend, "level", best_level()) if level is None else level
        self.plan = self._plan(config, level)
        size = max(self.plan.sums, self.plan.top + config.hidden_size)
        self.start = np.zeros(size, np.float32)
        self.start[:self.plan.sums] = np.concatenate(model.initial_state(1)).reshape(-1)
        parts, nothing = [], np.empty(0, np.float32)
        for layer in layers:
            U, H = layer["U"], config.hidden_size
            feeds = [self._packed(U[i * H:k * H]) for _, i, k in self.spec.feeds]
            rest = [layer["b"], layer.get("p", nothing)]
            parts += [self._packed(layer["W"]), np.concatenate([nothing.view(np.uint8), *feeds])]
            parts += [part.astype(np.float32) for part in rest]
        parts += [self._packed(params["head.W"]), nothing, params["head.b"].astype(np.float32)]
        table = params["embedding"].astype(np.float32)
        if self.plan.by_table:
            parts[0], E, W = nothing, table, layers[0]["W"].astype(np.float32)
            table = np.empty((len(E), len(W)), np.float32)
            model.backend.matmul(E, W, table, transpose_b=True)
        parts += [nothing, table, nothing, nothing, nothing]
        self.pool, starts = join_aligned(parts)
        self.places = starts.astype(np.intp).reshape(-1, 4)
        pool = self.pool
        self.plan.pool = <const char*> &pool[0]
        self.plan.places = <const Place*> &self.places[0, 0]

    def __reduce__(self):
        return StepWeights, (self.model, self.level, self.precision)

    cdef Plan _plan(self, config, int level):
        """Everything but the pool."""
        cdef Plan plan
        H, S, D, spec = config.hidden_size, config.n_streams, config.embedding_size, self.spec
        plan.S, plan.D, plan.H, plan.V = S, D, H, config.n_tokens
        plan.Gw, plan.Gu, plan.states = spec.gates_w * H, spec.gates_u * H, spec.states
        plan.n_layers, plan.sums_early = config.layers, spec.sums_early
        residual = [layer for layer in range(config.layers) if config.is_residual(layer)]
        plan.residual_from = min(residual, default=config.layers)
        plan.sums = config.layers * plan.states * H
        plan.top = plan.sums if residual else plan.sums - plan.states * H
        plan.by_table = (8 * S <= D and config.n_rows * plan.Gw <= TABLE_LIMIT
                         and plan.residual_from > 0)
        plan.matvec = matvec_of(level, self.precision)
        plan.layers, plan.cell = lm_layers_of(level), lm_rows_of(level, spec.rows.encode())
        self.feeds = np.array(spec.feeds, np.int32).reshape(-1, 3)
        plan.n_feeds = self.feeds.shape[0]
        plan.feeds = &self.feeds[0, 0] if plan.n_feeds else NULL
        self.zone = Zoneout(level, spec.zoneout, None)
        plan.zone = self.zone.zones.of_state if any(spec.zoneout) else NULL
        return plan

    cdef object _packed(self, W):
        """W (N, K) as panels of rows, in bytes."""
        cdef const float[:, ::1] source = np.ascontiguousarray(W, np.float32)
        cdef Py_ssize_t N = source.shape[0], K = source.shape[1]
        out = np.empty(self.plan.matvec.size(N, K), np.uint8)
        cdef unsigned char[::1] to = out
        self.plan.matvec.pack(N, K, &source[0, 0], &to[0])
        return out


cdef void advance_together(const Plan* m, int n, StepState** seqs, const int** rows) noexcept nogil:
    """Move n seqs on by one input each, n up to MOST_TOGETHER: rows (S,) of the embedding."""
    cdef const Place* at = m.places
    cdef const Place* table = m.places + m.n_layers + 1
    cdef Py_ssize_t here = 0, below = 0, K = m.D, s, state
    cdef lm_vector v[MOST_TOGETHER]
    cdef StepState* seq
    cdef int i, layer
    for i in range(n):
        seq = seqs[i]
        if m.by_table:
            m.layers.f32.embed_forward(1, m.S, m.Gw, <const float*> (m.pool + table.W), rows[i],
                                       <const float*> (m.pool + at.b), seq.wx)
        else:
            m.layers.f32.embed_forward(1, m.S, m.D, <const float*> (m.pool + table.W), rows[i],
                                       NULL, seq.x)
    for layer in range(m.n_layers):
        if layer > 0 or not m.by_table:
            for i in range(n):
                seq = seqs[i]
                v[i].x = seq.next + below if layer else seq.x
                v[i].init, v[i].y = <const float*> (m.pool + at.b), seq.wx
            m.matvec.run(n, m.Gw, K, m.pool + at.W, v)
        recur(m, n, seqs, here, m.pool + at.U)
        for i in range(n):
            seq = seqs[i]
            m.cell.f32.forward(m.H, m.H, seq.wx, NULL if m.sums_early else seq.uh,
                               seq.now + here, <const float*> (m.pool + at.p), seq.next + here,
                               seq.cache)
            if m.zone != NULL:
                for s in range(m.states):
                    state = here + s * m.H
                    m.layers.f32.zone_forward(m.H, m.zone + s, 0, seq.now + state,
                                              seq.next + state, seq.next + state)
            if layer >= m.residual_from:
                add(m.H, seq.next + below if layer else seq.x, seq.next + here,
                    seq.next + m.sums)
        below = m.sums if layer >= m.residual_from else here
        here, K = here + m.states * m.H, m.H
        at += 1
    for i in range(n):
        seq = seqs[i]
        seq.now, seq.next = seq.next, seq.now


cdef void add(Py_ssize_t n, const float* a, const float* b, float* sums) noexcept nogil:
    """Sums (n,) = a + b; they may be a."""
    cdef Py_ssize_t i
    for i in range(n):
        sums[i] = a[i] + b[i]


cdef void recur(
    const Plan* m, int n, StepState** seqs, Py_ssize_t here, const char* U
) noexcept nogil:
    """U times what it is fed: added to wx if the cell sums early, else into uh."""
    cdef Py_ssize_t width, start
    cdef lm_vector v[MOST_TOGETHER]
    cdef const int* feed
    cdef StepState* seq
    cdef int i, f
    for f in range(m.n_feeds):
        feed = m.feeds + 3 * f
        start, width = feed[1] * m.H, (feed[2] - feed[1]) * m.H
        for i in range(n):
            seq = seqs[i]
            v[i].x = seq.now + here + feed[0] * m.H
            v[i].y = seq.wx if m.sums_early else seq.uh + start
            v[i].init = seq.wx if m.sums_early else NULL
        m.matvec.run(n, width, m.H, U, v)
        U += m.matvec.size(width, m.H)


cdef void predict_together(
    const Plan* m, int n, StepState** seqs, const unsigned char** wanted, float** logits,
) noexcept nogil:
    """Logits (V,) of what comes next, for n seqs, where any of ``wanted`` (V,) is not 0.

    Others mean nothing: the output weights are a fifth of a small model, so panels that nobody
    wants are not read.
    """
    cdef const Place* at = m.places + m.n_layers
    cdef const float* b = <const float*> (m.pool + at.b)
    cdef Py_ssize_t panel = m.matvec.panel, first = 0, stop
    cdef lm_vector v[MOST_TOGETHER]
    cdef int i
    while first < m.V:
        stop = first
        while stop < m.V and any_wanted(n, wanted, stop, min(stop + panel, m.V)):
            stop = min(stop + panel, m.V)
        if stop > first:
            for i in range(n):
                v[i].x, v[i].init, v[i].y = seqs[i].now + m.top, b + first, logits[i] + first
            m.matvec.run(n, stop - first, m.H, m.pool + at.W + m.matvec.size(first, m.H), v)
        first = stop + panel


cdef inline bint any_wanted(
    int n, const unsigned char** wanted, Py_ssize_t first, Py_ssize_t stop
) noexcept nogil:
    cdef Py_ssize_t token
    cdef int i
    for i in range(n):
        for token in range(first, stop):
            if wanted[i][token]:
                return True
    return False


cdef class Stepper:
    """A model's state between two tokens; starts where the model does. One thread at a time.

    Parameters
    ----------
    weights : shared, read-only.
    """

    def __init__(self, StepWeights weights not None):
        cdef Plan* m = &weights.plan
        self.weights, self.plan = weights, weights.plan
        self.memory = np.stack([weights.start] * 2)
        cached = weights.spec.cached * m.H
        self.scratch = np.zeros(m.D + m.Gw + m.Gu + cached, np.float32)
        self.seq.now, self.seq.next = &self.memory[0, 0], &self.memory[1, 0]
        self.seq.x = &self.scratch[0]
        self.seq.wx = self.seq.x + m.D
        self.seq.uh = self.seq.wx + m.Gw
        self.seq.cache = self.seq.uh + m.Gu

    cdef void advance(self, const int* rows) noexcept nogil:
        """Move on by one input: rows (S,) of the embedding."""
        cdef StepState* seq = &self.seq
        advance_together(&self.plan, 1, &seq, &rows)

    cdef void predict(self, const unsigned char* wanted, float* logits) noexcept nogil:
        """Logits (V,) of what comes next where ``wanted`` (V,) is not 0; others mean nothing."""
        cdef StepState* seq = &self.seq
        predict_together(&self.plan, 1, &seq, &wanted, &logits)

    cdef void copy_state_from(self, Stepper other) noexcept nogil:
        """Stand where ``other`` stands; both have the same weights."""
        memcpy(self.seq.now, other.seq.now, self.memory.shape[1] * sizeof(float))

    def reset(self):
        """Back to the state before the first token."""
        np.asarray(self.memory)[:] = self.weights.start

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
        """``advance`` and ``predict`` for Python, every token wanted.

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
        cdef const int[::1] inputs = check_rows(rows, (self.plan.S,), self.weights.n_rows)
        with nogil:
            self.advance(&inputs[0])
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


def step_together(steppers, rows):
    """``Stepper.step_py`` of several at once: each gets the bits that it would get alone.

    Parameters
    ----------
    steppers : 1..MOST_TOGETHER of the same weights, none twice.
    rows : (n, S) int32, 0..R-1 — a row of inputs each.

    Returns
    -------
    logits : (n, V) float32.

    Raises
    ------
    ShapeError : too many or none, other weights, or wrong rows.
    """
    cdef StepState* seqs[MOST_TOGETHER]
    cdef const int* inputs[MOST_TOGETHER]
    cdef const unsigned char* wanted[MOST_TOGETHER]
    cdef float* logits[MOST_TOGETHER]
    cdef Stepper one
    cdef int i, n = len(steppers)
    check_together(steppers)
    one = steppers[0]
    given = check_rows(rows, (n, one.plan.S), one.weights.n_rows)
    cdef const int[:, ::1] each = given
    out = np.empty((n, one.plan.V), np.float32)
    cdef float[:, ::1] to = out
    cdef const unsigned char[::1] every = np.ones(one.plan.V, np.uint8)
    for i in range(n):
        one = steppers[i]
        seqs[i], inputs[i], wanted[i], logits[i] = &one.seq, &each[i, 0], &every[0], &to[i, 0]
    cdef const Plan* plan = &one.plan
    with nogil:
        advance_together(plan, n, seqs, inputs)
        predict_together(plan, n, seqs, wanted, logits)
    return out


def check_together(steppers):
    """Raise ShapeError unless these can take a step in one call."""
    n, weights = len(steppers), {stepper.weights for stepper in steppers}
    if not 1 <= n <= MOST_TOGETHER or len(set(steppers)) < n or len(weights) > 1:
        raise ShapeError(
            f"1 to {MOST_TOGETHER} steppers of the same weights step together, none twice; got {n} "
            f"of {len(weights)} weights"
        )


def check_rows(rows, shape, n_rows):
    """``rows`` as contiguous int32 of this shape, every one in the table."""
    given = np.asarray(rows)
    if given.shape != shape or given.dtype != np.int32:
        raise ShapeError(f"rows must be int32 of shape {shape}, got {given.dtype} of {given.shape}")
    if given.min() < 0 or given.max() >= n_rows:
        raise ShapeError(f"rows must lie in 0..{n_rows - 1}")
    return np.ascontiguousarray(given)
