#define LM_TABLE lm_matvec_v4
#define LM_BYTES 64
#define LM_VECTORS 4
#include "matvec_impl.inc"
