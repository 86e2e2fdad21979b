// BigVGAN's activation: a signal is raised to twice its rate, bent by x + sin^2(alpha x) / beta, and lowered again.
#pragma once

#include "conv.h"

namespace gs::voc {

constexpr int kFilterTaps = 12;

struct SnakeJob {
  const Rows* in;
  const Rows* out;       // of the same times; both begin at 0 and repeat their first and last row beyond
  const float* alpha;    // [channels]
  const float* inverse;  // 1 / beta, [channels]
  const float* up;       // [kFilterTaps], the gain of 2 included
  const float* down;     // [kFilterTaps]
};

constexpr int kSnakeRows = 64;     // of one task
constexpr int kSnakeVectors = 2;   // of channels at a time
size_t snake_scratch();            // floats
void run_snake(const SnakeJob& job, std::int64_t first, std::int64_t last, float* scratch);

}  // namespace gs::voc
