"""The driver's loops over time: any cell, forward and backward, for a range of batch rows.

Mirrors lstm_music/reference/sequence.py. A call handles batch rows b0..b1 over all T steps
without the GIL, so several threads can share a batch; rows never look at each other, so the
split cannot change a bit. What spans the batch (products over all steps, parameter gradients)
is done by backends/cpu.py before and after. Callers have checked shapes and own all memory.

T time, B batch, H hidden; Gw and Gu = gates_w·H and gates_u·H.
"""

from libc.string cimport memcpy, memset

from lstm_music.kernels.c_api cimport (
    gemm_run, lm_gemm, lm_gemm_of, lm_rows, lm_rows_of, real, row_backward, row_forward,
)


def has_rows(int level, str cell):
    """Whether the C rows of a cell exist at a level."""
    return lm_rows_of(level, cell.encode()) != NULL


def forward_rows(
    int level,
    bytes cell,
    real[:, :, ::1] wx,            # (T,B,Gw) in: X W^T + b; overwritten
    real[:, ::1] uh,               # (B,Gu) scratch; None: the cell sums early
    const real[::1] packed_U,      # U^T (H,Gu), packed
    const real[:, ::1] p,          # (row_params,H)
    real[:, :, :, ::1] S,          # (T+1,states,B,H) in: S[0]; out: the rest
    real[:, :, ::1] K,             # (T,B,cached*H) out; may be wx when cached == gates_w
    const int[::1] lengths,        # (B,)
    Py_ssize_t b0,
    Py_ssize_t b1,
    real[::1] scratch,
):
    """Fill S and K for batch rows b0..b1."""
    cdef const lm_gemm* gemm = lm_gemm_of(level)
    cdef const lm_rows* rows = lm_rows_of(level, cell)
    cdef Py_ssize_t T = wx.shape[0], B = wx.shape[1], states = S.shape[1], H = S.shape[3]
    cdef Py_ssize_t Gw = wx.shape[2], Gu = packed_Gu(uh, Gw), t, b, s
    cdef const real* p0 = &p[0, 0] if p.shape[0] else NULL
    cdef const real* h
    with nogil:
        for t in range(T):
            h = &S[t, 0, b0, 0]
            if any_row_on(lengths, b0, b1, t):
                if uh is None:
                    gemm_run(gemm, b1 - b0, Gu, H, h, H, 1, &packed_U[0], &wx[t, b0, 0], Gw,
                             <const real*> &wx[t, b0, 0], Gw, &scratch[0])
                else:
                    gemm_run(gemm, b1 - b0, Gu, H, h, H, 1, &packed_U[0], &uh[b0, 0], Gu,
                             <const real*> NULL, 0, &scratch[0])
            for b in range(b0, b1):
                if t < lengths[b]:
                    row_forward(rows, H, B * H, <const real*> &wx[t, b, 0],
                                <const real*> (NULL if uh is None else &uh[b, 0]),
                                <const real*> &S[t, 0, b, 0], p0, &S[t + 1, 0, b, 0], &K[t, b, 0])
                else:
                    for s in range(states):
                        memcpy(&S[t + 1, s, b, 0], &S[t, s, b, 0], H * sizeof(real))


def backward_rows(
    int level,
    bytes cell,
    const real[:, :, ::1] dY,      # (T,B,H)
    real[:, :, ::1] ds,            # (states,B,H) in: dLoss/dS[T]; out: dLoss/dS[0]
    const real[:, :, :, ::1] S,    # (T+1,states,B,H)
    const real[:, :, ::1] K,       # (T,B,cached*H)
    const real[::1] packed_U,      # U (Gu,H), packed
    const real[:, ::1] p,          # (row_params,H)
    real[:, :, ::1] dwx,           # (T,B,Gw) out
    real[:, :, ::1] duh,           # (T,B,Gu) out; None: the cell sums early, duh is dwx
    real[:, :, ::1] dp,            # (B,row_params,H) +=
    const int[::1] lengths,        # (B,)
    Py_ssize_t b0,
    Py_ssize_t b1,
    real[::1] scratch,
):
    """Fill dwx and duh, and carry ds to the first step, for batch rows b0..b1."""
    cdef const lm_gemm* gemm = lm_gemm_of(level)
    cdef const lm_rows* rows = lm_rows_of(level, cell)
    cdef Py_ssize_t T = dY.shape[0], B = dY.shape[1], H = dY.shape[2], Gw = dwx.shape[2]
    cdef Py_ssize_t Gu = Gw if duh is None else duh.shape[2], t, b, j
    cdef const real* p0 = &p[0, 0] if p.shape[0] else NULL
    cdef real* dwx_t
    cdef real* duh_t
    with nogil:
        for t in range(T - 1, -1, -1):
            for b in range(b0, b1):
                for j in range(H):
                    ds[0, b, j] += dY[t, b, j]
                dwx_t = &dwx[t, b, 0]
                duh_t = NULL if duh is None else &duh[t, b, 0]
                if t < lengths[b]:
                    row_backward(rows, H, B * H, &ds[0, b, 0], <const real*> &S[t, 0, b, 0],
                                 <const real*> &S[t + 1, 0, b, 0], <const real*> &K[t, b, 0], p0,
                                 dwx_t, duh_t, &dp[b, 0, 0] if p.shape[0] else NULL)
                else:
                    memset(dwx_t, 0, Gw * sizeof(real))
                    if duh_t != NULL:
                        memset(duh_t, 0, Gu * sizeof(real))
            if any_row_on(lengths, b0, b1, t):
                duh_t = &dwx[t, b0, 0] if duh is None else &duh[t, b0, 0]
                gemm_run(gemm, b1 - b0, H, Gu, <const real*> duh_t, Gu, 1, &packed_U[0],
                         &ds[0, b0, 0], H, <const real*> &ds[0, b0, 0], H, &scratch[0])


cdef inline bint any_row_on(
    const int[::1] lengths, Py_ssize_t b0, Py_ssize_t b1, Py_ssize_t t
) noexcept nogil:
    """Whether a batch row of b0..b1 is still running at step t."""
    cdef Py_ssize_t b
    for b in range(b0, b1):
        if t < lengths[b]:
            return True
    return False


cdef inline Py_ssize_t packed_Gu(real[:, ::1] uh, Py_ssize_t Gw) noexcept:
    """gates_u·H: the width of uh, or of wx for a cell that sums early."""
    return Gw if uh is None else uh.shape[1]
