/* Products that a CUDA graph may hold (CuPy refuses cuBLAS there), and whose rows do not depend on how
 * many there are: lstm_music/backends/gpu/products.py. */
#include "device.h"
#include "tiles.h"

enum { LM_DEPTH = 32, LM_ROW = LM_DEPTH + 4 };

#define LM_PRODUCT_ARGUMENTS                                                                   \
    int64_t M, int64_t N, int64_t K, const LM_REAL *A, int64_t a_row, const LM_REAL *B,        \
        int64_t b_row, LM_REAL *out, int64_t out_row, int transpose_b, int accumulate
#define LM_PRODUCT_PASSED M, N, K, A, a_row, B, b_row, out, out_row, transpose_b, accumulate

template <int LANES> static __device__ void lm_product(LM_PRODUCT_ARGUMENTS) {
    typedef lm_tile<4, LANES> tile_of;
    constexpr int PARTS = tile_of::SPLITS * LM_SIDE * tile_of::COLUMNS;
    constexpr int TILES = (LM_SIDE + tile_of::COLUMNS) * LM_ROW;
    __shared__ LM_REAL __align__(32) room[PARTS > TILES ? PARTS : TILES];
    LM_REAL *a = room, *b = room + LM_SIDE * LM_ROW;
    const int64_t m = (int64_t)blockIdx.y * LM_SIDE, n = (int64_t)blockIdx.x * tile_of::COLUMNS;
    tile_of tile;
    for (int64_t k = 0; k < K; k += LM_DEPTH) {
        lm_load_rows(a, LM_ROW, LM_SIDE, LM_DEPTH, A + m * a_row + k, a_row, M - m, K - k);
        if (transpose_b)
            lm_load_rows(b, LM_ROW, tile_of::COLUMNS, LM_DEPTH, B + n * b_row + k, b_row, N - n,
                         K - k);
        else
            lm_load_columns(b, LM_ROW, tile_of::COLUMNS, LM_DEPTH, B + k * b_row + n, b_row, N - n,
                            K - k);
        __syncthreads();
        tile.add(a, LM_ROW, b, LM_ROW, LM_DEPTH);
        __syncthreads();
    }
    tile.keep(room);
    __syncthreads();
    for (int i = lm_thread(); i < LM_SIDE * tile_of::COLUMNS; i += LM_BLOCK) {
        int row = i / tile_of::COLUMNS, column = i % tile_of::COLUMNS;
        if (m + row >= M || n + column >= N)
            continue;
        LM_REAL *to = out + (m + row) * out_row + n + column;
        LM_REAL sum = tile_of::total(room, row, column);
        *to = accumulate ? *to + sum : sum;
    }
}

/* out (M, N) = A (M, K) B, += with accumulate; B is (K, N), or (N, K) with transpose_b. Rows lie a_row,
 * b_row, out_row apart. Grid (columns, rows / 16): 64 columns a block, or 16. */
LM_KERNEL product_64(LM_PRODUCT_ARGUMENTS) { lm_product<16>(LM_PRODUCT_PASSED); }

LM_KERNEL product_16(LM_PRODUCT_ARGUMENTS) { lm_product<4>(LM_PRODUCT_PASSED); }
