/* Products of matrices by blocks of 16 x 16 threads. A block makes 16 rows and C * LANES columns of
 * A B; the threads share the terms of each sum in SPLITS parts, which are added up in their order. So
 * an element depends on the sizes of its own row and column alone, not on how many rows there are. */
#ifndef LM_TILES_H
#define LM_TILES_H

#include "cell_math.h"

enum { LM_SIDE = 16, LM_BLOCK = LM_SIDE * LM_SIDE };

/* Numbers that one load brings. */
struct alignas(4 * sizeof(LM_REAL)) lm_four {
    LM_REAL at[4];
};

static inline __device__ int lm_thread() { return threadIdx.y * LM_SIDE + threadIdx.x; }

/* A thread has 4 rows and C columns, LANES apart. */
template <int C, int LANES> struct lm_tile {
    static constexpr int COLUMNS = C * LANES, SPLITS = LM_BLOCK / (4 * LANES);
    LM_REAL sums[4][C];
    int row, column, split;

    __device__ lm_tile() {
        row = lm_thread() / LANES % 4 * 4;
        column = lm_thread() % LANES;
        split = lm_thread() / (4 * LANES);
        clear();
    }

    __device__ void clear() {
        for (int r = 0; r < 4; r++)
            for (int c = 0; c < C; c++)
                sums[r][c] = 0;
    }

    /* += a (16, depth) times b (COLUMNS, depth), both in shared memory with rows a_row and b_row
     * apart, all multiples of 4. */
    __device__ void add(const LM_REAL *a, int a_row, const LM_REAL *b, int b_row, int depth) {
        for (int k = 4 * split; k < depth; k += 4 * SPLITS) {
            lm_four x[4];
            for (int r = 0; r < 4; r++)
                x[r] = *(const lm_four *)(a + (row + r) * a_row + k);
            for (int c = 0; c < C; c++) {
                lm_four w = *(const lm_four *)(b + (column + c * LANES) * b_row + k);
                for (int r = 0; r < 4; r++)
                    for (int e = 0; e < 4; e++)
                        sums[r][c] = LM_T(LM_MAD)(x[r].at[e], w.at[e], sums[r][c]);
            }
        }
    }

    /* Put what this thread has where `total` finds it: parts (SPLITS, 16, COLUMNS) shared. */
    __device__ void keep(LM_REAL *parts) const {
        for (int r = 0; r < 4; r++)
            for (int c = 0; c < C; c++)
                parts[(split * LM_SIDE + row + r) * COLUMNS + column + c * LANES] = sums[r][c];
    }

    static __device__ LM_REAL total(const LM_REAL *parts, int row, int column) {
        LM_REAL sum = 0;
        for (int s = 0; s < SPLITS; s++)
            sum += parts[(s * LM_SIDE + row) * COLUMNS + column];
        return sum;
    }
};

/* to (n, depth), rows to_row apart, from the rows of a matrix, from_row apart; `there` of them and
 * `deep` of their numbers exist, the rest is 0. */
static __device__ void lm_load_rows(LM_REAL *to, int to_row, int n, int depth, const LM_REAL *from,
                                    int64_t from_row, int64_t there, int64_t deep) {
    for (int i = lm_thread(); i < n * depth; i += LM_BLOCK) {
        int r = i / depth, k = i % depth;
        to[r * to_row + k] = r < there && k < deep ? from[r * from_row + k] : 0;
    }
}

/* The same from the columns of a matrix. */
static __device__ void lm_load_columns(LM_REAL *to, int to_row, int n, int depth,
                                       const LM_REAL *from, int64_t from_row, int64_t there,
                                       int64_t deep) {
    for (int i = lm_thread(); i < n * depth; i += LM_BLOCK) {
        int r = i % n, k = i / n;
        to[r * to_row + k] = r < there && k < deep ? from[k * from_row + r] : 0;
    }
}

#endif
