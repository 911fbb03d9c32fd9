#define LM_LEVEL v4
#define LM_BYTES 64
#define LM_ROWS 8
#include "matvec_impl.inc"
