#define LM_LEVEL bf16
#define LM_BYTES 64
#define LM_ROWS 8
#define LM_VNNI
#include "matvec_impl.inc"
