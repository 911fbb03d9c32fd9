/* One random word at a time, those of src/c/philox.h: word w of output c of block e / 64 belongs to
 * element e = 64 block + 16 w + c. */
#ifndef LM_RANDOM_H
#define LM_RANDOM_H

struct lm_words {
    uint32_t x0, x1, x2, x3;
};

/* Philox4x32-10 (Salmon et al. 2011) of a counter (x0, x1, x2, x3). */
static inline __device__ lm_words lm_philox_words(uint64_t key, lm_words x) {
    uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)0xD2511F53u * x.x0, p1 = (uint64_t)0xCD9E8D57u * x.x2;
        x.x0 = (uint32_t)(p1 >> 32) ^ x.x1 ^ k0;
        x.x2 = (uint32_t)(p0 >> 32) ^ x.x3 ^ k1;
        x.x1 = (uint32_t)p1;
        x.x3 = (uint32_t)p0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    return x;
}

/* The random word of an element: see dropout in src/c/layers.h. */
static inline __device__ uint32_t lm_word_of(uint64_t key, uint32_t stream, uint64_t element) {
    uint64_t counter = element / 64 * 16 + element % 16;
    lm_words x = {(uint32_t)counter, (uint32_t)(counter >> 32), stream, 0};
    x = lm_philox_words(key, x);
    switch (element % 64 / 16) {
    case 0: return x.x0;
    case 1: return x.x1;
    case 2: return x.x2;
    default: return x.x3;
    }
}

#endif
