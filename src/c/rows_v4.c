#define LM_LEVEL v4
#include "rows_impl.inc"
