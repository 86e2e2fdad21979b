// Layers over whole stretches of a signal, on all threads.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <vector>

#include "pool.h"
#include "vocoder_weights.h"

namespace gs::voc {

// Memory that grows and is used again.
struct Scratch {
  Buffer data;
  size_t size = 0;
  float* need(size_t count);
};

// task(index, thread) for every index below count; who does which does not matter to the results.
template <class Task>
void parallel(std::int64_t count, Task&& task) {
  if (count <= 0) return;
  std::atomic<std::int64_t> next{0};
  const int threads = static_cast<int>(std::min<std::int64_t>(count, pool_threads()));
  pool_run(threads, [&](int thread, int) {
    for (std::int64_t i; (i = next.fetch_add(1)) < count;) task(i, thread);
  });
}

// Output rows first..last; `scratch` has one for each thread.
void run_panels(const Panels& layer, const float* bias, const Rows& in, float* out, std::int64_t first,
                std::int64_t last, float slope, std::vector<Scratch>& scratch);

// Output rows from `first` to the end of `out`; `group` tiles share a read of the weights.
void run_tiled(const Tiled& layer, const Rows& in, const Rows& out, std::int64_t first, const Epilogue& epilogue,
               int group, std::vector<Scratch>& scratch);

// Samples first..last of `in` to out[0]...
void run_last(const LastConv& job, std::int64_t last);

}  // namespace gs::voc
