#define LM_LEVEL v3
#define LM_BYTES 32
#define LM_ROWS 6
#include "matvec_impl.inc"
