// A thread of the pool that throws: the exception reaches the caller, nobody waits for ever, and the pool works on.
#include "pool.h"

#include <cstdio>
#include <new>
#include <stdexcept>
#include <vector>

namespace {

constexpr int kThreads = 4;

// Whether a job in which thread `failing` throws before the second of three barriers ends with what it threw.
bool throws_what_was_thrown(int failing) {
  gs::Barrier barrier(kThreads);
  try {
    gs::pool_run(kThreads, [&](int index, int) {
      barrier.wait();
      if (index == failing) throw std::bad_alloc();
      barrier.wait();
      barrier.wait();
    });
  } catch (const std::bad_alloc&) {
    return true;
  }
  return false;
}

bool works() {
  std::vector<int> done(kThreads);
  gs::Barrier barrier(kThreads);
  gs::pool_run(kThreads, [&](int index, int) {
    barrier.wait();
    done[static_cast<std::size_t>(index)] = 1;
    barrier.wait();
  });
  for (int one : done)
    if (one != 1) return false;
  return true;
}

bool all_may_throw() {
  try {
    gs::pool_run(kThreads, [](int, int) { throw std::runtime_error("each"); });
  } catch (const std::runtime_error&) {
    return true;
  }
  return false;
}

}  // namespace

int main() {
  for (int failing = 0; failing < kThreads; ++failing) {
    if (!throws_what_was_thrown(failing)) return std::printf("thread %d: nothing thrown\n", failing), 1;
    if (!works()) return std::printf("after thread %d: not all threads worked\n", failing), 1;
  }
  return all_may_throw() && works() ? 0 : 1;
}
