"""The driver's loops for cells whose products are convolutions; lstm_music/reference/conv.py.

One batch row at a time, all its steps, without the GIL: a step's maps fit the nearest caches, and
rows never look at each other, so no split over threads can change a bit. Only cells that sum
early, are fed h and cache their sums' place come here.

A convolution is a product on the packed kernel of gemm.h. Each channel's map is laid out once for
each column of the kernel, shifted by it and padded above and below; a row of the kernel is then
only an offset into these *shifts*, so patches are never gathered:

    shifts (C_in + C, kx, P + 2 edge)    edge = ky // 2 rows of the map
    sums (G, P) = sum over i of WU[:, i] (G, (C_in + C) kx)  shifts[:, :, i columns : + P]

G gates times C channels; P = rows · columns places; ky x kx taps; a 1-D map is one column. X and h
stand in one array of shifts, so W and U in one matrix WU (G, R), R = ky (C_in + C) kx in this
order. Callers have checked shapes and own all memory.
"""

from libc.string cimport memcpy, memset

from lstm_music.kernels.c_api cimport (
    gemm_pack, gemm_run, lm_gemm, lm_gemm_of, lm_maps, lm_maps_of, lm_rows, lm_rows_of, real,
    row_backward, row_forward,
)
from lstm_music.kernels.zoneout cimport Zoneout, zone_backward, zone_forward

cdef struct Plane:
    Py_ssize_t rows
    Py_ssize_t columns
    Py_ssize_t ky
    Py_ssize_t kx
    bint circular
    Py_ssize_t P
    Py_ssize_t edge                # elements above the map, and below
    Py_ssize_t pitch               # of a shift: P + 2 edge


def forward_rows(
    int level,
    bytes cell_rows,
    const int[::1] plane,          # rows, columns, ky, kx, circular
    const real[:, :, ::1] X,       # (T,B,C_in*P)
    const real[:, ::1] WU,         # (G,R)
    const real[::1] bias,          # (G*P,), a channel's bias at each of its places
    const real[:, ::1] p,          # (row_params,H)
    real[:, :, :, ::1] S,          # (T+1,states,B,H) in: S[0]; out: the rest
    real[:, :, ::1] K,             # (T,B,G*P) out
    Zoneout zone,                  # None: no unit keeps anything
    real[:, :, :, ::1] raw,        # (T,states,B,H) out: the states before zoneout; None without
    const int[::1] lengths,        # (B,)
    Py_ssize_t b0,
    Py_ssize_t b1,
    real[::1] shifts,              # scratch: those of X and h
    real[::1] packed,              # scratch: (R,P) packed
    real[::1] scratch,
):
    """Fill S and K for batch rows b0..b1."""
    cdef const lm_gemm* gemm = lm_gemm_of(level)
    cdef const lm_rows* rows = lm_rows_of(level, cell_rows)
    cdef Plane m = as_plane(plane)
    cdef Py_ssize_t T = X.shape[0], B = X.shape[1], H = S.shape[3], states = S.shape[1]
    cdef Py_ssize_t G = WU.shape[0], R = WU.shape[1], part = R // m.ky
    cdef Py_ssize_t t, b, s, i
    cdef const real* p0 = &p[0, 0] if p.shape[0] else NULL
    cdef real* sums
    cdef real* s_next
    with nogil:
        for b in range(b0, b1):
            for t in range(T):
                if t >= lengths[b]:
                    for s in range(states):
                        memcpy(&S[t + 1, s, b, 0], &S[t, s, b, 0], H * sizeof(real))
                    continue
                sums = &K[t, b, 0]
                shift_both(&m, X.shape[2], &X[t, b, 0], H, &S[t, 0, b, 0], &shifts[0])
                for i in range(m.ky):
                    gemm_pack(gemm, part, m.P, <const real*> &shifts[i * m.columns], m.pitch, 1,
                              &packed[0], i * part, R)
                gemm_run(gemm, G, m.P, R, &WU[0, 0], R, 1, <const real*> &packed[0], sums, m.P,
                         &bias[0], m.P, &scratch[0])
                s_next = &S[t + 1, 0, b, 0] if zone is None else &raw[t, 0, b, 0]
                row_forward(rows, H, B * H, <const real*> sums, <const real*> NULL,
                            <const real*> &S[t, 0, b, 0], p0, s_next, sums)
                if zone is not None:
                    zone_forward(zone, t, b, B, H, <const real*> &S[t, 0, b, 0],
                                 <const real*> s_next, &S[t + 1, 0, b, 0])


