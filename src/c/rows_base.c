#define LM_LEVEL base
#include "rows_impl.inc"
