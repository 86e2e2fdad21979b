#include "attention.h"

#include <algorithm>
#include <exception>

#include "pool.h"
#include "softmax.h"

#define GS_EXPORT extern "C" __attribute__((visibility("default")))

namespace gs {

void attend(const AttentionHead& head, int rows, int count, float* out, std::ptrdiff_t out_stride,
            AttentionScratch& own) {
  const int width = head.width;
  Matrix keys(count, width, Precision::kFloat, 64), values(width, count, Precision::kFloat, 64);
  const std::size_t keys_bytes = round_up<std::size_t>(keys.bytes(), 64);
  const std::size_t need = keys_bytes + values.bytes() + 4096;
  if (own.packed.bytes() < need) own.packed = Region(need);
  keys.place(own.packed.data());
  values.place(own.packed.data() + keys_bytes);
  for (int r = 0; r < count; ++r) keys.set_output(r, head.keys + r * head.stride, 0.0f);
  own.column.resize(static_cast<std::size_t>(count));
  for (int d = 0; d < width; ++d) {
    for (int r = 0; r < count; ++r) own.column[static_cast<std::size_t>(r)] = head.values[r * head.stride + d];
    values.set_output(d, own.column.data(), 0.0f);
  }
  const int stride = panel_room(count), padded = round_up(count, kPanel), result_stride = panel_room(width);
  const int block = kTileRows * 8;
  own.scores.resize(static_cast<std::size_t>(block) * static_cast<std::size_t>(stride + result_stride));
  float* result = own.scores.data() + static_cast<std::ptrdiff_t>(block) * stride;
  for (int from = 0; from < rows; from += block) {
    const int many = std::min(block, rows - from);
    const float* queries = head.queries + from * head.stride;
    keys.multiply(0, keys.panels(), queries, static_cast<int>(head.stride), nullptr, many, own.scores.data(), stride, false);
    for (int r = 0; r < many; ++r) softmax(own.scores.data() + std::ptrdiff_t{r} * stride, count, padded);
    values.multiply(0, values.panels(), own.scores.data(), stride, nullptr, many, result, result_stride, false);
    for (int r = 0; r < many; ++r)
      std::copy_n(result + std::ptrdiff_t{r} * result_stride, width, out + (from + r) * out_stride);
  }
}

}  // namespace gs

// qkv (rows, 3 * heads * width): queries, scaled already, keys and values of all heads side by side. out (rows, heads *
// width). Queries see the first `count` keys. 0, -1 without memory, -2 for impossible numbers.
GS_EXPORT int attention_run(const float* qkv, int rows, int heads, int width, int count, float* out, int threads) {
  if (rows < 1 || heads < 1 || width < 1 || count < 1 || count > rows) return -2;
  const std::ptrdiff_t size = std::ptrdiff_t{heads} * width, stride = 3 * size;
  const int many = std::min(heads, threads > 0 ? threads : gs::pool_threads());
  try {
    std::vector<gs::AttentionScratch> scratch(static_cast<std::size_t>(many));
    gs::pool_run(many, [&](int index, int total) {
      const gs::Share share = gs::share_of(heads, index, total);
      for (std::ptrdiff_t h = share.first; h < share.last; ++h) {
        const float* from = qkv + h * width;
        gs::attend({from, from + size, from + 2 * size, stride, width}, rows, count, out + h * width, size,
                   scratch[static_cast<std::size_t>(index)]);
      }
    });
  } catch (const std::exception&) {
    return -1;
  }
  return 0;
}
