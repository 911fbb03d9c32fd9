#include "levels.h"

const char *lm_level_name(int level) {
    static const char *const names[LM_N_LEVELS] = {"base", "v3", "v4"};
    return level >= 0 && level < LM_N_LEVELS ? names[level] : 0;
}

int lm_level_ready(int level) {
    if (level == LM_BASE)
        return 1;
#if defined(LM_HAVE_V4)
    /* __builtin_cpu_supports also asks whether the operating system saves the registers. */
    __builtin_cpu_init();
    if (level == LM_V3)
        return __builtin_cpu_supports("x86-64-v3") != 0;
    if (level == LM_V4)
        return __builtin_cpu_supports("x86-64-v4") != 0;
#endif
    return 0;
}
