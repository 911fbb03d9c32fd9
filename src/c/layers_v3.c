#define LM_TABLE lm_layers_v3
#define LM_BYTES 32
#include "layers_impl.inc"
