#include "gemm.h"

#include "levels.h"

extern const lm_gemm lm_gemm_base, lm_gemm_v3, lm_gemm_v4;

const lm_gemm *lm_gemm_of(int level) { return LM_PICK(lm_gemm, level); }
