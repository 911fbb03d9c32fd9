"""The driver's loops for cells whose products are convolutions; lstm_music/reference/conv.py.

One batch row at a time, all its steps: a step's maps fit the nearest caches, and rows never look at
each other, so no split over threads can change a bit. Only cells that sum
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
    LM_A_SCRATCH, gemm_pack, gemm_run, lm_gemm, lm_gemm_of, lm_maps, lm_maps_of, lm_rows,
    lm_rows_of, real, row_backward, row_forward,
)
from lstm_music.kernels.pool cimport ThreadPool, lm_pool_run
from lstm_music.kernels.zoneout cimport Zoneout, Zones, zone_backward, zone_forward

cdef struct Plane:
    Py_ssize_t rows
    Py_ssize_t columns
    Py_ssize_t ky
    Py_ssize_t kx
    bint circular
    Py_ssize_t P
    Py_ssize_t edge                # elements above the map, and below
    Py_ssize_t pitch               # of a shift: P + 2 edge


cdef struct Pass:                  # what the threads of a call share; names as in the calls below
    const lm_gemm* gemm
    const lm_rows* rows
    const lm_maps* maps
    bint is_float
    Plane plane
    Py_ssize_t T
    Py_ssize_t B
    Py_ssize_t D                   # C_in*P
    Py_ssize_t H
    Py_ssize_t states
    Py_ssize_t G
    Py_ssize_t R
    const int* lengths
    const Zones* zone
    const void* X
    const void* WU
    const void* p
    void* S                        # the backward pass reads it, raw and K alone
    void* raw
    void* K
    void* shifts
    void* packed
    void* scratch
    Py_ssize_t n_shifts            # a thread's numbers of shifts, packed
    Py_ssize_t n_packed
    # Forward.
    const void* bias
    # Backward.
    const void* dY
    void* ds
    void* held
    void* dX
    void* dWU
    void* d_bias
    void* dp
    Py_ssize_t n_shards
    Py_ssize_t n_params            # of a shard's dp
    void* d_sums


def forward_rows(
    int level,
    ThreadPool pool not None,
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
    real[:, ::1] shifts,           # scratch of each thread: those of X and h
    real[:, ::1] packed,           # scratch of each thread: (R,P) packed
    real[:, ::1] scratch,          # (n_threads,SCRATCH_SIZE)
):
    """Fill S and K; the batch rows are shared out."""
    cdef Pass job
    start_pass(&job, level, cell_rows, plane, X, WU, p, zone, lengths, shifts, packed, scratch)
    job.H, job.states, job.bias = S.shape[3], S.shape[1], &bias[0]
    job.S, job.K = &S[0, 0, 0, 0], &K[0, 0, 0]
    job.raw = NULL if raw is None else &raw[0, 0, 0, 0]
    with nogil:
        lm_pool_run(pool.threads, job.B, forward_part, &job)


def backward_rows(
    int level,
    ThreadPool pool not None,
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
    real[:, :, ::1] dWU,           # (shards,R,G) +=, WU transposed
    real[:, ::1] d_bias,           # (shards,G*P) +=
    real[:, :, ::1] dp,            # (shards,row_params,H) +=
    const int[::1] lengths,        # (B,)
    real[:, ::1] d_sums,           # scratch of each thread: (G*P,)
    real[:, ::1] shifts,           # scratch of each thread: those of X and h
    real[:, ::1] packed,           # scratch of each thread: (G,P) or (P,G), whichever is larger
    real[:, ::1] scratch,          # (n_threads,SCRATCH_SIZE)
):
    """All steps: ds, dX, and what each shard of the batch adds to the parameters' gradients.

    The shards are shared out.
    """
    cdef Pass job
    start_pass(&job, level, cell_rows, plane, X, WU, p, zone, lengths, shifts, packed, scratch)
    job.H, job.states = S.shape[3], S.shape[1]
    job.S, job.K = <void*> &S[0, 0, 0, 0], <void*> &K[0, 0, 0]
    job.raw = NULL if raw is None else <void*> &raw[0, 0, 0, 0]
    job.held = NULL if held is None else &held[0, 0, 0]
    job.dY, job.ds, job.dX, job.d_sums = &dY[0, 0, 0], &ds[0, 0, 0], &dX[0, 0, 0], &d_sums[0, 0]
    job.dWU, job.d_bias, job.n_shards = &dWU[0, 0, 0], &d_bias[0, 0], dWU.shape[0]
    job.dp, job.n_params = &dp[0, 0, 0] if p.shape[0] else NULL, p.shape[0] * job.H
    with nogil:
        lm_pool_run(pool.threads, job.n_shards, backward_part, &job)


cdef void start_pass(
    Pass* job, int level, bytes cell_rows, const int[::1] plane, const real[:, :, ::1] X,
    const real[:, ::1] WU, const real[:, ::1] p, Zoneout zone, const int[::1] lengths,
    real[:, ::1] shifts, real[:, ::1] packed, real[:, ::1] scratch,
):
    """What both directions are told alike."""
    job.gemm, job.maps = lm_gemm_of(level), lm_maps_of(level)
    job.rows = lm_rows_of(level, cell_rows)
    job.is_float, job.plane = real is float, as_plane(plane)
    job.T, job.B, job.D, job.X = X.shape[0], X.shape[1], X.shape[2], &X[0, 0, 0]
    job.G, job.R, job.WU = WU.shape[0], WU.shape[1], &WU[0, 0]
    job.p = &p[0, 0] if p.shape[0] else NULL
    job.zone = NULL if zone is None else &zone.zones
    job.lengths = &lengths[0]
    job.shifts, job.n_shifts = &shifts[0, 0], shifts.shape[1]
    job.packed, job.n_packed = &packed[0, 0], packed.shape[1]
    job.scratch = &scratch[0, 0]


cdef void forward_part(void* of, int i, Py_ssize_t b0, Py_ssize_t b1) noexcept nogil:
    cdef Py_ssize_t b
    for b in range(b0, b1):
        if (<Pass*> of).is_float:
            forward(<Pass*> of, <float> 0, i, b)
        else:
            forward(<Pass*> of, <double> 0, i, b)


cdef void backward_part(void* of, int i, Py_ssize_t start, Py_ssize_t stop) noexcept nogil:
    cdef Pass* job = <Pass*> of
    cdef Py_ssize_t shard, b
    for shard in range(start, stop):
        for b in range(job.B * shard // job.n_shards, job.B * (shard + 1) // job.n_shards):
            if job.is_float:
                backward(job, <float> 0, i, shard, b)
            else:
                backward(job, <double> 0, i, shard, b)


cdef void forward(const Pass* a, real _like, int i, Py_ssize_t b) noexcept nogil:
    """Batch row b, by thread i."""
    cdef const Plane* m = &a.plane
    cdef Py_ssize_t H = a.H, part = a.R // m.ky, layer = a.states * a.B * H, t, s, j
    cdef real* S = <real*> a.S + b * H      # S[t] in its turn
    cdef real* raw
    cdef real* sums
    cdef real* shifts = <real*> a.shifts + i * a.n_shifts
    cdef real* packed = <real*> a.packed + i * a.n_packed
    for t in range(a.T):
        if t >= a.lengths[b]:
            for s in range(a.states):
                memcpy(S + layer + s * a.B * H, S + s * a.B * H, H * sizeof(real))
        else:
            sums = <real*> a.K + (t * a.B + b) * a.G * m.P
            shift_both(m, a.D, <const real*> a.X + (t * a.B + b) * a.D, H, <const real*> S, shifts)
            for j in range(m.ky):
                gemm_pack(a.gemm, part, m.P, <const real*> (shifts + j * m.columns), m.pitch, 1,
                          packed, j * part, a.R)
            gemm_run(a.gemm, a.G, m.P, a.R, <const real*> a.WU, a.R, 1, <const real*> packed, sums,
                     m.P, <const real*> a.bias, m.P, <real*> a.scratch + i * LM_A_SCRATCH)
            raw = S + layer if a.raw == NULL else <real*> a.raw + t * layer + b * H
            row_forward(a.rows, H, a.B * H, <const real*> sums, <const real*> NULL,
                        <const real*> S, <const real*> a.p, raw, sums)
            if a.zone != NULL:
                zone_forward(a.zone, t, b, a.B, H, <const real*> S, <const real*> raw, S + layer)
        S += layer


cdef void backward(const Pass* a, real _like, int i, Py_ssize_t shard, Py_ssize_t b) noexcept nogil:
    """Batch row b of a shard, by thread i."""
    cdef const Plane* m = &a.plane
    cdef Py_ssize_t H = a.H, D = a.D, G = a.G, R = a.R, part = R // m.ky
    cdef Py_ssize_t layer = a.states * a.B * H, t, j
    cdef const real* p = <const real*> a.p
    cdef const real* WU = <const real*> a.WU
    cdef const real* S
    cdef const real* raw
    cdef real* ds = <real*> a.ds + b * H
    cdef real* held = <real*> a.held + b * H
    cdef real* dWU = <real*> a.dWU + shard * R * G
    cdef real* dp = NULL if a.dp == NULL else <real*> a.dp + shard * a.n_params
    cdef real* d_sums = <real*> a.d_sums + i * G * m.P
    cdef real* shifts = <real*> a.shifts + i * a.n_shifts
    cdef real* packed = <real*> a.packed + i * a.n_packed
    cdef real* scratch = <real*> a.scratch + i * LM_A_SCRATCH
    cdef real* dx
    cdef real* at
    for t in range(a.T - 1, -1, -1):
        S, dx = <const real*> a.S + t * layer + b * H, <real*> a.dX + (t * a.B + b) * D
        add(a.maps, H, <const real*> a.dY + (t * a.B + b) * H, ds)
        memset(dx, 0, D * sizeof(real))
        if t >= a.lengths[b]:
            continue
        raw = S + layer if a.raw == NULL else <const real*> a.raw + t * layer + b * H
        if a.zone != NULL:
            zone_backward(a.zone, t, b, a.B, H, ds, held)
        row_backward(a.rows, H, a.B * H, ds, S, raw,
                     <const real*> a.K + (t * a.B + b) * G * m.P, p, d_sums, <real*> NULL, dp)
        if a.zone != NULL:
            for j in range(a.states):
                add(a.maps, H, <const real*> (held + j * a.B * H), ds + j * a.B * H)
        add(a.maps, G * m.P, <const real*> d_sums, <real*> a.d_bias + shard * G * m.P)
        # dWU: the shifts times the sums' gradient, over the places.
        shift_both(m, D, <const real*> a.X + (t * a.B + b) * D, H, S, shifts)
        gemm_pack(a.gemm, m.P, G, <const real*> d_sums, 1, m.P, packed, 0, m.P)
        for j in range(m.ky):
            gemm_run(a.gemm, part, G, m.P, <const real*> (shifts + j * m.columns), m.pitch, 1,
                     <const real*> packed, dWU + j * part * G, G,
                     <const real*> (dWU + j * part * G), G, scratch)
        # dX and dh: the weights times the sums' gradient, then what each place gave.
        gemm_pack(a.gemm, G, m.P, <const real*> d_sums, m.P, 1, packed, 0, G)
        memset(shifts, 0, part * m.pitch * sizeof(real))
        for j in range(m.ky):
            at = shifts + j * m.columns
            gemm_run(a.gemm, part, m.P, G, WU + j * part, 1, R, <const real*> packed, at, m.pitch,
                     <const real*> at, m.pitch, scratch)
        add_shifts(m, a.maps, D // m.P, shifts, dx)
        add_shifts(m, a.maps, H // m.P, shifts + D // m.P * m.kx * m.pitch, ds)


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