def backward_rows(
    int level,
    bytes cell_rows,
    const int[::1] plane,          # rows, columns, ky, kx, circular
    const real[:, :, ::1] dY,      # (T,B,H)
    real[:, :, ::1] ds,            # (states,B,H) in: dLoss/dS[T]; out: dLoss/dS[0]
    const real[:, :, :, ::1] S,    # (T+1,states,B,H)
    const real[:, :, ::1] K,       # (T,B,G*P)
    Zoneout zone,                  # as in the forward call
    const real[:, :, :, ::1] raw,  # (T,states,B,H) as the forward call left it
    real[:, :, ::1] held,          # (states,B,H) scratch; None without zoneout
    const real[:, :, ::1] X,       # (T,B,C_in*P)
    const real[:, ::1] WU,         # (G,R)
    const real[:, ::1] p,          # (row_params,H)
    real[:, :, ::1] dX,            # (T,B,C_in*P) out
    real[:, ::1] dWU,              # (R,G) +=, WU transposed
    real[::1] d_bias,              # (G*P,) +=
    real[:, ::1] dp,               # (row_params,H) +=
    const int[::1] lengths,        # (B,)
    Py_ssize_t b0,
    Py_ssize_t b1,
    real[::1] d_sums,              # scratch: (G*P,)
    real[::1] shifts,              # scratch: those of X and h
    real[::1] packed,              # scratch: (G,P) or (P,G) packed, whichever is larger
    real[::1] scratch,
):
    """All steps of batch rows b0..b1: ds, dX, and what they add to the parameters' gradients."""
    cdef const lm_gemm* gemm = lm_gemm_of(level)
    cdef const lm_rows* rows = lm_rows_of(level, cell_rows)
    cdef const lm_maps* maps = lm_maps_of(level)
    cdef Plane m = as_plane(plane)
    cdef Py_ssize_t T = X.shape[0], B = X.shape[1], D = X.shape[2], H = S.shape[3]
    cdef Py_ssize_t G = WU.shape[0], R = WU.shape[1], part = R // m.ky, t, b, i
    cdef Py_ssize_t size = part * m.pitch
    cdef const real* p0 = &p[0, 0] if p.shape[0] else NULL
    cdef real* dp0 = &dp[0, 0] if p.shape[0] else NULL
    cdef const real* s_next
    cdef real* at
    with nogil:
        for b in range(b0, b1):
            for t in range(T - 1, -1, -1):
                add(maps, H, &dY[t, b, 0], &ds[0, b, 0])
                memset(&dX[t, b, 0], 0, D * sizeof(real))
                if t >= lengths[b]:
                    continue
                s_next = &S[t + 1, 0, b, 0] if zone is None else &raw[t, 0, b, 0]
                if zone is not None:
                    zone_backward(zone, t, b, B, H, &ds[0, b, 0], &held[0, b, 0])
                row_backward(rows, H, B * H, &ds[0, b, 0], <const real*> &S[t, 0, b, 0], s_next,
                             <const real*> &K[t, b, 0], p0, &d_sums[0], <real*> NULL, dp0)
                if zone is not None:
                    for i in range(ds.shape[0]):
                        add(maps, H, <const real*> &held[i, b, 0], &ds[i, b, 0])
                add(maps, G * m.P, <const real*> &d_sums[0], &d_bias[0])
                # dWU: the shifts times the sums' gradient, over the places.
                shift_both(&m, D, &X[t, b, 0], H, &S[t, 0, b, 0], &shifts[0])
                gemm_pack(gemm, m.P, G, <const real*> &d_sums[0], 1, m.P, &packed[0], 0, m.P)
                for i in range(m.ky):
                    gemm_run(gemm, part, G, m.P, <const real*> &shifts[i * m.columns], m.pitch, 1,
                             <const real*> &packed[0], &dWU[i * part, 0], G,
                             <const real*> &dWU[i * part, 0], G, &scratch[0])
                # dX and dh: the weights times the sums' gradient, then what each place gave.
                gemm_pack(gemm, G, m.P, <const real*> &d_sums[0], m.P, 1, &packed[0], 0, G)
                memset(&shifts[0], 0, size * sizeof(real))
                for i in range(m.ky):
                    at = &shifts[i * m.columns]
                    gemm_run(gemm, part, m.P, G, &WU[0, i * part], 1, R,
                             <const real*> &packed[0], at, m.pitch, <const real*> at, m.pitch,
                             &scratch[0])
                add_shifts(&m, maps, D // m.P, &shifts[0], &dX[t, b, 0])
                add_shifts(&m, maps, H // m.P, &shifts[D // m.P * m.kx * m.pitch], &ds[0, b, 0])


cdef Plane as_plane(const int[::1] given):
    """The five numbers with what follows from them."""
    cdef Plane m
    m.rows, m.columns, m.ky, m.kx, m.circular = given[0], given[1], given[2], given[3], given[4]
    m.P = m.rows * m.columns
    m.edge = m.ky // 2 * m.columns
    m.pitch = m.P + 2 * m.edge
    return m


cdef inline void shift_both(
    const Plane* m, Py_ssize_t D, const real* x, Py_ssize_t H, const real* h, real* shifts,
) noexcept nogil:
    """The shifts of all channels of x and of h."""
    shift_maps(m, D // m.P, x, shifts)
    shift_maps(m, H // m.P, h, shifts + D // m.P * m.kx * m.pitch)


# A shift by s columns moves the map as one run of memory. The `around` columns at one end of each
# row then hold what is the next row's, or the last one's, and are set right after that.
cdef struct Shift:
    Py_ssize_t source              # where the run starts in the map
    Py_ssize_t target              # and in the shift
    Py_ssize_t around
    Py_ssize_t first               # the first column to set right
    Py_ssize_t wrap                # from there to its place at the other end of the map's row


cdef inline Shift shift_by(const Plane* m, Py_ssize_t s) noexcept nogil:
    cdef Shift to
    to.source, to.target = max(s, 0), max(-s, 0)
    to.around = to.source + to.target
    to.first = m.columns - s if s > 0 else 0
    to.wrap = s - m.columns if s > 0 else s + m.columns
    return to


cdef void shift_maps(
    const Plane* m, Py_ssize_t channels, const real* maps, real* shifts
) noexcept nogil:
    """Shifts (channels, kx, pitch) of maps (channels, P)."""
    cdef Py_ssize_t _c, j, y, i, start
    cdef Shift by
    cdef real* to
    for _c in range(channels):
        for j in range(m.kx):
            by, to = shift_by(m, j - m.kx // 2), shifts + m.edge
            memcpy(to + by.target, maps + by.source, (m.P - by.around) * sizeof(real))
            for y in range(m.rows if by.around else 0):
                start = y * m.columns + by.first
                for i in range(start, start + by.around):
                    to[i] = maps[i + by.wrap] if m.circular else 0
            if m.circular:
                memcpy(shifts, to + m.P - m.edge, m.edge * sizeof(real))
                memcpy(to + m.P, to, m.edge * sizeof(real))
            else:
                memset(shifts, 0, m.edge * sizeof(real))
                memset(to + m.P, 0, m.edge * sizeof(real))
            shifts += m.pitch
        maps += m.P


cdef void add_shifts(
    const Plane* m, const lm_maps* kernels, Py_ssize_t channels, real* shifts, real* maps
) noexcept nogil:
    """Mirror of shift_maps: maps += what stands in the shifts, which are used up."""
    cdef Py_ssize_t _c, j, y, i, start
    cdef Shift by
    cdef real* at
    for _c in range(channels):
        for j in range(m.kx):
            by, at = shift_by(m, j - m.kx // 2), shifts + m.edge
            if m.circular:
                add(kernels, m.edge, <const real*> shifts, at + m.P - m.edge)
                add(kernels, m.edge, <const real*> (at + m.P), at)
            for y in range(m.rows if by.around else 0):
                start = y * m.columns + by.first
                for i in range(start, start + by.around):
                    if m.circular:
                        maps[i + by.wrap] += at[i]
                    at[i] = 0
            add(kernels, m.P - by.around, <const real*> (at + by.target), maps + by.source)
            shifts += m.pitch
        maps += m.P


cdef inline void add(
    const lm_maps* maps, Py_ssize_t n, const real* x, real* sums
) noexcept nogil:
    """sums (n,) += x (n,)."""
    if real is float:
        maps.f32.add_rows(1, n, x, n, sums)
    else:
        maps.f64.add_rows(1, n, x, n, sums)
