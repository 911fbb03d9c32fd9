"""Threads that share a kernel's job, and outlive it."""


cdef class ThreadPool:
    """The calling thread and a few others, which start at the first job (src/c/pool.h).

    Every kernel that takes a pool shares its rows, columns or elements out over it, without the
    interpreter's lock. Several Python threads may use one pool at once.

    Parameters
    ----------
    n_threads : at least 1; with the calling one.
    """

    def __cinit__(self, int n_threads):
        self.threads, self.n_threads = lm_pool_new(n_threads), n_threads
        if self.threads == NULL:
            raise MemoryError

    def __dealloc__(self):
        with nogil:
            lm_pool_free(self.threads)
