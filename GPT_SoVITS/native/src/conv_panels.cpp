#include <algorithm>
#include <cmath>
#include <cstring>

#include "conv.h"
#include "conv_vector.h"

namespace gs::voc {
namespace {

constexpr float kZeros[kMostChannels] = {};

template <int M, int J>
GS_INLINE void panel_block(const float* a, size_t row, int inputs, const float* b, int width, float* out, size_t out_row,
                           const float* bias, float slope) {
  Vec sum[M * J];
  unrolled<M * J>(GS_BODY(i) { sum[i] = load(bias + i % J * kWidth); });
  for (int k = 0; k < inputs; ++k, b += width) {
    Vec w[J];
    unrolled<J>(GS_BODY(j) { w[j] = load(b + j * kWidth); });
    unrolled<M>(GS_BODY(m) {
      const Vec s = splat(a[m * row + k]);
      unrolled<J>(GS_BODY(j) { sum[m * J + j] = fma(w[j], s, sum[m * J + j]); });
    });
  }
  unrolled<M * J>(GS_BODY(i) {
    store(out + i / J * out_row + i % J * kWidth, larger(sum[i], sum[i] * splat(slope)));
  });
}

template <int M, int J>
void panel_rows(int count, const float* a, size_t row, int inputs, const float* b, int width, float* out, size_t out_row,
                const float* bias, float slope) {
  int m = 0;
  for (; m + M <= count; m += M)
    panel_block<M, J>(a + m * row, row, inputs, b, width, out + m * out_row, out_row, bias, slope);
  for (; m < count; ++m)
    panel_block<1, J>(a + m * row, row, inputs, b, width, out + m * out_row, out_row, bias, slope);
}

void panel(int count, const float* a, size_t row, int inputs, const float* b, int width, float* out, size_t out_row,
           const float* bias, float slope) {
  constexpr int rows = kWidth == 8 ? 6 : 12;  // of 16 registers, and of 32
  if (width == 2 * kWidth) panel_rows<rows, 2>(count, a, row, inputs, b, width, out, out_row, bias, slope);
  else panel_rows<rows, 1>(count, a, row, inputs, b, width, out, out_row, bias, slope);
}

float total(Vec v) {
  float parts[kWidth];
  store(parts, v);
  for (int i = 4; i < kWidth; ++i) parts[i % 4] += parts[i];
  return (parts[0] + parts[1]) + (parts[2] + parts[3]);
}

// exp(x) for x in [-87, 0] to about 1e-7 (the polynomial of Cephes' expf).
float exponential(float x) {
  const float n = static_cast<float>(static_cast<int>(x * 1.44269504088896341f - 0.5f));
  const float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  float p = r * 1.9875691500e-4f + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  const std::int32_t bits = (static_cast<std::int32_t>(n) + 127) << 23;
  float power;
  std::memcpy(&power, &bits, sizeof power);
  return p * power;
}

float tangent(float x) {
  const float e = exponential(std::min(std::fabs(x), 40.0f) * -2.0f);
  return std::copysign((1.0f - e) / (1.0f + e), x);
}

}  // namespace

void run_panel(const PanelJob& job, int at, std::int64_t first, std::int64_t last, float* scratch) {
  const PanelConv& conv = *job.conv;
  const int channels = job.in->channels, taps = conv.high - conv.low + 1, inputs = taps * channels;
  const int width = panel_width(conv.columns, at), column = conv.column + at;
  const auto rows = [&](std::int64_t time, int count, const float* a) {
    panel(count, a, channels, inputs, conv.weight + size_t(at) * inputs, width,
          job.out + (time - job.first) * job.row + column, job.row, job.bias + column, job.slope);
  };
  // Rows of consecutive taps lie one after the other, except where some are outside: those are put together here.
  const auto edge = [&](std::int64_t time) {
    for (int tap = 0; tap < taps; ++tap) {
      const std::int64_t t = time + conv.low + tap;
      const float* from = t >= job.in->begin && t < job.in->end ? job.in->at(t) : kZeros;
      std::memcpy(scratch + tap * channels, from, channels * sizeof(float));
    }
    rows(time, 1, scratch);
  };
  const std::int64_t inner = std::clamp(job.in->begin - conv.low, first, last);
  const std::int64_t inner_end = std::clamp(job.in->end - conv.high, inner, last);
  for (std::int64_t t = first; t < inner; ++t) edge(t);
  if (inner < inner_end) rows(inner, static_cast<int>(inner_end - inner), job.in->at(inner + conv.low));
  for (std::int64_t t = inner_end; t < last; ++t) edge(t);
}

void run_last(const LastConv& job, std::int64_t first, std::int64_t last) {
  const int channels = job.in->channels;
  constexpr int kBlock = 64;
  for (std::int64_t at = first; at < last; at += kBlock) {
    const int count = static_cast<int>(std::min<std::int64_t>(kBlock, last - at));
    float sums[kBlock] = {};
    for (int i = 0; i < count; ++i) {
      Vec sum = splat(0);
      for (int tap = 0; tap < job.taps; ++tap) {
        const std::int64_t t = at + i + tap - job.taps / 2;
        if (t < job.in->begin || t >= job.in->end) continue;
        const float* row = job.in->at(t);
        for (int c = 0; c < channels; c += kWidth) sum = fma(load(row + c), load(job.weight + tap * channels + c), sum);
      }
      sums[i] = total(sum) + job.bias;
    }
    for (float& sum : sums) sum = job.tangent ? tangent(sum) : std::clamp(sum, -1.0f, 1.0f);
    std::memcpy(job.out + (at - job.first), sums, count * sizeof(float));
  }
}

}  // namespace gs::voc
