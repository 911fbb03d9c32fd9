/* Many threads give jobs to a few pools at once, idle now and then, and fork in between.
 * ThreadSanitizer watches (tests/kernels/test_pool.py); the program ends with 0 if every item of
 * every job was done once. */
#include "pool.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { POOLS = 3, CALLERS = 4, ROUNDS = 1000, MOST = 64 };

static lm_pool *pools[POOLS];

static void mark(void *job, int i, ptrdiff_t start, ptrdiff_t stop) {
    int *done = job;
    if (i == 0 && stop % 16 == 1)
        usleep(1000); /* until the caller sleeps, who waits for this part */
    for (ptrdiff_t n = start; n < stop; n++)
        done[n]++;
}

static intptr_t all_done_once(lm_pool *pool, int total) {
    int done[MOST] = {0};
    lm_pool_run(pool, total, mark, done);
    for (int n = 0; n < MOST; n++)
        if (done[n] != (n < total))
            return 0;
    return 1;
}

static void *caller(void *seed) {
    intptr_t right = 1;
    for (int round = 0; round < ROUNDS; round++) {
        int number = (int)(intptr_t)seed + round;
        right &= all_done_once(pools[number % POOLS], number * 7 % (MOST + 1));
        if (round % 100 == 0)
            usleep(3000); /* until the threads sleep */
    }
    return (void *)right;
}

static int child_is_right(lm_pool *pool) {
    int status;
    pid_t child = fork();
    if (!child)
        _exit(all_done_once(pool, MOST) ? 0 : 1);
    waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int main(void) {
    pthread_t callers[CALLERS];
    intptr_t right = 1;
    for (int c = 0; c < POOLS; c++)
        pools[c] = lm_pool_new(c + 2);
    for (int t = 0; t < CALLERS; t++)
        pthread_create(&callers[t], 0, caller, (void *)(intptr_t)t);
    for (int t = 0; t < CALLERS; t++) {
        void *result;
        pthread_join(callers[t], &result);
        right &= (intptr_t)result;
    }
    for (int c = 0; c < POOLS; c++)
        right &= child_is_right(pools[c]) && all_done_once(pools[c], MOST);
    for (int c = 0; c < POOLS; c++)
        lm_pool_free(pools[c]);
    return right ? 0 : 1;
}
