#define LM_TABLE lm_gemm_v3
#define LM_BYTES 32
#define LM_MR 6
#define LM_CHAINS 10
#include "gemm_impl.inc"
