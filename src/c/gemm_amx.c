#define LM_TABLE lm_gemm_amx
#define LM_BYTES 64
#define LM_MR 14
#define LM_CHAINS 24
#define LM_F32_CHAINS 1024 /* four registers of 16 x 16 sums are 64 vectors, 16 words deep */
#define LM_PAIRS 32
#define LM_AMX
#include "gemm_impl.inc"
