#define LM_TABLE lm_layers_v4
#define LM_BYTES 64
#include "layers_impl.inc"
