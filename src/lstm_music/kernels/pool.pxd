"""Threads that share a kernel's job; the contract is src/c/pool.h."""

cdef extern from "pool.h" nogil:
    ctypedef struct lm_pool:
        pass
    ctypedef void (*lm_part)(
        void* job, int i, Py_ssize_t start, Py_ssize_t stop
    ) noexcept nogil

    lm_pool* lm_pool_new(int n_threads)
    void lm_pool_run(lm_pool* pool, Py_ssize_t total, lm_part part, void* job)
    void lm_pool_free(lm_pool* pool)


cdef class ThreadPool:
    cdef lm_pool* threads
    cdef readonly int n_threads
