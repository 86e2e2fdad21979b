// The two inner kernels of training's convolutions, for whole tiles.
#pragma once

#include <cstddef>

#include "simd.h"

namespace gs::train {

#if GS_AVX512
constexpr int kSumRows = 8, kSumVectors = 3, kDotRows = 4, kDotColumns = 6;
#elif GS_AVX2
constexpr int kSumRows = 4, kSumVectors = 3, kDotRows = 2, kDotColumns = 5;
#else
constexpr int kSumRows = 6, kSumVectors = 4, kDotRows = 4, kDotColumns = 5;
#endif
constexpr int kSumColumns = kSumVectors * kLanes;

// Rows of weights for `Rows` planes of results: element (row, channel, tap) is at row * by_row + channel * by_channel + tap * by_tap.
struct Weights {
  const float* data;
  std::ptrdiff_t by_row, by_channel, by_tap;
};

// Planes of samples; a tap reads `taps[tap]` samples further on.
struct Planes {
  const float* data;
  std::ptrdiff_t by_channel;
  int channels;
  const std::ptrdiff_t* taps;
  int kernel;
};

// y[row][0 .. kSumColumns) = sum over channels and taps of weight * plane.
template <int Rows>
GS_INLINE void sum_tile(const Weights& weights, const Planes& planes, float* y, std::ptrdiff_t y_row) {
  vf sums[Rows][kSumVectors];
#pragma GCC unroll 8
  for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < kSumVectors; ++v) sums[r][v] = vzero();
  for (int c = 0; c < planes.channels; ++c) {
    const float* plane = planes.data + c * planes.by_channel;
    const float* own = weights.data + c * weights.by_channel;
    for (int k = 0; k < planes.kernel; ++k) {
      const float* x = plane + planes.taps[k];
      const float* w = own + k * weights.by_tap;
      vf part[kSumVectors];
#pragma GCC unroll 4
      for (int v = 0; v < kSumVectors; ++v) part[v] = vload(x + v * kLanes);
#pragma GCC unroll 8
      for (int r = 0; r < Rows; ++r) {
        const vf weight = vset(w[r * weights.by_row]);
#pragma GCC unroll 4
        for (int v = 0; v < kSumVectors; ++v) sums[r][v] = vfma(weight, part[v], sums[r][v]);
      }
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < kSumVectors; ++v) vstore(y + r * y_row + v * kLanes, sums[r][v]);
}

// out[row * out_row + column_places[column]] += sum over `parts` and 0 .. count-1 of a[row] * b[column]; count is a
// multiple of kLanes. The rows of part p begin p * a_part and p * b_part further on.
struct Dots {
  int parts, count;
  std::ptrdiff_t a_row, a_part, b_part;
};

template <int Rows, int Columns>
GS_INLINE void dot_tile(const Dots& dots, const float* a, const float* const* b, float* out, std::ptrdiff_t out_row) {
  vf sums[Rows][Columns];
#pragma GCC unroll 4
  for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 6
    for (int c = 0; c < Columns; ++c) sums[r][c] = vzero();
  for (int p = 0; p < dots.parts; ++p) {
    for (int n = 0; n < dots.count; n += kLanes) {
      vf left[Rows];
#pragma GCC unroll 4
      for (int r = 0; r < Rows; ++r) left[r] = vload(a + r * dots.a_row + p * dots.a_part + n);
#pragma GCC unroll 6
      for (int c = 0; c < Columns; ++c) {
        const vf right = vload(b[c] + p * dots.b_part + n);
#pragma GCC unroll 4
        for (int r = 0; r < Rows; ++r) sums[r][c] = vfma(left[r], right, sums[r][c]);
      }
    }
  }
#pragma GCC unroll 4
  for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 6
    for (int c = 0; c < Columns; ++c) out[r * out_row + c] += vsum(sums[r][c]);
}

}  // namespace gs::train
