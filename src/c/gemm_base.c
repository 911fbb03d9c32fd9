#include "compiler.h"

#define LM_TABLE lm_gemm_base
#define LM_BYTES 16
#define LM_MR (LM_BASE_REGISTERS / 4)
#define LM_CHAINS 10
#include "gemm_impl.inc"
