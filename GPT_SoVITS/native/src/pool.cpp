#include "pool.h"

#include <condition_variable>
#include <exception>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#if defined(__linux__)
#include <pthread.h>
#include <sched.h>
#include <unistd.h>
#endif
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace gs {
namespace {

// About 50 microseconds: longer than sampling a token takes, so a decode loop never sleeps between its steps.
constexpr int kSpins = 4000;
constexpr int kSpinsBeforeYield = 2000;

inline void relax() {
#if defined(__x86_64__)
  _mm_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

int usable_processors() {
#if defined(__linux__)
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) {
    const int count = CPU_COUNT(&set);
    if (count > 0) return count;
  }
#endif
  const unsigned count = std::thread::hardware_concurrency();
  return count ? static_cast<int>(count) : 1;
}

#if defined(__linux__)
// Puts the calling thread on the `index`-th processor after the caller's, of those the process may use.
void pin_after(int caller, int index, const cpu_set_t& allowed) {
  int processors[CPU_SETSIZE], count = 0, at = 0;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &allowed)) continue;
    if (cpu == caller) at = count;
    processors[count++] = cpu;
  }
  if (count == 0) return;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(processors[(at + index) % count], &one);
  sched_setaffinity(0, sizeof one, &one);
}
#endif

// Whether a thread of the job at hand failed. Barriers look at it: the threads that wait for that one leave instead.
std::atomic<bool> job_failed{false};
struct Abandoned {};

// The system refused a thread, for want of memory or by a limit: callers treat both alike.
struct NoThread : std::bad_alloc {
  const char* what() const noexcept override { return "no more threads can be started"; }
};

class Pool {
 public:
  void run(void (*task)(void*, int, int), void* context, int count) {
    std::lock_guard<std::mutex> one_job(jobs_);
    while (static_cast<int>(threads_.size()) < count - 1) {
      const int index = static_cast<int>(threads_.size()) + 1;
      const unsigned seen = generation_.load();
      try {
        threads_.emplace_back([this, index, seen] { work(index, seen); });
      } catch (const std::system_error&) {
        throw NoThread();
      }
      threads_.back().detach();
    }
    task_ = task;
    context_ = context;
    count_ = count;
    failure_ = nullptr;
    job_failed.store(false, std::memory_order_relaxed);
    place_caller(count);
    pending_.store(static_cast<int>(threads_.size()), std::memory_order_relaxed);
    generation_.fetch_add(1);
    if (sleeping_.load() > 0) {
      std::lock_guard<std::mutex> lock(sleep_);
      wake_.notify_all();
    }
    attempt(0);
    for (int spins = 0; pending_.load(std::memory_order_acquire) > 0; ++spins) {
      if (spins < kSpinsBeforeYield) relax();
      else std::this_thread::yield();
    }
    if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
  }

 private:
  // An exception may neither end a worker nor let the caller leave while others work: the first one is kept for `run`.
  void attempt(int index) noexcept {
    try {
      task_(context_, index, count_);
    } catch (const Abandoned&) {
    } catch (...) {
      std::lock_guard<std::mutex> lock(failing_);
      if (!failure_) failure_ = std::current_exception();
      job_failed.store(true, std::memory_order_release);
    }
  }

  // With a thread for every processor, two on one processor would take turns at every barrier while another processor
  // idles, and schedulers leave them so for seconds: workers then keep to the processors the caller is not on.
  void place_caller(int count) {
#if defined(__linux__)
    if (sched_getaffinity(0, sizeof allowed_, &allowed_) != 0 || CPU_COUNT(&allowed_) != count) caller_ = -1;
    else caller_ = sched_getcpu();
#else
    (void)count;
#endif
  }

  void place_worker(int index, int& placed_for) {
#if defined(__linux__)
    if (caller_ == placed_for) return;
    placed_for = caller_;
    if (caller_ >= 0) pin_after(caller_, index, allowed_);
    else sched_setaffinity(0, sizeof allowed_, &allowed_);
#else
    (void)index, (void)placed_for;
#endif
  }

  void work(int index, unsigned seen) {
    int placed_for = -1;
    for (;;) {
      for (int spins = 0; generation_.load(std::memory_order_acquire) == seen; ++spins) {
        if (spins < kSpins) {
          relax();
          continue;
        }
        std::unique_lock<std::mutex> lock(sleep_);
        sleeping_.fetch_add(1);
        wake_.wait(lock, [&] { return generation_.load() != seen; });
        sleeping_.fetch_sub(1);
      }
      ++seen;
      if (index < count_) {
        place_worker(index, placed_for);
        attempt(index);
      }
      pending_.fetch_sub(1, std::memory_order_release);
    }
  }

  std::mutex jobs_, sleep_, failing_;
  std::exception_ptr failure_;
  std::condition_variable wake_;
  std::vector<std::thread> threads_;
  void (*task_)(void*, int, int) = nullptr;
  void* context_ = nullptr;
  int count_ = 0;
#if defined(__linux__)
  cpu_set_t allowed_;
  int caller_ = -1;
#endif
  alignas(64) std::atomic<unsigned> generation_{0};
  alignas(64) std::atomic<int> pending_{0};
  alignas(64) std::atomic<int> sleeping_{0};
};

// Never destroyed: its threads may still sleep when the process ends. Made anew after a fork, which copies no threads.
Pool* pool = nullptr;
std::once_flag made;
std::atomic<int> chosen_threads{0};

void make_pool() { pool = new Pool; }

Pool& the_pool() {
  std::call_once(made, [] {
    make_pool();
#if defined(__linux__)
    pthread_atfork(nullptr, nullptr, make_pool);
#endif
  });
  return *pool;
}

}  // namespace

int pool_threads() {
  const int chosen = chosen_threads.load();
  return chosen > 0 ? chosen : usable_processors();
}

void set_pool_threads(int count) { chosen_threads.store(count > 0 ? count : 0); }

void pool_run(void (*task)(void*, int, int), void* context, int count) {
  if (count <= 1) task(context, 0, 1);
  else the_pool().run(task, context, count);
}

void Barrier::wait() {
  if (count_ <= 1) return;
  const unsigned generation = generation_.load(std::memory_order_relaxed);
  if (arrived_.fetch_add(1, std::memory_order_acq_rel) == count_ - 1) {
    arrived_.store(0, std::memory_order_relaxed);
    generation_.store(generation + 1, std::memory_order_release);
    return;
  }
  for (int spins = 0; generation_.load(std::memory_order_acquire) == generation; ++spins) {
    if (job_failed.load(std::memory_order_relaxed)) throw Abandoned{};
    if (spins < kSpinsBeforeYield) relax();
    else std::this_thread::yield();
  }
}

}  // namespace gs

#define GS_EXPORT extern "C" __attribute__((visibility("default")))

GS_EXPORT int gs_abi_version() { return 1; }
GS_EXPORT const char* gs_isa() { return GPT_SOVITS_ISA; }
GS_EXPORT int gs_pool_threads() { return gs::pool_threads(); }
GS_EXPORT void gs_set_pool_threads(int count) { gs::set_pool_threads(count); }
