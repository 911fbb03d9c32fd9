#include "matvec.h"

#include "levels.h"

extern const lm_matvec lm_matvec_base, lm_matvec_v3, lm_matvec_v4;

const lm_matvec *lm_matvec_of(int level) { return LM_PICK(lm_matvec, level); }
