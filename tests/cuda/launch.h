/* Runs CUDA kernels on the CPU, one block after the other: threads are fibers that take turns at
 * barriers. The blocks of a cooperative launch (SHIM_COOPERATIVE) are threads of the system and run at
 * once. tests/cuda_kernels.py puts this before the text of a source and compiles it as C++. */
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <sched.h>
#include <setjmp.h>
#include <thread>
#include <type_traits>
#include <ucontext.h>
#include <utility>
#include <vector>

#define __global__
#define __device__
#define __forceinline__ inline __attribute__((always_inline))
#define __align__(n) __attribute__((aligned(n)))
#ifdef SHIM_COOPERATIVE
#define SHIM_OF_BLOCK static thread_local
#else
#define SHIM_OF_BLOCK static
#endif
#define __shared__ SHIM_OF_BLOCK

struct shim_index {
    unsigned x, y, z;
};
SHIM_OF_BLOCK shim_index threadIdx, blockIdx, blockDim, gridDim;

struct shim_fiber {
    ucontext_t start;
    jmp_buf at;
    char *stack;
    bool begun, done;
};
SHIM_OF_BLOCK shim_fiber shim_fibers[1024];
SHIM_OF_BLOCK size_t shim_threads;
SHIM_OF_BLOCK ucontext_t shim_home;
SHIM_OF_BLOCK jmp_buf shim_scheduler;
SHIM_OF_BLOCK size_t shim_now;
static void (*shim_body)(void **);
static void **shim_arguments;

/* Every thread waits here for all others of its block. */
static void __syncthreads() {
    if (!_setjmp(shim_fibers[shim_now].at))
        _longjmp(shim_scheduler, 1);
}

/* A fiber serves one block after the other: to make one takes system calls. */
static void shim_enter() {
    for (;;) {
        shim_body(shim_arguments);
        shim_fibers[shim_now].done = true;
        if (!_setjmp(shim_fibers[shim_now].at))
            _longjmp(shim_scheduler, 1);
    }
}

/* Runs a thread up to its next barrier or its end. */
static void shim_step(size_t i) {
    shim_fiber &fiber = shim_fibers[i];
    shim_now = i;
    threadIdx = {(unsigned)(i % blockDim.x), (unsigned)(i / blockDim.x), 0};
    if (_setjmp(shim_scheduler))
        return;
    if (fiber.begun)
        _longjmp(fiber.at, 1);
    fiber.begun = true;
    fiber.stack = new char[1 << 14];
    getcontext(&fiber.start);
    fiber.start.uc_stack.ss_sp = fiber.stack;
    fiber.start.uc_stack.ss_size = 1 << 14;
    fiber.start.uc_link = &shim_home;
    makecontext(&fiber.start, shim_enter, 0);
    setcontext(&fiber.start);
}

static unsigned shim_launches;

/* The first thread goes first to one barrier, the last to the next, and in the next launch the other
 * way round: so a barrier that is missing shows. Returns 1 when some threads ended while others of
 * the block waited at a barrier. */
static int shim_block() {
    for (unsigned turn = shim_launches + blockIdx.x + blockIdx.y;; turn++) {
        size_t ended = 0, waiting = 0;
        for (size_t n = 0; n < shim_threads; n++) {
            size_t i = turn % 2 ? shim_threads - 1 - n : n;
            if (shim_fibers[i].done)
                continue;
            shim_step(i);
            (shim_fibers[i].done ? ended : waiting)++;
        }
        if (!waiting)
            return 0;
        if (ended)
            return 1;
    }
}

static int shim_launch(const unsigned *grid, const unsigned *block) {
    shim_threads = (size_t)block[0] * block[1];
    gridDim = {grid[0], grid[1], 1};
    blockDim = {block[0], block[1], 1};
    for (unsigned y = 0; y < grid[1]; y++)
        for (unsigned x = 0; x < grid[0]; x++) {
            blockIdx = {x, y, 0};
            for (size_t i = 0; i < shim_threads; i++)
                shim_fibers[i].done = false;
            if (shim_block())
                return 1;
        }
    return 0;
}

