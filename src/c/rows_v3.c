#define LM_LEVEL v3
#include "rows_impl.inc"
