"""The driver's loops over time: any cell, forward and backward, for a range of batch rows.

Mirrors lstm_music/reference/sequence.py. A call handles batch rows b0..b1 without the GIL, so
several threads can share a batch; rows never look at each other, so the split cannot change a
bit. What spans the batch (packing weights, parameter gradients) is done by backends/cpu.py.
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
    gemm_pack, gemm_packed, gemm_panel, gemm_run, lm_gemm, lm_gemm_of, lm_rows, lm_rows_of, real,
    row_backward, row_forward,
)
from lstm_music.kernels.layers_api cimport lm_layers_of
from lstm_music.kernels.zoneout cimport Zoneout, zone_backward, zone_forward

cdef enum:
    WIDE = 32  # batch rows that make a product efficient; narrower ones take several steps at once
    NEAR = 1 << 15  # elements of gate sums that stay in the second-level cache between two products

WIDE_ROWS = WIDE


def has_rows(int level, str rows):
    """Whether the C rows called ``rows`` exist at a level."""
    return lm_rows_of(level, rows.encode()) != NULL


def forward_rows(
    int level,
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
    Py_ssize_t b0,
    Py_ssize_t b1,
    real[::1] scratch,
):
    """Fill S and K for batch rows b0..b1."""
    cdef const lm_gemm* gemm = lm_gemm_of(level)
    cdef const lm_rows* rows = lm_rows_of(level, cell)
    cdef Py_ssize_t T = K.shape[0], B = K.shape[1], H = S.shape[3]
    cdef Py_ssize_t Gw = bias.shape[0], states = S.shape[1], t, b, s, n
    cdef Py_ssize_t together = steps_together(B, b0, b1)
    cdef bint recurrent = feeds.shape[0] > 0
    cdef bint blockwise = recurrent and together == 1 and uh is None and tokens is None
    cdef const real* p0 = &p[0, 0] if p.shape[0] else NULL
    cdef real* sums = NULL
    cdef real* uh_b
    cdef real* s_next
    with nogil:
        for t in range(T):
            if any_row_on(lengths, b0, b1, t):
                if t % together == 0:
                    sums = &K[t, b0, 0] if wx is None else &wx[b0, 0]
                else:
                    sums += B * Gw
                n = min(together, T - t) * (b1 - b0)
                if blockwise:
                    blockwise_sums(gemm, n, H, &X[t, b0, 0], X.shape[2], packed_W, bias,
                                   &S[t, feeds[0, 0], b0, 0], packed_U, sums, scratch)
                else:
                    if t % together == 0:
                        if tokens is None:
                            gemm_run(gemm, n, Gw, X.shape[2], &X[t, b0, 0], X.shape[2], 1,
                                     &packed_W[0], sums, Gw, &bias[0], 0, &scratch[0])
                        else:
                            gather(level, n, tokens.shape[2], table, &tokens[t, b0, 0], bias, sums)
                    if recurrent:
                        recurrent_sums(gemm, b1 - b0, H, B * H, &S[t, 0, b0, 0], &packed_U[0],
                                       feeds, sums, Gw, uh, b0, &scratch[0])
            for b in range(b0, b1):
                if t < lengths[b]:
                    uh_b = NULL if uh is None else &uh[b, 0]
                    s_next = &S[t + 1, 0, b, 0] if zone is None else &raw[t, 0, b, 0]
                    row_forward(rows, H, B * H, <const real*> (sums + (b - b0) * Gw),
                                <const real*> uh_b, <const real*> &S[t, 0, b, 0], p0, s_next,
                                &K[t, b, 0])
                    if zone is not None:
                        zone_forward(zone, t, b, B, H, <const real*> &S[t, 0, b, 0],
                                     <const real*> s_next, &S[t + 1, 0, b, 0])
                else:
                    for s in range(states):
                        memcpy(&S[t + 1, s, b, 0], &S[t, s, b, 0], H * sizeof(real))


def backward_rows(
    int level,
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
    Py_ssize_t b0,
    Py_ssize_t b1,
    real[::1] scratch,
):
    """Steps t1-1 down to t0 of batch rows b0..b1: ds, dwx, duh, and what dW and dU need."""
    cdef const lm_gemm* gemm = lm_gemm_of(level)
    cdef const lm_rows* rows = lm_rows_of(level, cell)
    cdef Py_ssize_t B = dY.shape[1], H = dY.shape[2], Gw = dwx.shape[2]
    cdef Py_ssize_t Gu = Gw if duh is None else duh.shape[2], t, b, j, n, s, place
    cdef Py_ssize_t depth = (t1 - t0) * B
    cdef Py_ssize_t size = gemm_packed(gemm, depth, H, <real> 0)  # of a packed state
    cdef const real* p0 = &p[0, 0] if p.shape[0] else NULL
    cdef const real* s_next
    cdef const real* U
    cdef real* dwx_b
    cdef real* duh_b
    if b0 >= b1:
        return
    with nogil:
        for t in range(t1 - 1, t0 - 1, -1):
            for b in range(b0, b1):
                for j in range(H):
                    ds[0, b, j] += dY[t, b, j]
                dwx_b = &dwx[t - t0, b, 0]
                duh_b = NULL if duh is None else &duh[t - t0, b, 0]
                if t < lengths[b]:
                    s_next = &S[t + 1, 0, b, 0] if zone is None else &raw[t, 0, b, 0]
                    if zone is not None:
                        zone_backward(zone, t, b, B, H, &ds[0, b, 0], &held[0, b, 0])
                    row_backward(rows, H, B * H, &ds[0, b, 0], <const real*> &S[t, 0, b, 0],
                                 s_next, <const real*> &K[t, b, 0], p0, dwx_b, duh_b,
                                 &dp[b, 0, 0] if p.shape[0] else NULL)
                    if zone is not None:
                        for s in range(ds.shape[0]):
                            for j in range(H):
                                ds[s, b, j] += held[s, b, j]
                else:
                    memset(dwx_b, 0, Gw * sizeof(real))
                    if duh_b != NULL:
                        memset(duh_b, 0, Gu * sizeof(real))
            if any_row_on(lengths, b0, b1, t):
                duh_b = &dwx[t - t0, b0, 0] if duh is None else &duh[t - t0, b0, 0]
                U = &packed_U[0] if packed_U.shape[0] else NULL
                for n in range(feeds.shape[0]):
                    s, j = feeds[n, 0], feeds[n, 1] * H
                    gemm_run(gemm, b1 - b0, H, feeds[n, 2] * H - j, <const real*> duh_b + j, Gu, 1,
                             U, &ds[s, b0, 0], H, <const real*> &ds[s, b0, 0], H, &scratch[0])
                    U += gemm_packed(gemm, feeds[n, 2] * H - j, H, <real> 0)
            place = (t - t0) * B + b0
            if X is not None:
                gemm_pack(gemm, b1 - b0, X.shape[2], &X[t, b0, 0], X.shape[2], 1, &packed_X[0],
                          place, depth)
            for n in range(feeds.shape[0]):
                gemm_pack(gemm, b1 - b0, H, &S[t, feeds[n, 0], b0, 0], H, 1, &packed_s[n * size],
                          place, depth)


cdef inline void blockwise_sums(
    const lm_gemm* gemm, Py_ssize_t n, Py_ssize_t H, const real* x, Py_ssize_t D,
    const real[::1] packed_W, const real[::1] bias, const real* h, const real[::1] packed_U,
    real* sums, real[::1] scratch,
) noexcept nogil:
    """sums (n,Gw) = bias + W x + U h, so many columns at a time as stay near for both products."""
    cdef Py_ssize_t panel = gemm_panel(gemm, <real> 0), Gw = bias.shape[0], start = 0, width
    cdef Py_ssize_t most = max(4, NEAR // (n * panel)) * panel
    while start < Gw:
        width = min(most, Gw - start)
        gemm_run(gemm, n, width, D, x, D, 1, &packed_W[gemm_packed(gemm, D, start, <real> 0)],
                 sums + start, Gw, &bias[start], 0, &scratch[0])
        gemm_run(gemm, n, width, H, h, H, 1, &packed_U[gemm_packed(gemm, H, start, <real> 0)],
                 sums + start, Gw,
                 <const real*> (sums + start), Gw, &scratch[0])
        start += width


cdef inline void gather(
    int level, Py_ssize_t n, Py_ssize_t n_streams, const real[:, ::1] table, const int* tokens,
    const real[::1] bias, real* sums,
) noexcept nogil:
    """sums (n,Gw) = bias + the table's rows of n inputs."""
    if real is float:
        lm_layers_of(level).f32.embed_forward(
            n, n_streams, table.shape[1], &table[0, 0], tokens, &bias[0], sums)
    else:
        lm_layers_of(level).f64.embed_forward(
            n, n_streams, table.shape[1], &table[0, 0], tokens, &bias[0], sums)


