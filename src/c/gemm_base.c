#include "compiler.h"

#define LM_TABLE lm_gemm_base
#define LM_BYTES 16
#define LM_MR (LM_BASE_REGISTERS / 4)
#include "gemm_impl.inc"
