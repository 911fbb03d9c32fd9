"""The driver's loops over time: any cell, forward and backward.

Mirrors lstm_music/reference/sequence.py. A pool shares out the batch rows; they never look at each
other, so the split cannot change a bit. What spans the batch (packing weights, parameter gradients)
is done by backends/cpu.py.
Each step's gate sums are made just before they are used, while they fit the nearest cache.
Callers have checked shapes and own all memory.

What a step's inputs add to its gates is a product with W, or, where the inputs are tokens, a sum
of rows of a table that holds W times every row of the embedding: E W^T.

T time, B batch, D inputs, H hidden; Gw and Gu = gates_w·H and gates_u·H. A feed is a row
(state, first, last) of CellSpec.feeds: blocks first..last-1 of U multiply that state. What belongs
to each feed lies one behind the other in one array, in the order of the feeds. A cell without a
recurrent matrix has none.
"""

from libc.string cimport memcpy, memset

from lstm_music.kernels.c_api cimport (
    LM_A_SCRATCH, gemm_pack, gemm_packed, gemm_panel, gemm_run, lm_gemm, lm_gemm_of, lm_rows,
    lm_rows_of, real, row_backward, row_forward,
)
from lstm_music.kernels.pool cimport ThreadPool, lm_pool_run
from lstm_music.kernels.layers_api cimport lm_layers, lm_layers_of
from lstm_music.kernels.zoneout cimport Zoneout, Zones, zone_backward, zone_forward

cdef enum:
    WIDE = 32  # batch rows that make a product efficient; narrower ones take several steps at once
    NEAR = 1 << 15  # elements of gate sums that stay in the second-level cache between two products

WIDE_ROWS = WIDE


def has_rows(int level, str rows):
    """Whether the C rows called ``rows`` exist at a level."""
    return lm_rows_of(level, rows.encode()) != NULL


cdef struct Pass:                  # what the threads of a call share; names as in the calls below
    const lm_gemm* gemm
    const lm_layers* layers
    const lm_rows* rows
    bint is_float
    Py_ssize_t B
    Py_ssize_t H
    Py_ssize_t D                   # of X
    Py_ssize_t n_streams           # of tokens
    Py_ssize_t states
    Py_ssize_t Gw
    Py_ssize_t Gu                  # Gw if the cell sums early
    Py_ssize_t cached              # numbers of K a batch row
    Py_ssize_t row_params
    Py_ssize_t t0
    Py_ssize_t t1
    const int* lengths
    const int* feeds
    Py_ssize_t n_feeds
    const Zones* zone
    const void* X
    const void* packed_U
    const void* p
    void* S                        # the backward pass reads it, raw and K alone
    void* raw
    void* K
    void* scratch
    # Forward.
    const void* bias
    const void* packed_W
    const void* table
    const int* tokens
    void* wx
    void* uh
    # Backward.
    const void* dY
    void* ds
    void* held
    void* dwx
    void* duh
    void* dp
    void* packed_X
    void* packed_s


