/* Threads, locks and atomic numbers of the platform, as few as pool.c needs. All atomic
 * operations are sequentially consistent. Where there are no threads (in a browser), none starts. */
#ifndef LM_THREADS_H
#define LM_THREADS_H

#include "compiler.h"

#if defined(_WIN32)

#include <process.h>
#include <windows.h>

typedef SRWLOCK lm_mutex;
typedef CONDITION_VARIABLE lm_condition;
typedef HANDLE lm_thread;
typedef unsigned lm_thread_result;
#define LM_THREAD_CALL __stdcall

LM_INLINE void lm_mutex_init(lm_mutex *mutex) { InitializeSRWLock(mutex); }
LM_INLINE void lm_mutex_lock(lm_mutex *mutex) { AcquireSRWLockExclusive(mutex); }
LM_INLINE void lm_mutex_unlock(lm_mutex *mutex) { ReleaseSRWLockExclusive(mutex); }
LM_INLINE void lm_condition_init(lm_condition *condition) { InitializeConditionVariable(condition); }
LM_INLINE void lm_condition_notify(lm_condition *condition) { WakeAllConditionVariable(condition); }
LM_INLINE void lm_condition_wait(lm_condition *condition, lm_mutex *mutex) {
    SleepConditionVariableSRW(condition, mutex, INFINITE, 0);
}
LM_INLINE int lm_thread_start(lm_thread *thread, lm_thread_result(LM_THREAD_CALL *run)(void *),
                              void *argument) {
    *thread = (HANDLE)_beginthreadex(0, 0, run, argument, 0, 0);
    return *thread != 0;
}
LM_INLINE void lm_thread_join(lm_thread thread) {
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
}
LM_INLINE int lm_process(void) { return 1; } /* there is no fork */

#elif defined(__EMSCRIPTEN__)

typedef int lm_mutex, lm_condition, lm_thread;
typedef void *lm_thread_result;
#define LM_THREAD_CALL

LM_INLINE void lm_mutex_init(lm_mutex *mutex) { (void)mutex; }
LM_INLINE void lm_mutex_lock(lm_mutex *mutex) { (void)mutex; }
LM_INLINE void lm_mutex_unlock(lm_mutex *mutex) { (void)mutex; }
LM_INLINE void lm_condition_init(lm_condition *condition) { (void)condition; }
LM_INLINE void lm_condition_notify(lm_condition *condition) { (void)condition; }
LM_INLINE void lm_condition_wait(lm_condition *condition, lm_mutex *mutex) { (void)condition, (void)mutex; }
LM_INLINE int lm_thread_start(lm_thread *thread, lm_thread_result (*run)(void *),
                              void *argument) {
    (void)thread, (void)run, (void)argument;
    return 0;
}
LM_INLINE void lm_thread_join(lm_thread thread) { (void)thread; }
LM_INLINE int lm_process(void) { return 1; }

#else

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

typedef pthread_mutex_t lm_mutex;
typedef pthread_cond_t lm_condition;
typedef pthread_t lm_thread;
typedef void *lm_thread_result;
#define LM_THREAD_CALL

LM_INLINE void lm_mutex_init(lm_mutex *mutex) { pthread_mutex_init(mutex, 0); }
LM_INLINE void lm_mutex_lock(lm_mutex *mutex) { pthread_mutex_lock(mutex); }
LM_INLINE void lm_mutex_unlock(lm_mutex *mutex) { pthread_mutex_unlock(mutex); }
LM_INLINE void lm_condition_init(lm_condition *condition) { pthread_cond_init(condition, 0); }
LM_INLINE void lm_condition_notify(lm_condition *condition) { pthread_cond_broadcast(condition); }
LM_INLINE void lm_condition_wait(lm_condition *condition, lm_mutex *mutex) {
    pthread_cond_wait(condition, mutex);
}
/* Signals go to the threads of the program that uses us, never to this one. */
LM_INLINE int lm_thread_start(lm_thread *thread, lm_thread_result (*run)(void *),
                              void *argument) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(thread, 0, run, argument);
    pthread_sigmask(SIG_SETMASK, &before, 0);
    return !failed;
}
LM_INLINE void lm_thread_join(lm_thread thread) { pthread_join(thread, 0); }
LM_INLINE int lm_process(void) { return (int)getpid(); }

#endif

#if defined(_MSC_VER) && !defined(__clang__)

#include <intrin.h>

typedef long lm_atomic;

LM_INLINE long lm_add(lm_atomic *x, long by) { return _InterlockedExchangeAdd(x, by); }
LM_INLINE long lm_swap(lm_atomic *x, long to) { return _InterlockedExchange(x, to); }
LM_INLINE int lm_replace(lm_atomic *x, long from, long to) {
    return _InterlockedCompareExchange(x, to, from) == from;
}
LM_INLINE long lm_load(lm_atomic *x) { return _InterlockedExchangeAdd(x, 0); }
LM_INLINE void lm_pause(void) { YieldProcessor(); }

#else

typedef int lm_atomic;

/* What x was before. */
LM_INLINE int lm_add(lm_atomic *x, int by) { return __atomic_fetch_add(x, by, __ATOMIC_SEQ_CST); }
LM_INLINE int lm_swap(lm_atomic *x, int to) { return __atomic_exchange_n(x, to, __ATOMIC_SEQ_CST); }
/* Whether x was `from` and is `to` now. */
LM_INLINE int lm_replace(lm_atomic *x, int from, int to) {
    return __atomic_compare_exchange_n(x, &from, to, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}
LM_INLINE int lm_load(lm_atomic *x) { return __atomic_load_n(x, __ATOMIC_SEQ_CST); }

/* A moment's rest for a thread that looks again and again. */
LM_INLINE void lm_pause(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

#endif

#endif
