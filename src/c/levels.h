/* Instruction-set levels. Each kernel family is compiled once per level (setup.py) and reached
 * through a table per level; which level to use is chosen by the caller and handed down, so
 * two levels can run side by side in one process and no global state decides. */
#ifndef LM_LEVELS_H
#define LM_LEVELS_H

enum { LM_BASE = 0, LM_V3 = 1, LM_V4 = 2, LM_N_LEVELS = 3, LM_BF16 = LM_N_LEVELS, LM_AMX };

/* "base" (any CPU of the platform), "v3" (AVX2 and FMA), "v4" (AVX-512 F, BW, CD, DQ, VL). Beyond
 * them stand "bf16" (v4, AVX-512 BF16 and VNNI) and "amx" (that, and AMX-BF16), whose products round
 * what they multiply (gemm.h): only who asks for them gets them. All other kernels are v4's there. */
const char *lm_level_name(int level);

/* 1 if this build contains the level and this CPU and operating system run it. Linux gives AMX only
 * to a process that asks: this does. */
int lm_level_ready(int level);

/* The table of a kernel family at a level: &x_base, &x_v3 or &x_v4; NULL if not compiled. */
#if defined(LM_HAVE_V4)
#define LM_PICK(family, level)                                                                 \
    ((level) == LM_BASE ? &family##_base                                                       \
     : (level) == LM_V3 ? &family##_v3                                                         \
     : (level) >= LM_V4 ? &family##_v4                                                         \
                        : 0)
#else
#define LM_PICK(family, level) ((level) == LM_BASE ? &family##_base : 0)
#endif

#endif
