#define LM_TABLE lm_gemm_v4
#define LM_BYTES 64
#define LM_MR 14
#define LM_CHAINS 24
#include "gemm_impl.inc"
