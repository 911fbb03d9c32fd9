/* Zoneout of one unit: zone_forward and zone_backward of src/c/layers.h, element by element. */
#ifndef LM_ZONEOUT_H
#define LM_ZONEOUT_H

/* What a launch says of it: rates (states,), and the key of the masks; not masked: the mean. */
struct lm_zones {
    const double *rates;
    uint64_t key;
    uint32_t stream;
    int masked;
};

/* The share of its old value that unit j of a row of H keeps; `row` counts the rows of words. */
static inline __device__ LM_REAL lm_zone_share(const lm_zones &zones, int state, uint64_t row,
                                               int64_t H, int64_t j) {
    if (!zones.masked)
        return (LM_REAL)zones.rates[state];
    double threshold = rint(zones.rates[state] * 4294967296.0);
    threshold = threshold > 4294967295.0 ? 4294967295.0 : threshold;
    uint64_t block = row * (uint64_t)((H + 63) / 64);
    uint32_t word = lm_word_of(zones.key, zones.stream, block * 64 + (uint64_t)j);
    return word < (uint32_t)threshold ? (LM_REAL)1 : (LM_REAL)0;
}

#endif
