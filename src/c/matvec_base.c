#define LM_TABLE lm_matvec_base
#define LM_BYTES 16
#define LM_VECTORS 8
#include "matvec_impl.inc"
