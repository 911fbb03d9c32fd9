#define LM_TABLE lm_gemm_bf16
#define LM_BYTES 64
#define LM_MR 14
#define LM_CHAINS 24
#define LM_PAIRS 2
#include "gemm_impl.inc"