def forward_rows(
    int level,
    ThreadPool pool not None,
    bytes cell,
    const real[::1] bias,          # (Gw,)
    const real[:, :, ::1] X,       # (T,B,D); None: tokens
    const real[::1] packed_W,      # W^T (D,Gw), packed; None: tokens
    const real[:, ::1] table,      # (R,Gw); None: no tokens
    const int[:, :, ::1] tokens,   # (T,B,S) rows of the table; None: no tokens
    const real[::1] packed_U,      # each feed's part of U, as U^T (H,its Gu), packed
    const int[:, ::1] feeds,       # (n,3)
    const real[:, ::1] p,          # (row_params,H)
    real[:, :, :, ::1] S,          # (T+1,states,B,H) in: S[0]; out: the rest
    real[:, :, ::1] K,             # (T,B,cached*H) out
    Zoneout zone,                  # None: no unit keeps anything
    real[:, :, :, ::1] raw,        # (T,states,B,H) out: the states before zoneout; None without
    real[:, ::1] wx,               # (max(B,WIDE),Gw) scratch; None: cached == gates_w, K serves
    real[:, ::1] uh,               # (B,Gu) scratch; None: the cell sums early
    const int[::1] lengths,        # (B,)
    real[:, ::1] scratch,          # (n_threads,SCRATCH_SIZE)
):
    """Fill S and K; the batch rows are shared out."""
    cdef Pass job
    start_pass(&job, level, cell, feeds, p, packed_U, zone, lengths, scratch)
    job.t0, job.t1, job.B, job.H, job.states = 0, K.shape[0], K.shape[1], S.shape[3], S.shape[1]
    job.S, job.K, job.cached = &S[0, 0, 0, 0], &K[0, 0, 0], K.shape[2]
    job.raw = NULL if raw is None else &raw[0, 0, 0, 0]
    job.bias, job.Gw = &bias[0], bias.shape[0]
    job.X, job.packed_W, job.tokens, job.table = NULL, NULL, NULL, NULL
    if X is not None:
        job.X, job.D, job.packed_W = &X[0, 0, 0], X.shape[2], &packed_W[0]
    else:
        job.tokens, job.n_streams, job.table = &tokens[0, 0, 0], tokens.shape[2], &table[0, 0]
    job.wx = NULL if wx is None else &wx[0, 0]
    job.Gu = job.Gw if uh is None else uh.shape[1]
    job.uh = &uh[0, 0] if uh is not None and job.Gu else NULL
    with nogil:
        lm_pool_run(pool.threads, job.B, forward_part, &job)


def backward_rows(
    int level,
    ThreadPool pool not None,
    bytes cell,
    const real[:, :, ::1] dY,      # (T,B,H)
    real[:, :, ::1] ds,            # (states,B,H) in: dLoss/dS[t1]; out: dLoss/dS[t0]
    const real[:, :, :, ::1] S,    # (T+1,states,B,H)
    const real[:, :, ::1] K,       # (T,B,cached*H)
    Zoneout zone,                  # as in the forward call
    const real[:, :, :, ::1] raw,  # (T,states,B,H) as the forward call left it
    real[:, :, ::1] held,          # (states,B,H) scratch; None without zoneout
    const real[:, :, ::1] X,       # (T,B,D); None: tokens
    const real[::1] packed_U,      # each feed's part of U, (its Gu,H), packed
    const int[:, ::1] feeds,       # (n,3)
    const real[:, ::1] p,          # (row_params,H)
    real[:, :, ::1] dwx,           # (t1-t0,B,Gw) out
    real[:, :, ::1] duh,           # (t1-t0,B,Gu) out; None: the cell sums early, duh is dwx
    real[:, :, ::1] dp,            # (B,row_params,H) +=
    real[::1] packed_X,            # X[t0:t1] as one (steps·B,D) matrix, packed; out; None: tokens
    real[::1] packed_s,            # each feed's state before each step, (steps·B,H), packed; out
    const int[::1] lengths,        # (B,)
    Py_ssize_t t0,
    Py_ssize_t t1,
    real[:, ::1] scratch,          # (n_threads,SCRATCH_SIZE)
):
    """Steps t1-1 down to t0: ds, dwx, duh, and what dW and dU need; the batch rows are shared out.
    """
    cdef Pass job
    start_pass(&job, level, cell, feeds, p, packed_U, zone, lengths, scratch)
    job.t0, job.t1, job.B, job.H, job.states = t0, t1, dY.shape[1], dY.shape[2], S.shape[1]
    job.S, job.K, job.cached = <void*> &S[0, 0, 0, 0], <void*> &K[0, 0, 0], K.shape[2]
    job.raw = NULL if raw is None else <void*> &raw[0, 0, 0, 0]
    job.held = NULL if held is None else &held[0, 0, 0]
    job.dY, job.ds, job.dwx, job.Gw = &dY[0, 0, 0], &ds[0, 0, 0], &dwx[0, 0, 0], dwx.shape[2]
    job.Gu = job.Gw if duh is None else duh.shape[2]
    job.duh = &duh[0, 0, 0] if duh is not None and job.Gu else NULL
    job.dp = &dp[0, 0, 0] if p.shape[0] else NULL
    job.X, job.packed_X = NULL, NULL
    if X is not None:
        job.X, job.D, job.packed_X = &X[0, 0, 0], X.shape[2], &packed_X[0]
    job.packed_s = &packed_s[0] if feeds.shape[0] else NULL
    with nogil:
        lm_pool_run(pool.threads, job.B, backward_part, &job)


