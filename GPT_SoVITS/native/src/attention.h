// Full attention of one head: its keys and values are packed as matrices and take the place of weights in products.
#pragma once

#include <vector>

#include "matrix.h"
#include "memory.h"

namespace gs {

// Columns of a row of a buffer that a product with so many outputs is written to.
inline int panel_room(int outputs) { return row_stride(round_up(outputs, kPanel)); }

// Memory that one thread uses again.
struct AttentionScratch {
  Region packed;
  std::vector<float> scores;
  QuantisedRows narrow;
};

// One head's first column in rows of `stride` floats; scores are products of queries, scaled already, and keys.
struct AttentionHead {
  const float *queries, *keys, *values;
  std::ptrdiff_t stride;
  int width;
};

// out (rows, width), `out_stride` floats from row to row; queries see the first `count` keys. Products are of float or, in
// kBrain, of numbers that are rounded to bfloat16.
void attend(const AttentionHead& head, int rows, int count, float* out, std::ptrdiff_t out_stride, AttentionScratch& own,
            Precision precision = Precision::kFloat);

}  // namespace gs
