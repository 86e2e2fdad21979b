#include "attention.h"

#include <algorithm>
#include <exception>

#include "pool.h"
#include "softmax.h"

#define GS_EXPORT extern "C" __attribute__((visibility("default")))

namespace gs {

namespace {

constexpr int kQueries = kTileRows * 4;  // whose scores, beside a head's keys and values, fit into a second-level cache

void product(const Matrix& matrix, const float* x, std::ptrdiff_t stride, int rows, float* y, int y_stride,
             QuantisedRows& narrow) {
  if (matrix.wants_quantised()) matrix.quantise(x, static_cast<int>(stride), rows, narrow);
  matrix.multiply(0, matrix.panels(), x, static_cast<int>(stride), &narrow, rows, y, y_stride, false);
}

}  // namespace

void attend(const AttentionHead& head, int rows, int count, float* out, std::ptrdiff_t out_stride, AttentionScratch& own,
            Precision precision) {
  const int width = head.width;
  Matrix keys(count, width, precision, 64), values(width, count, precision, 64);
  const std::size_t keys_bytes = round_up<std::size_t>(keys.bytes(), 64);
  const std::size_t need = keys_bytes + values.bytes() + 4096;
  if (own.packed.bytes() < need) own.packed = Region(need);
  keys.place(own.packed.data());
  values.place(own.packed.data() + keys_bytes);
  for (int r = 0; r < count; ++r) {
    keys.set_output(r, head.keys + r * head.stride, 0.0f);
    values.set_input(r, head.values + r * head.stride);
  }
  const int stride = panel_room(count), padded = round_up(count, kPanel), result_stride = panel_room(width);
  own.scores.resize(static_cast<std::size_t>(kQueries) * static_cast<std::size_t>(stride + result_stride));
  float* result = own.scores.data() + std::ptrdiff_t{kQueries} * stride;
  for (int from = 0; from < rows; from += kQueries) {
    const int many = std::min(kQueries, rows - from);
    const float* queries = head.queries + from * head.stride;
    product(keys, queries, head.stride, many, own.scores.data(), stride, own.narrow);
    for (int r = 0; r < many; ++r) softmax(own.scores.data() + std::ptrdiff_t{r} * stride, count, padded);
    product(values, own.scores.data(), stride, many, result, result_stride, own.narrow);
    for (int r = 0; r < many; ++r)
      std::copy_n(result + std::ptrdiff_t{r} * result_stride, width, out + (from + r) * out_stride);
  }
}

}  // namespace gs

// qkv (rows, 3 * heads * width): queries, scaled already, keys and values of all heads side by side. out (rows, heads *
// width). Queries see the first `count` keys. `rounded`: products are of bfloat16 where the processor has them. 0, -1
// without memory, -2 for impossible numbers.
GS_EXPORT int attention_run(const float* qkv, int rows, int heads, int width, int count, float* out, int rounded,
                            int threads) {
  if (rows < 1 || heads < 1 || width < 1 || count < 1 || count > rows) return -2;
  const std::ptrdiff_t size = std::ptrdiff_t{heads} * width, stride = 3 * size;
  const int many = std::min(heads, threads > 0 ? threads : gs::pool_threads());
  const gs::Precision precision = rounded != 0 && gs::has_brain() ? gs::Precision::kBrain : gs::Precision::kFloat;
  try {
    std::vector<gs::AttentionScratch> scratch(static_cast<std::size_t>(many));
    gs::pool_run(many, [&](int index, int total) {
      const gs::Share share = gs::share_of(heads, index, total);
      for (std::ptrdiff_t h = share.first; h < share.last; ++h) {
        const float* from = qkv + h * width;
        gs::attend({from, from + size, from + 2 * size, stride, width}, rows, count, out + h * width, size,
                   scratch[static_cast<std::size_t>(index)], precision);
      }
    });
  } catch (const std::exception&) {
    return -1;
  }
  return 0;
}
