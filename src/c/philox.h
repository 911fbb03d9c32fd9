/* Philox4x32-10 of Salmon, Moraes, Dror & Shaw (2011), "Parallel random numbers: as easy as
 * 1, 2, 3", section 3.3: a random word is a pure function of key and counter, so any thread can
 * make any part of a mask. Mirrors lstm_music/reference/dropout.py::philox. */
#ifndef LM_PHILOX_H
#define LM_PHILOX_H

#include <stdint.h>

#include "compiler.h"

enum { LM_PHILOX_CALLS = 16 };

/* Sixteen outputs at once, counters (first + c, stream, 0): words[w][c]. The rounds unroll, so
 * that the loop over c is straight code which the compiler turns into vector code. */
static inline void lm_philox(uint64_t key, uint64_t first, uint32_t stream,
                             uint32_t (*restrict words)[LM_PHILOX_CALLS]) {
    for (int c = 0; c < LM_PHILOX_CALLS; c++) {
        uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
        uint64_t counter = first + (uint64_t)c;
        uint32_t x0 = (uint32_t)counter, x1 = (uint32_t)(counter >> 32), x2 = stream, x3 = 0;
        LM_UNROLL(10)
        for (int round = 0; round < 10; round++) {
            uint64_t p0 = (uint64_t)0xD2511F53u * x0, p1 = (uint64_t)0xCD9E8D57u * x2;
            x0 = (uint32_t)(p1 >> 32) ^ x1 ^ k0;
            x2 = (uint32_t)(p0 >> 32) ^ x3 ^ k1;
            x1 = (uint32_t)p1;
            x3 = (uint32_t)p0;
            k0 += 0x9E3779B9u;
            k1 += 0xBB67AE85u;
        }
        words[0][c] = x0;
        words[1][c] = x1;
        words[2][c] = x2;
        words[3][c] = x3;
    }
}

#endif
