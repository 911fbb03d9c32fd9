#define LM_TABLE lm_matvec_v3
#define LM_BYTES 32
#define LM_VECTORS 8
#include "matvec_impl.inc"