/* The same without fibers, for sources that have no barrier. */
static int shim_launch_plain(const unsigned *grid, const unsigned *block) {
    gridDim = {grid[0], grid[1], 1};
    blockDim = {block[0], block[1], 1};
    for (blockIdx.y = 0; blockIdx.y < grid[1]; blockIdx.y++)
        for (blockIdx.x = 0; blockIdx.x < grid[0]; blockIdx.x++)
            for (threadIdx.y = 0; threadIdx.y < block[1]; threadIdx.y++)
                for (threadIdx.x = 0; threadIdx.x < block[0]; threadIdx.x++)
                    shim_body(shim_arguments);
    return 0;
}

#ifdef SHIM_COOPERATIVE
/* Shared memory whose size the launch sets; NaN at first, and beyond. */
SHIM_OF_BLOCK char *shim_dynamic;
enum { SHIM_BEYOND = 1 << 14 };
static unsigned shim_dynamic_bytes;
extern "C" void shim_set_dynamic(unsigned bytes) { shim_dynamic_bytes = bytes; }
#define LM_DYNAMIC_SHARED(type, name) type *name = (type *)shim_dynamic

static unsigned atomicAdd(unsigned *at, unsigned x) {
    return __atomic_fetch_add(at, x, __ATOMIC_RELAXED);
}
static void __threadfence() { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
static void __nanosleep(unsigned) { sched_yield(); }

/* All blocks at once, a thread of the system each. Returns 2 when one wrote beyond its shared memory. */
static int shim_launch_together(const unsigned *grid, const unsigned *block) {
    std::vector<std::thread> blocks;
    std::vector<int> failed(grid[0] * grid[1]);
    for (unsigned i = 0; i < grid[0] * grid[1]; i++)
        blocks.emplace_back([=, &failed] {
            shim_threads = (size_t)block[0] * block[1];
            gridDim = {grid[0], grid[1], 1};
            blockDim = {block[0], block[1], 1};
            blockIdx = {i % grid[0], i / grid[0], 0};
            std::vector<char> room(shim_dynamic_bytes + 32 + SHIM_BEYOND, -1);
            shim_dynamic = room.data() + (32 - (size_t)room.data() % 32);
            failed[i] = shim_block();
            for (unsigned k = 0; k < SHIM_BEYOND; k++)
                if (shim_dynamic[shim_dynamic_bytes + k] != -1)
                    failed[i] = 2;
            for (size_t f = 0; f < shim_threads; f++)
                delete[] shim_fibers[f].stack;
        });
    for (auto &one : blocks)
        one.join();
    for (int one : failed)
        if (one)
            return one;
    return 0;
}
#endif

/* A letter for each type that a parameter may have. */
template <typename T> constexpr char shim_kind() {
    if (std::is_pointer<T>::value)
        return 'P';
    if (std::is_floating_point<T>::value)
        return sizeof(T) == 4 ? 'f' : 'd';
    return std::is_signed<T>::value ? (sizeof(T) == 4 ? 'i' : 'q') : (sizeof(T) == 4 ? 'I' : 'Q');
}

template <typename... A> struct shim_kernel {
    void (*kernel)(A...);
    template <size_t... I> void call(void **arguments, std::index_sequence<I...>) const {
        kernel(*(A *)arguments[I]...);
    }
    void run(void **arguments) const { call(arguments, std::index_sequence_for<A...>()); }
    const char *kinds() const {
        static const char letters[] = {shim_kind<A>()..., 0};
        return letters;
    }
};
template <typename... A> shim_kernel<A...> shim_of(void (*kernel)(A...)) { return {kernel}; }

#define SHIM_EXPORT(name, launch)                                                              \
    extern "C" const char *kinds_##name() { return shim_of(name).kinds(); }                    \
    extern "C" int launch_##name(const unsigned *grid, const unsigned *block, void **given) {  \
        shim_arguments = given;                                                                \
        shim_launches++;                                                                       \
        shim_body = [](void **arguments) { shim_of(name).run(arguments); };                    \
        return launch(grid, block);                                                            \
    }
