#define LM_TABLE lm_gemm_v4
#define LM_BYTES 64
#define LM_MR 14
#include "gemm_impl.inc"
