#define LM_TABLE lm_gemm_base
#define LM_BYTES 16
#define LM_MR 4
#include "gemm_impl.inc"
