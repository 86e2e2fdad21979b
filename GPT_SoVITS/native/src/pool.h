// The one thread pool of the native kernels. Threads spin for a moment after a job, then sleep, so that back-to-back
// jobs (decode steps, convolutions) start at once and an idle process costs nothing.
#pragma once

#include <atomic>
#include <cstddef>
#include <type_traits>

namespace gs {

// Threads that a job runs on, the caller's included: what was set, else the processors this process may use.
int pool_threads();
void set_pool_threads(int count);  // 0 for as many as the process may use

// Runs task(context, index, count) once for every index in 0..count-1, on count threads at a time (index 0 on the
// caller's), and returns when all are done. One job at a time: callers of other threads wait. Not to be nested. What a
// task throws is thrown here, when all threads have left the job (those that wait at a barrier leave it then).
void pool_run(void (*task)(void* context, int index, int count), void* context, int count);

// The same with a callable.
template <class Callable>
void pool_run(int count, Callable&& callable) {
  using Type = std::remove_reference_t<Callable>;
  pool_run([](void* context, int index, int total) { (*static_cast<Type*>(context))(index, total); },
           const_cast<void*>(static_cast<const void*>(&callable)), count);
}

// A barrier among the threads of one job: arrive-and-wait, spinning, and giving the processor away when it takes long.
class Barrier {
 public:
  explicit Barrier(int count) : count_(count) {}
  void wait();

 private:
  const int count_;
  alignas(64) std::atomic<int> arrived_{0};
  alignas(64) std::atomic<unsigned> generation_{0};
};

// The part of 0..total-1 that thread `index` of `count` does: [first, last).
struct Share {
  std::ptrdiff_t first, last;
};
inline Share share_of(std::ptrdiff_t total, int index, int count) {
  return {total * index / count, total * (index + 1) / count};
}

}  // namespace gs
