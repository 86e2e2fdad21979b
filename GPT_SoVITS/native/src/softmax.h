#pragma once

#include <algorithm>
#include <limits>

#include "simd.h"

namespace gs {

// Softmax over the first `count` of a row; the rest of the row, up to `padded` (a multiple of kLanes), becomes 0.
inline void softmax(float* scores, int count, int padded) {
  std::fill(scores + count, scores + padded, -std::numeric_limits<float>::infinity());
  vf most = vload(scores);
  for (int j = kLanes; j < padded; j += kLanes) most = vmax(most, vload(scores + j));
  const vf largest = vset(vmaximum(most));
  vf total = vzero();
  for (int j = 0; j < padded; j += kLanes) {
    const vf e = vexp(vsub(vload(scores + j), largest));
    vstore(scores + j, e);
    total = vadd(total, e);
  }
  // vexp gives not 0 but 2e-38 for what is hidden; cleared, so that what was there before cannot matter.
  std::fill(scores + count, scores + padded, 0.0f);
  const vf inverse = vset(1.0f / vsum(total));
  for (int j = 0; j < padded; j += kLanes) vstore(scores + j, vmul(vload(scores + j), inverse));
}

}  // namespace gs
