#include "pool.h"

#include <stdlib.h>

#include "threads.h"

enum { LM_LOOKS = 4000 }; /* how often a thread looks for what it waits for before it sleeps */

struct lm_pool {
    /* What everybody looks at all the time has a cache line of its own. */
    lm_atomic unclaimed; /* parts that nobody has taken yet; 0 or less: none */
    char apart[60];
    lm_atomic unfinished;
    char apart_too[60];
    lm_part part;
    void *job;
    ptrdiff_t total;
    int parts;
    int n_threads; /* with the caller */
    int n_workers; /* threads that have started */
    lm_thread *workers;
    lm_mutex mutex; /* of those who go to sleep and those who wake them */
    lm_condition work, done;
    lm_atomic busy, sleepers, caller_sleeps, stopping;
    lm_atomic owner; /* the process whose threads these are; 0 while it changes */
};

/* Take parts until none is left. A thread that comes late, from one job into the next, takes a
 * part of that one: the add that gave it the part made the new job visible, too. */
static void take_parts(lm_pool *pool) {
    while (lm_load(&pool->unclaimed) > 0) {
        int i = (int)lm_add(&pool->unclaimed, -1) - 1;
        if (i < 0)
            return;
        pool->part(pool->job, i, pool->total * i / pool->parts,
                   pool->total * (i + 1) / pool->parts);
        if (lm_add(&pool->unfinished, -1) == 1 && lm_load(&pool->caller_sleeps)) {
            lm_mutex_lock(&pool->mutex);
            lm_condition_notify(&pool->done);
            lm_mutex_unlock(&pool->mutex);
        }
    }
}

static int has_news(lm_pool *pool) {
    return lm_load(&pool->unclaimed) > 0 || lm_load(&pool->stopping);
}

static lm_thread_result LM_THREAD_CALL worker(void *argument) {
    lm_pool *pool = argument;
    while (!lm_load(&pool->stopping)) {
        for (int look = 0; look < LM_LOOKS && !has_news(pool); look++)
            lm_pause();
        if (!has_news(pool)) {
            lm_mutex_lock(&pool->mutex);
            lm_add(&pool->sleepers, 1);
            while (!has_news(pool))
                lm_condition_wait(&pool->work, &pool->mutex);
            lm_add(&pool->sleepers, -1);
            lm_mutex_unlock(&pool->mutex);
        }
        take_parts(pool);
    }
    return 0;
}

static void await_others(lm_pool *pool) {
    for (int look = 0; look < LM_LOOKS && lm_load(&pool->unfinished); look++)
        lm_pause();
    if (lm_load(&pool->unfinished)) {
        lm_mutex_lock(&pool->mutex);
        lm_swap(&pool->caller_sleeps, 1);
        while (lm_load(&pool->unfinished))
            lm_condition_wait(&pool->done, &pool->mutex);
        lm_swap(&pool->caller_sleeps, 0);
        lm_mutex_unlock(&pool->mutex);
    }
}

static void wake_sleepers(lm_pool *pool) {
    if (lm_load(&pool->sleepers)) {
        lm_mutex_lock(&pool->mutex);
        lm_condition_notify(&pool->work);
        lm_mutex_unlock(&pool->mutex);
    }
}

/* As new, in this process. */
static void settle(lm_pool *pool) {
    lm_mutex_init(&pool->mutex);
    lm_condition_init(&pool->work);
    lm_condition_init(&pool->done);
    pool->n_workers = 0;
    lm_swap(&pool->unclaimed, 0);
    lm_swap(&pool->unfinished, 0);
    lm_swap(&pool->sleepers, 0);
    lm_swap(&pool->caller_sleeps, 0);
    lm_swap(&pool->busy, 0);
    lm_swap(&pool->owner, lm_process());
}

/* Whether the pool is this process's: a forked child makes it so at its first job. */
static int is_ours(lm_pool *pool) {
    int process = lm_process(), owner = (int)lm_load(&pool->owner);
    if (owner == process)
        return 1;
    if (!owner || !lm_replace(&pool->owner, owner, 0))
        return 0; /* another thread is at it */
    settle(pool);
    return 1;
}

static void start_workers(lm_pool *pool) {
    while (pool->n_workers < pool->n_threads - 1 &&
           lm_thread_start(&pool->workers[pool->n_workers], worker, pool))
        pool->n_workers++;
}

lm_pool *lm_pool_new(int n_threads) {
    lm_pool *pool = calloc(1, sizeof *pool);
    if (!pool)
        return 0;
    pool->workers = calloc((size_t)n_threads, sizeof *pool->workers);
    if (!pool->workers) {
        free(pool);
        return 0;
    }
    pool->n_threads = n_threads;
    settle(pool);
    return pool;
}

void lm_pool_run(lm_pool *pool, ptrdiff_t total, lm_part part, void *job) {
    int parts = total < pool->n_threads ? (int)total : pool->n_threads;
    if (parts < 2 || !is_ours(pool) || lm_swap(&pool->busy, 1)) {
        for (int i = 0; i < parts; i++)
            part(job, i, total * i / parts, total * (i + 1) / parts);
        return;
    }
    start_workers(pool);
    pool->part = part;
    pool->job = job;
    pool->total = total;
    pool->parts = parts;
    lm_swap(&pool->unfinished, parts);
    lm_swap(&pool->unclaimed, parts);
    wake_sleepers(pool);
    take_parts(pool);
    await_others(pool);
    lm_swap(&pool->busy, 0);
}

void lm_pool_free(lm_pool *pool) {
    if (!pool)
        return;
    if (lm_load(&pool->owner) == lm_process()) {
        lm_swap(&pool->stopping, 1);
        wake_sleepers(pool);
        for (int i = 0; i < pool->n_workers; i++)
            lm_thread_join(pool->workers[i]);
    }
    free(pool->workers);
    free(pool);
}
