#include "layers.h"

#include "levels.h"

extern const lm_layers lm_layers_base, lm_layers_v3, lm_layers_v4;

const lm_layers *lm_layers_of(int level) { return LM_PICK(lm_layers, level); }