cdef inline void recurrent_sums(
    const lm_gemm* gemm, Py_ssize_t n, Py_ssize_t H, Py_ssize_t s_stride, const real* s_prev,
    const real* packed_U, const int[:, ::1] feeds, real* sums, Py_ssize_t Gw, real[:, ::1] uh,
    Py_ssize_t b0, real* scratch,
) noexcept nogil:
    """U times what it is fed, n batch rows: into uh; if the cell sums early, added to the sums."""
    cdef Py_ssize_t Gu, width, i
    if uh is None:
        gemm_run(gemm, n, Gw, H, s_prev + feeds[0, 0] * s_stride, H, 1, packed_U, sums, Gw,
                 <const real*> sums, Gw, scratch)
        return
    Gu = uh.shape[1]
    for i in range(feeds.shape[0]):
        width = (feeds[i, 2] - feeds[i, 1]) * H
        gemm_run(gemm, n, width, H, s_prev + feeds[i, 0] * s_stride, H, 1, packed_U,
                 &uh[b0, feeds[i, 1] * H], Gu, <const real*> NULL, 0, scratch)
        packed_U += gemm_packed(gemm, H, width, <real> 0)


cdef inline Py_ssize_t steps_together(Py_ssize_t B, Py_ssize_t b0, Py_ssize_t b1) noexcept nogil:
    """Steps whose W x is one product: rows of several steps lie together only for a whole batch."""
    return max(1, WIDE // B) if b1 - b0 == B else 1


cdef inline bint any_row_on(
    const int[::1] lengths, Py_ssize_t b0, Py_ssize_t b1, Py_ssize_t t
) noexcept nogil:
    """Whether a batch row of b0..b1 is still running at step t."""
    cdef Py_ssize_t b
    for b in range(b0, b1):
        if t < lengths[b]:
            return True
    return False
