#include "snake.h"

#include <algorithm>

#include "simd.h"

namespace gs::voc {
namespace {

constexpr int kBefore = 5, kAfter = 6;  // raised samples that an output sees before and after its own
constexpr int kRaised = 2 * kSnakeRows + kBefore + kAfter + 1;

// sin^2(x): x less a multiple of pi in three parts, then a polynomial within 1e-7 on [-pi/2, pi/2].
GS_INLINE vf square_of_sine(vf x) {
  const vf n = vround(vmul(x, vset(0.318309886183790672f)));
  vf r = vfma(n, vset(-3.140625f), x);
  r = vfma(n, vset(-9.67502593994140625e-4f), r);
  r = vfma(n, vset(-1.50995799e-7f), r);
  const vf s = vmul(r, r);
  vf p = vfma(s, vset(-2.3889859e-08f), vset(2.7525562e-06f));
  p = vfma(p, s, vset(-0.00019840874f));
  p = vfma(p, s, vset(0.0083333310f));
  p = vfma(p, s, vset(-0.16666667f));
  const vf sine = vfma(vmul(r, s), p, r);
  return vmul(sine, sine);
}

// V vectors of channels of rows first..last of the output.
template <int V>
GS_INLINE void columns(const SnakeJob& job, std::int64_t first, std::int64_t last, int channel, float* raised) {
  constexpr int width = V * kLanes;
  const std::int64_t end = job.in->end, low = 2 * first - kBefore, high = 2 * last + kAfter - 1;  // of raised samples
  const auto row = [&](std::int64_t time) { return job.in->at(std::clamp<std::int64_t>(time, 0, end - 1)) + channel; };
  vf alpha[V], inverse[V];
  for (int v = 0; v < V; ++v) alpha[v] = vload(job.alpha + channel + v * kLanes), inverse[v] = vload(job.inverse + channel + v * kLanes);
  const std::int64_t from = std::max<std::int64_t>(low, 0) / 2, to = std::min(high + 1, 2 * end);
  for (std::int64_t q = from; 2 * q < to; ++q) {
    const float* rows[7];
    for (int i = 0; i < 7; ++i) rows[i] = row(q + i - 3);
    for (int v = 0; v < V; ++v) {
      vf even = vzero(), odd = vzero();
      for (int i = 0; i < 6; ++i) {
        even = vfma(vload(rows[i] + v * kLanes), vset(job.up[11 - 2 * i]), even);
        odd = vfma(vload(rows[i + 1] + v * kLanes), vset(job.up[10 - 2 * i]), odd);
      }
      even = vfma(square_of_sine(vmul(even, alpha[v])), inverse[v], even);
      odd = vfma(square_of_sine(vmul(odd, alpha[v])), inverse[v], odd);
      if (2 * q >= low) vstore(raised + (2 * q - low) * width + v * kLanes, even);
      if (2 * q + 1 < to) vstore(raised + (2 * q + 1 - low) * width + v * kLanes, odd);
    }
  }
  for (std::int64_t j = low; j < 0; ++j) std::copy_n(raised - low * width, width, raised + (j - low) * width);
  for (std::int64_t j = to; j <= high; ++j) std::copy_n(raised + (to - 1 - low) * width, width, raised + (j - low) * width);
  for (std::int64_t t = first; t < last; ++t) {
    const float* seen = raised + 2 * (t - first) * width;
    float* out = job.out->at(t) + channel;
    for (int v = 0; v < V; ++v) {
      vf sum = vzero();
      for (int k = 0; k < kFilterTaps; ++k) sum = vfma(vload(seen + k * width + v * kLanes), vset(job.down[k]), sum);
      vstore(out + v * kLanes, sum);
    }
  }
}

}  // namespace

size_t snake_scratch() { return size_t{kRaised} * kSnakeVectors * kLanes; }

void run_snake(const SnakeJob& job, std::int64_t first, std::int64_t last, float* scratch) {
  const int channels = job.in->channels, block = kSnakeVectors * kLanes;
  int c = 0;
  for (; c + block <= channels; c += block) columns<kSnakeVectors>(job, first, last, c, scratch);
  for (; c < channels; c += kLanes) columns<1>(job, first, last, c, scratch);
}

}  // namespace gs::voc
