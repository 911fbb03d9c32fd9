/* Convolutions as the dense matrices that they are (lstm_music/reference/conv.py). `seen` (taps, P)
 * is the place that each tap sees from each place, -1 outside the map. */
#include "device.h"

/* matrix (n P, m P) of W (n, m taps): one thread an element. */
LM_KERNEL spread(int64_t n, int64_t m, int64_t P, int64_t taps, const int *seen, const LM_REAL *W,
                 LM_REAL *matrix) {
    int64_t place = lm_place(), row = place / (m * P), column = place % (m * P);
    if (row >= n * P)
        return;
    int64_t here = row % P, there = column % P;
    const LM_REAL *weights = W + (row / P * m + column / P) * taps;
    LM_REAL sum = 0;
    for (int64_t tap = 0; tap < taps; tap++)
        if (seen[tap * P + here] == there)
            sum += weights[tap];
    matrix[place] = sum;
}

/* dW (n, m taps) += the gradient (n P, m P) of its matrix: one thread a weight. */
LM_KERNEL tie(int64_t n, int64_t m, int64_t P, int64_t taps, const int *seen,
              const LM_REAL *d_matrix, LM_REAL *dW) {
    int64_t place = lm_place(), tap = place % taps, in = place / taps % m, out = place / taps / m;
    if (out >= n)
        return;
    LM_REAL sum = 0;
    for (int64_t here = 0; here < P; here++) {
        int there = seen[tap * P + here];
        if (there >= 0)
            sum += d_matrix[(out * P + here) * (m * P) + in * P + there];
    }
    dW[place] += sum;
}