cdef void start_pass(
    Pass* job, int level, bytes cell, const int[:, ::1] feeds, const real[:, ::1] p,
    const real[::1] packed_U, Zoneout zone, const int[::1] lengths, real[:, ::1] scratch,
):
    """What both directions are told alike."""
    job.gemm, job.layers, job.rows = lm_gemm_of(level), lm_layers_of(level), lm_rows_of(level, cell)
    job.is_float = real is float
    job.feeds, job.n_feeds = &feeds[0, 0] if feeds.shape[0] else NULL, feeds.shape[0]
    job.p, job.row_params = &p[0, 0] if p.shape[0] else NULL, p.shape[0]
    job.packed_U = &packed_U[0] if packed_U.shape[0] else NULL
    job.zone = NULL if zone is None else &zone.zones
    job.lengths, job.scratch = &lengths[0], &scratch[0, 0]


cdef void forward_part(void* of, int i, Py_ssize_t b0, Py_ssize_t b1) noexcept nogil:
    if (<Pass*> of).is_float:
        forward(<Pass*> of, <float> 0, i, b0, b1)
    else:
        forward(<Pass*> of, <double> 0, i, b0, b1)


cdef void backward_part(void* of, int i, Py_ssize_t b0, Py_ssize_t b1) noexcept nogil:
    if (<Pass*> of).is_float:
        backward(<Pass*> of, <float> 0, i, b0, b1)
    else:
        backward(<Pass*> of, <double> 0, i, b0, b1)


cdef void forward(
    const Pass* a, real _like, int i, Py_ssize_t b0, Py_ssize_t b1
) noexcept nogil:
    """Thread i's batch rows."""
    cdef Py_ssize_t B = a.B, H = a.H, Gw = a.Gw, t, b, s, n
    cdef Py_ssize_t together = steps_together(B, b0, b1), layer = a.states * B * H
    cdef bint blockwise = a.n_feeds > 0 and together == 1 and a.uh == NULL and a.X != NULL
    cdef const real* X = <const real*> a.X
    cdef real* S = <real*> a.S         # S[t] in its turn
    cdef real* raw = <real*> a.raw     # raw[t]
    cdef real* K = <real*> a.K         # K[t]
    cdef real* uh = <real*> a.uh
    cdef real* scratch = <real*> a.scratch + i * LM_A_SCRATCH
    cdef real* sums = NULL
    cdef real* s_next
    for t in range(a.t1):
        if any_row_on(a.lengths, b0, b1, t):
            if t % together == 0:
                sums = K + b0 * a.cached if a.wx == NULL else <real*> a.wx + b0 * Gw
            else:
                sums += B * Gw
            n = min(together, a.t1 - t) * (b1 - b0)
            if blockwise:
                blockwise_sums(a, n, X + (t * B + b0) * a.D,
                               <const real*> S + (a.feeds[0] * B + b0) * H, sums, scratch)
            else:
                if t % together == 0:
                    if a.X != NULL:
                        gemm_run(a.gemm, n, Gw, a.D, X + (t * B + b0) * a.D, a.D, 1,
                                 <const real*> a.packed_W, sums, Gw, <const real*> a.bias, 0,
                                 scratch)
                    else:
                        gather(a, n, a.tokens + (t * B + b0) * a.n_streams, sums)
                if a.n_feeds:
                    recurrent_sums(a, b1 - b0, <const real*> S + b0 * H, sums,
                                   NULL if uh == NULL else uh + b0 * a.Gu, scratch)
        for b in range(b0, b1):
            if t < a.lengths[b]:
                s_next = (S + layer if raw == NULL else raw) + b * H
                row_forward(a.rows, H, B * H, <const real*> (sums + (b - b0) * Gw),
                            <const real*> (NULL if uh == NULL else uh + b * a.Gu),
                            <const real*> S + b * H, <const real*> a.p, s_next, K + b * a.cached)
                if a.zone != NULL:
                    zone_forward(a.zone, t, b, B, H, <const real*> S + b * H,
                                 <const real*> s_next, S + layer + b * H)
            else:
                for s in range(a.states):
                    memcpy(S + layer + (s * B + b) * H, S + (s * B + b) * H, H * sizeof(real))
        S, K = S + layer, K + B * a.cached
        if raw != NULL:
            raw += layer


