#include "matvec.h"

#include "levels.h"

extern const lm_matvec lm_matvec_f32_base, lm_matvec_f32_v3, lm_matvec_f32_v4;
extern const lm_matvec lm_matvec_bf16_base, lm_matvec_bf16_v3, lm_matvec_bf16_v4;
extern const lm_matvec lm_matvec_int8_base, lm_matvec_int8_v3, lm_matvec_int8_v4;
extern const lm_matvec lm_matvec_int8_bf16;

const lm_matvec *lm_matvec_f32_of(int level) { return LM_PICK(lm_matvec_f32, level); }
const lm_matvec *lm_matvec_bf16_of(int level) { return LM_PICK(lm_matvec_bf16, level); }

const lm_matvec *lm_matvec_int8_of(int level) {
#if defined(LM_HAVE_BF16)
    if (level >= LM_V4 && lm_level_ready(LM_BF16))
        return &lm_matvec_int8_bf16;
#endif
    return LM_PICK(lm_matvec_int8, level);
}
