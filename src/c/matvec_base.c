#define LM_LEVEL base
#define LM_BYTES 16
#define LM_ROWS 4
#include "matvec_impl.inc"
