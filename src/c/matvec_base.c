#include "compiler.h"

#define LM_LEVEL base
#define LM_BYTES 16
#define LM_ROWS (LM_BASE_REGISTERS / 4)
#include "matvec_impl.inc"