cdef void backward(
    const Pass* a, real _like, int i, Py_ssize_t b0, Py_ssize_t b1
) noexcept nogil:
    """Thread i's batch rows."""
    cdef Py_ssize_t B = a.B, H = a.H, Gw = a.Gw, Gu = a.Gu, t, b, j, n, s, place
    cdef Py_ssize_t layer = a.states * B * H, depth = (a.t1 - a.t0) * B
    cdef Py_ssize_t size = gemm_packed(a.gemm, depth, H, <real> 0)  # of a packed state
    cdef const real* dY
    cdef const real* S
    cdef const real* s_next
    cdef const real* U
    cdef real* ds = <real*> a.ds
    cdef real* held = <real*> a.held
    cdef real* scratch = <real*> a.scratch + i * LM_A_SCRATCH
    cdef real* duh
    cdef real* dwx
    cdef real* dp
    for t in range(a.t1 - 1, a.t0 - 1, -1):
        place = (t - a.t0) * B
        S = <const real*> a.S + t * layer
        dwx = <real*> a.dwx + place * Gw
        duh = dwx if a.duh == NULL else <real*> a.duh + place * Gu
        for b in range(b0, b1):
            dY = <const real*> a.dY + (t * B + b) * H
            for j in range(H):
                ds[b * H + j] += dY[j]
            if t < a.lengths[b]:
                s_next = S + layer if a.raw == NULL else <const real*> a.raw + t * layer
                dp = NULL if a.dp == NULL else <real*> a.dp + b * a.row_params * H
                if a.zone != NULL:
                    zone_backward(a.zone, t, b, B, H, ds + b * H, held + b * H)
                row_backward(a.rows, H, B * H, ds + b * H, S + b * H, s_next + b * H,
                             <const real*> a.K + (t * B + b) * a.cached, <const real*> a.p,
                             dwx + b * Gw, <real*> (NULL if a.duh == NULL else duh + b * Gu), dp)
                if a.zone != NULL:
                    for s in range(a.states):
                        for j in range((s * B + b) * H, (s * B + b + 1) * H):
                            ds[j] += held[j]
            else:
                memset(dwx + b * Gw, 0, Gw * sizeof(real))
                if a.duh != NULL:
                    memset(duh + b * Gu, 0, Gu * sizeof(real))
        if any_row_on(a.lengths, b0, b1, t):
            U = <const real*> a.packed_U
            for n in range(a.n_feeds):
                s, j = a.feeds[3 * n], a.feeds[3 * n + 1] * H
                gemm_run(a.gemm, b1 - b0, H, a.feeds[3 * n + 2] * H - j,
                         <const real*> (duh + b0 * Gu + j), Gu, 1, U, ds + (s * B + b0) * H, H,
                         <const real*> (ds + (s * B + b0) * H), H, scratch)
                U += gemm_packed(a.gemm, a.feeds[3 * n + 2] * H - j, H, <real> 0)
        if a.X != NULL:
            gemm_pack(a.gemm, b1 - b0, a.D, <const real*> a.X + (t * B + b0) * a.D, a.D, 1,
                      <real*> a.packed_X, place + b0, depth)
        for n in range(a.n_feeds):
            gemm_pack(a.gemm, b1 - b0, H, S + (a.feeds[3 * n] * B + b0) * H, H, 1,
                      <real*> a.packed_s + n * size, place + b0, depth)


