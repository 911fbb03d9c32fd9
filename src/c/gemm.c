#include "gemm.h"

#include "levels.h"

extern const lm_gemm lm_gemm_base, lm_gemm_v3, lm_gemm_v4, lm_gemm_bf16, lm_gemm_amx;

const lm_gemm *lm_gemm_of(int level) {
#if defined(LM_HAVE_AMX)
    if (level == LM_AMX)
        return &lm_gemm_amx;
#endif
#if defined(LM_HAVE_BF16)
    if (level == LM_BF16)
        return &lm_gemm_bf16;
#endif
    return LM_PICK(lm_gemm, level);
}
