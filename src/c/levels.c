#include "levels.h"

#include <stdint.h>

const char *lm_level_name(int level) {
    static const char *const names[] = {"base", "v3", "v4", "bf16", "amx"};
    return level >= 0 && level <= LM_AMX ? names[level] : 0;
}

#if defined(LM_HAVE_V4)

#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

/* The processor is asked directly: not every compiler's __builtin_cpu_supports knows levels, or
 * all of their features, and on Windows it may lack the library that answers. */
#if defined(_MSC_VER) && !defined(__clang__)
#include <intrin.h>

/* Registers a, b, c, d. */
static void cpuid(uint32_t leaf, uint32_t subleaf, uint32_t registers[4]) {
    __cpuidex((int *)registers, (int)leaf, (int)subleaf);
}

static uint64_t saved_state(void) { return _xgetbv(0); }
#else
#include <cpuid.h>

static void cpuid(uint32_t leaf, uint32_t subleaf, uint32_t r[4]) {
    __cpuid_count(leaf, subleaf, r[0], r[1], r[2], r[3]);
}

static uint64_t saved_state(void) {
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}
#endif

#define BIT(n) ((uint32_t)1 << (n))

enum { A, B, C, D };

/* What setup.py lets the compiler use, by the bits of Intel's manual (volume 2A, CPUID). */
static const uint32_t
    /* leaf 1, C: sse3, ssse3, fma, cx16, sse4.1, sse4.2, movbe, popcnt, osxsave, avx, f16c */
    V3_LEAF_1 = BIT(0) | BIT(9) | BIT(12) | BIT(13) | BIT(19) | BIT(20) | BIT(22) | BIT(23) |
                BIT(27) | BIT(28) | BIT(29),
    V3_LEAF_7 = BIT(3) | BIT(5) | BIT(8),                          /* B: bmi, avx2, bmi2 */
    V3_EXTENDED = BIT(0) | BIT(5),                                 /* C: lahf, lzcnt */
    V4_LEAF_7 = BIT(16) | BIT(17) | BIT(28) | BIT(30) | BIT(31),   /* B: avx512 f, dq, cd, bw, vl */
    VNNI_LEAF_7 = BIT(11),                                         /* C: avx512_vnni */
    BF16_LEAF_7_1 = BIT(5),                                        /* A of its leaf 1: avx512_bf16 */
    AMX_LEAF_7 = BIT(22) | BIT(24);                                /* D: amx_bf16, amx_tile */

/* Bits of XCR0: the operating system saves xmm and ymm; and opmask and all of zmm. macOS saves zmm
 * from its first use on, and sets those bits only then. */
#if defined(__APPLE__)
static const uint64_t V3_STATE = 0x6, V4_STATE = 0x6;
#else
static const uint64_t V3_STATE = 0x6, V4_STATE = 0xE6;
#endif
static const uint64_t AMX_STATE = 0x60000; /* configuration and data of the registers */

static int has(uint64_t word, uint64_t bits) { return (word & bits) == bits; }

static int highest_level(void) {
    const uint32_t extended = 0x80000000u;
    uint32_t most[4], most_extended[4], leaf_1[4], leaf_7[4], leaf_7_1[4] = {0},
        leaf_extended[4];
    cpuid(0, 0, most);
    cpuid(extended, 0, most_extended);
    if (most[A] < 7 || most_extended[A] < extended + 1)
        return LM_BASE;
    cpuid(1, 0, leaf_1);
    cpuid(7, 0, leaf_7);
    if (leaf_7[A] >= 1) /* how many further leaves it has */
        cpuid(7, 1, leaf_7_1);
    cpuid(extended + 1, 0, leaf_extended);
    if (!has(leaf_1[C], V3_LEAF_1) || !has(leaf_7[B], V3_LEAF_7) ||
        !has(leaf_extended[C], V3_EXTENDED) || !has(saved_state(), V3_STATE))
        return LM_BASE;
    if (!has(leaf_7[B], V4_LEAF_7) || !has(saved_state(), V4_STATE))
        return LM_V3;
    if (!has(leaf_7_1[A], BF16_LEAF_7_1) || !has(leaf_7[C], VNNI_LEAF_7))
        return LM_V4;
    return has(leaf_7[D], AMX_LEAF_7) && has(saved_state(), AMX_STATE) ? LM_AMX : LM_BF16;
}

/* Whether this process may use AMX's registers; all its threads may, from then on. */
#if defined(__linux__)
static int may_use_amx(void) {
    enum { REQUEST = 0x1023, REGISTERS = 18 }; /* ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA */
    return syscall(SYS_arch_prctl, REQUEST, REGISTERS) == 0;
}
#else
static int may_use_amx(void) { return 1; }
#endif
#else
static int highest_level(void) { return LM_BASE; }
static int may_use_amx(void) { return 0; }
#endif

int lm_level_ready(int level) {
    return level >= LM_BASE && level <= highest_level() && (level < LM_AMX || may_use_amx());
}
