/* A pool: the calling thread and a few others that share one job, a range of items each.
 *
 * lm_pool_new(n_threads)        NULL if there is no memory. Threads start at the first job.
 * lm_pool_run(pool, total, part, job)
 *   Calls part(job, i, start, stop) for ranges that make up 0..total-1, as many as there are
 *   threads and items; i counts them, below n_threads. Which range is which never depends on
 *   timing, which thread takes it does: parts must not care. Returns when all are done.
 *   Any number of threads may call at once: who finds the pool at work does all parts alone. So
 *   does a part that calls, and a caller for whom the system starts no threads.
 * lm_pool_free(pool)            ends its threads; nobody may be calling.
 *
 * Between two jobs a thread looks for the next one for some microseconds, which is quicker than
 * being woken; then it sleeps. A child that was forked has none of its parent's threads: it
 * starts its own at its first job.
 */
#ifndef LM_POOL_H
#define LM_POOL_H

#include <stddef.h>

typedef struct lm_pool lm_pool;
typedef void (*lm_part)(void *job, int i, ptrdiff_t start, ptrdiff_t stop);

lm_pool *lm_pool_new(int n_threads);
void lm_pool_run(lm_pool *pool, ptrdiff_t total, lm_part part, void *job);
void lm_pool_free(lm_pool *pool);

#endif
