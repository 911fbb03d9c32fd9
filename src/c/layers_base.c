#define LM_TABLE lm_layers_base
#define LM_BYTES 16
#include "layers_impl.inc"