cdef inline void blockwise_sums(
    const Pass* a, Py_ssize_t n, const real* x, const real* h, real* sums, real* scratch,
) noexcept nogil:
    """sums (n,Gw) = bias + W x + U h, so many columns at a time as stay near for both products."""
    cdef Py_ssize_t panel = gemm_panel(a.gemm, <real> 0), start = 0, width
    cdef Py_ssize_t most = max(4, NEAR // (n * panel)) * panel
    cdef const real* W
    cdef const real* U
    while start < a.Gw:
        width = min(most, a.Gw - start)
        W = <const real*> a.packed_W + gemm_packed(a.gemm, a.D, start, <real> 0)
        U = <const real*> a.packed_U + gemm_packed(a.gemm, a.H, start, <real> 0)
        gemm_run(a.gemm, n, width, a.D, x, a.D, 1, W, sums + start, a.Gw,
                 <const real*> a.bias + start, 0, scratch)
        gemm_run(a.gemm, n, width, a.H, h, a.H, 1, U, sums + start, a.Gw,
                 <const real*> (sums + start), a.Gw, scratch)
        start += width


cdef inline void gather(
    const Pass* a, Py_ssize_t n, const int* tokens, real* sums
) noexcept nogil:
    """sums (n,Gw) = bias + the table's rows of n inputs."""
    if real is float:
        a.layers.f32.embed_forward(n, a.n_streams, a.Gw, <const float*> a.table, tokens,
                                   <const float*> a.bias, sums)
    else:
        a.layers.f64.embed_forward(n, a.n_streams, a.Gw, <const double*> a.table, tokens,
                                   <const double*> a.bias, sums)


cdef inline void recurrent_sums(
    const Pass* a, Py_ssize_t n, const real* s_prev, real* sums, real* uh, real* scratch,
) noexcept nogil:
    """U times what it is fed, n batch rows: into uh; if the cell sums early, added to the sums."""
    cdef Py_ssize_t H = a.H, width, i, apart = a.B * H
    cdef const real* U = <const real*> a.packed_U
    if uh == NULL:
        gemm_run(a.gemm, n, a.Gw, H, s_prev + a.feeds[0] * apart, H, 1, U, sums, a.Gw,
                 <const real*> sums, a.Gw, scratch)
        return
    for i in range(a.n_feeds):
        width = (a.feeds[3 * i + 2] - a.feeds[3 * i + 1]) * H
        gemm_run(a.gemm, n, width, H, s_prev + a.feeds[3 * i] * apart, H, 1, U,
                 uh + a.feeds[3 * i + 1] * H, a.Gu, <const real*> NULL, 0, scratch)
        U += gemm_packed(a.gemm, H, width, <real> 0)


cdef inline Py_ssize_t steps_together(Py_ssize_t B, Py_ssize_t b0, Py_ssize_t b1) noexcept nogil:
    """Steps whose W x is one product: rows of several steps lie together only for a whole batch."""
    return max(1, WIDE // B) if b1 - b0 == B else 1


cdef inline bint any_row_on(
    const int* lengths, Py_ssize_t b0, Py_ssize_t b1, Py_ssize_t t
) noexcept nogil:
    """Whether a batch row of b0..b1 is still running at step t."""
    cdef Py_ssize_t b
    for b in range(b0, b1):
        if t < lengths[b]:
            return True
    return False
