#include <algorithm>
#include <cmath>

#include "softmax.h"
#include "t2s.h"

namespace gs {
namespace {

constexpr int kVectorsOfPage = kPageEntries / kLanes;
constexpr int kGroup = 4;  // vectors of scores computed together
template <class Element>
constexpr int kLinesOfGroup = std::max(1, static_cast<int>(kGroup * kLanes * sizeof(Element) / 64));

// A stretch of memory fetched a little at a time while other work goes on.
class Fetch {
 public:
  Fetch(const char* from, std::size_t bytes) : at_(from), end_(from + bytes) {}
  template <int Lines>
  inline __attribute__((always_inline)) void some() {
    if (at_ >= end_) return;
#pragma GCC unroll 4
    for (int i = 0; i < Lines; ++i) __builtin_prefetch(at_ + i * 64, 0, 2);
    at_ += Lines * 64;
  }

 private:
  const char *at_, *end_;
};

// Scores of a page's entries: entries in the lanes, one chain of sums over the head's width for each.
template <class Element>
void page_scores(const Element* keys, const float* query, int head_dim, float* scores, int vectors, Fetch& values) {
  for (int start = 0; start < vectors; start += kGroup) {
    vf sum[kGroup];
#pragma GCC unroll 8
    for (int v = 0; v < kGroup; ++v) sum[v] = vzero();
    for (int d = 0; d < head_dim; ++d) {
      values.some<kLinesOfGroup<Element>>();
      const vf q = vset(query[d]);
      const Element* row = keys + d * kPageEntries + start * kLanes;
#pragma GCC unroll 8
      for (int v = 0; v < kGroup; ++v) sum[v] = vfma(vload(row + v * kLanes), q, sum[v]);
    }
#pragma GCC unroll 8
    for (int v = 0; v < kGroup; ++v) vstore(scores + (start + v) * kLanes, sum[v]);
  }
}

// Adds a page's weighted values to four partial results (entries modulo 4), V vectors of the head's width from `values`.
template <class Element, int V>
void page_values(const Element* values, int width, const float* weights, int entries, float* partial, Fetch& next) {
  vf sum[4][V];
#pragma GCC unroll 4
  for (int s = 0; s < 4; ++s)
#pragma GCC unroll 2
    for (int v = 0; v < V; ++v) sum[s][v] = vload(partial + s * width + v * kLanes);
  for (int j = 0; j < entries; j += 4) {
    next.some<4>();
#pragma GCC unroll 4
    for (int s = 0; s < 4; ++s) {
      const vf weight = vset(weights[j + s]);
#pragma GCC unroll 2
      for (int v = 0; v < V; ++v) sum[s][v] = vfma(vload(values + (j + s) * width + v * kLanes), weight, sum[s][v]);
    }
  }
#pragma GCC unroll 4
  for (int s = 0; s < 4; ++s)
#pragma GCC unroll 2
    for (int v = 0; v < V; ++v) vstore(partial + s * width + v * kLanes, sum[s][v]);
}

template <class Element>
void attend_typed(const T2SCache& cache, const T2SRow& row, int layer, int head, int head_dim, const float* query,
                  float* scores, float* result, const T2SRow* next_row, int next_head) {
  const int visible = row.visible, pages = (visible + kPageEntries - 1) / kPageEntries;
  const std::size_t key_bytes = cache.values_offset();
  const int width = round_up(head_dim, kLanes);
  const auto keys_of = [&](int p) { return cache.keys(row.slot, p, layer, head); };
  const auto value_bytes_of = [&](int p) {
    return sizeof(Element) * static_cast<std::size_t>(width * std::min(kPageEntries, visible - p * kPageEntries));
  };
  for (int p = 0; p < pages; ++p) {
    const int vectors = (std::min(kPageEntries, visible - p * kPageEntries) + kLanes - 1) / kLanes;
    Fetch values(keys_of(p) + key_bytes, value_bytes_of(p));
    page_scores(reinterpret_cast<const Element*>(keys_of(p)), query, head_dim, scores + p * kPageEntries,
                round_up(vectors, kGroup), values);
  }
  softmax(scores, visible, pages * kPageEntries);
  float* partial = scores + pages * kPageEntries;  // (4, width)
  std::fill(partial, partial + 4 * width, 0.0f);
  const int next_pages = next_row ? (next_row->visible + kPageEntries - 1) / kPageEntries : 0;
  for (int p = 0; p < pages; ++p) {
    const auto* values = reinterpret_cast<const Element*>(keys_of(p) + key_bytes);
    const int entries = std::min(kPageEntries, round_up(visible - p * kPageEntries, 4));
    Fetch next(p < next_pages ? cache.keys(next_row->slot, p, layer, next_head) : nullptr, p < next_pages ? key_bytes : 0);
    int at = 0;
    for (; at + 2 * kLanes <= width; at += 2 * kLanes)
      page_values<Element, 2>(values + at, width, scores + p * kPageEntries, entries, partial + at, next);
    for (; at < width; at += kLanes)
      page_values<Element, 1>(values + at, width, scores + p * kPageEntries, entries, partial + at, next);
  }
  for (int d = 0; d < width; d += kLanes) {
    const vf first = vadd(vload(partial + d), vload(partial + width + d));
    const vf second = vadd(vload(partial + 2 * width + d), vload(partial + 3 * width + d));
    vstore(result + d, vadd(first, second));
  }
}

template <class Element>
void store_typed(char* page, std::size_t values_offset, int head_dim, int at, const float* key, const float* value) {
  Element* keys = reinterpret_cast<Element*>(page);
  Element* values = reinterpret_cast<Element*>(page + values_offset) + at * round_up(head_dim, kLanes);
  for (int d = 0; d < head_dim; d += kLanes) {
    float k[kLanes] = {}, v[kLanes] = {};
    const int count = std::min(kLanes, head_dim - d);
    std::copy(key + d, key + d + count, k);
    std::copy(value + d, value + d + count, v);
    Element narrow[kLanes];
    vstore(narrow, vload(k));
    for (int i = 0; i < count; ++i) keys[(d + i) * kPageEntries + at] = narrow[i];
    vstore(values + d, vload(v));
  }
}

}  // namespace

void attend_one(const T2SCache& cache, const T2SRow& row, int layer, int head, int head_dim, const float* query,
                float* scores, float* result, const T2SRow* next_row, int next_head) {
  const auto attend = cache.half_precision() ? attend_typed<half> : attend_typed<float>;
  attend(cache, row, layer, head, head_dim, query, scores, result, next_row, next_head);
}

void store_entry(T2SCache& cache, int slot, int layer, int head, int head_dim, int entry, const float* key,
                 const float* value) {
  char* page = cache.keys(slot, entry / kPageEntries, layer, head);
  if (cache.half_precision())
    store_typed<half>(page, cache.values_offset(), head_dim, entry % kPageEntries, key, value);
  else
    store_typed<float>(page, cache.values_offset(), head_dim, entry % kPageEntries, key, value);
}

void add_and_norm(float* x, const float* y, const float* weight, const float* bias, int dim) {
  constexpr float kEpsilon = 1e-5f;
  const int whole = dim / kLanes * kLanes;
  vf sums = vzero();
  for (int i = 0; i < whole; i += kLanes) {
    const vf s = vadd(vload(x + i), vload(y + i));
    vstore(x + i, s);
    sums = vadd(sums, s);
  }
  float total = vsum(sums);
  for (int i = whole; i < dim; ++i) total += x[i] += y[i];
  const float mean = total / static_cast<float>(dim);
  vf squares = vzero();
  for (int i = 0; i < whole; i += kLanes) {
    const vf c = vsub(vload(x + i), vset(mean));
    squares = vfma(c, c, squares);
  }
  float square = vsum(squares);
  for (int i = whole; i < dim; ++i) square += (x[i] - mean) * (x[i] - mean);
  const float inverse = 1.0f / std::sqrt(square / static_cast<float>(dim) + kEpsilon);
  for (int i = 0; i < whole; i += kLanes) {
    const vf normal = vmul(vsub(vload(x + i), vset(mean)), vset(inverse));
    vstore(x + i, vfma(normal, vload(weight + i), vload(bias + i)));
  }
  for (int i = whole; i < dim; ++i) x[i] = (x[i] - mean) * inverse * weight[i] + bias[i];
}

}  // namespace gs
