#include "vocoder_weights.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstdlib>
#include <cstring>
#include <new>
#include <stdexcept>
#include <string>

namespace gs::voc {
namespace {

using Complex = std::complex<double>;

// From so many channels on, tiles of 16 instead of 32 inputs serve kernels shorter than this: a quarter more products or
// less, half the memory. Those stages have many weights and few samples.
constexpr int kManyChannels = 256, kLongKernel = 9, kLongestKernel = 17;
// From so many on they serve all: memory decides (BigVGAN's widest stage takes 0.7 GB even so).
constexpr int kVeryManyChannels = 512, kLongestShort = 11;

int half_for(int channels, int kernel) {
  if (kernel % 2 == 0 || kernel > kLongestKernel)
    throw std::invalid_argument("kernel " + std::to_string(kernel) + " of a residual block");
  const int shorter = channels >= kVeryManyChannels ? kLongestShort + 1 : kLongKernel;
  return channels >= kManyChannels && kernel < shorter ? 8 : 16;
}

// Transform of a unit impulse at `position` of a tile: polynomials modulo x^(2H) + 1 as complex ones modulo x^H - i,
// split by square roots down to values at single points; the same order as split() in conv_tiles.cpp.
std::vector<Complex> impulse(int half, int position) {
  std::vector<double> angle(half);
  std::vector<Complex> z(half);
  z[position % half] = position < half ? Complex(1, 0) : Complex(0, 1);
  for (int level = 0; (1 << level) < half; ++level) {
    const int size = half >> level, middle = size / 2;
    for (int node = 0; node < (1 << level); ++node) {
      const int at = (1 << level) | node;
      angle[at] = (level == 0 ? M_PI / 2 : angle[at >> 1] + (node & 1 ? M_PI : 0)) / 2;
      const Complex root = std::polar(1.0, angle[at]);
      for (int j = node * size; j < node * size + middle; ++j) {
        const Complex other = root * z[j + middle];
        z[j + middle] = z[j] - other;
        z[j] += other;
      }
    }
  }
  for (Complex& value : z) value /= half;
  return z;
}

Buffer padded_copy(const float* values, int count, int size) {
  Buffer copy = allocate(size);
  if (values) std::memcpy(copy.get(), values, count * sizeof(float));
  return copy;
}

}  // namespace

// weight (out, in, kernel)
Tiled tiled(const float* weight, const float* bias, int channels, int kernel, int dilation, size_t& bytes) {
  const int size = padded(channels), half = half_for(channels, kernel);
  const size_t frequency = size_t(2) * size * size;
  Tiled result{{size, size, kernel, dilation, half, nullptr, nullptr}, allocate(frequency * half),
               padded_copy(bias, channels, size)};
  std::vector<std::vector<Complex>> basis;
  for (int k = 0; k < kernel; ++k) basis.push_back(impulse(half, kernel - 1 - k));
  for (int f = 0; f < half; ++f) {
    std::vector<double> re(kernel), im(kernel);
    for (int k = 0; k < kernel; ++k) re[k] = basis[k][f].real(), im[k] = basis[k][f].imag();
    for (int out = 0; out < channels; ++out) {
      const int at = out / kWide * kWide, block = panel_width(size, at);
      float* to = result.weight.get() + f * frequency + size_t(2) * at * size + (out - at);
      const float* from = weight + size_t(out) * channels * kernel;
      for (int in = 0; in < channels; ++in, to += 2 * block, from += kernel) {
        double c = 0, d = 0;
        for (int k = 0; k < kernel; ++k) c += re[k] * from[k], d += im[k] * from[k];
        to[0] = float(c);
        to[block] = float(d);
      }
    }
  }
  result.conv.weight = result.weight.get();
  result.conv.bias = result.bias.get();
  bytes += frequency * half * sizeof(float);
  return result;
}

namespace {

// Adds a part of `phases` phases, each a column per output; element(output, input, tap, phase) is a weight of it.
template <class Element>
void add_part(Panels& panels, int low, int high, int phase, int phases, int inputs, int outputs, size_t& bytes,
              Element element) {
  const int in_size = padded(inputs), out_size = padded(outputs), columns = phases * out_size, taps = high - low + 1;
  Buffer weight = allocate(size_t(columns) * taps * in_size);
  for (int at = 0; at < columns; at += panel_width(columns, at)) {
    const int block = panel_width(columns, at);
    float* panel = weight.get() + size_t(at) * taps * in_size;
    for (int tap = 0; tap < taps; ++tap)
      for (int in = 0; in < inputs; ++in)
        for (int j = 0; j < block; ++j) {
          const int out = (at + j) % out_size;
          if (out >= outputs) continue;
          panel[size_t(tap * in_size + in) * block + j] = element(out, in, low + tap, phase + (at + j) / out_size);
        }
  }
  bytes += size_t(columns) * taps * in_size * sizeof(float);
  panels.parts.push_back({low, high, phase * out_size, columns, weight.get()});
  panels.weights.push_back(std::move(weight));
  panels.low = std::min(panels.low, low);
  panels.high = std::max(panels.high, high);
}

}  // namespace

// weight (out, in, taps)
Panels plain(const float* weight, const float* bias, int inputs, int outputs, int taps, size_t& bytes) {
  Panels panels;
  panels.columns = padded(outputs);
  panels.bias = padded_copy(bias, outputs, panels.columns);
  add_part(panels, -(taps / 2), taps / 2, 0, 1, inputs, outputs, bytes, [&](int out, int in, int tap, int) {
    return weight[(size_t(out) * inputs + in) * taps + tap + taps / 2];
  });
  return panels;
}

static int floor_div(int a, int b) { return a >= 0 ? a / b : -((-a + b - 1) / b); }

// Transposed convolution, weight (in, out, kernel): output q * rate + phase sees input q + tap through kernel element
// phase + padding - tap * rate. Phases that see the same taps are one part.
Panels upsampling(const float* weight, const float* bias, int inputs, int outputs, int kernel, int rate,
                  size_t& bytes) {
  Panels panels;
  const int padding = (kernel - rate) / 2, out_size = padded(outputs);
  panels.columns = rate * out_size;
  panels.bias = allocate(panels.columns);
  for (int phase = 0; phase < rate; ++phase)
    std::memcpy(panels.bias.get() + phase * out_size, bias, outputs * sizeof(float));
  const auto high = [&](int phase) { return floor_div(phase + padding, rate); };
  const auto low = [&](int phase) { return -floor_div(kernel - 1 - phase - padding, rate); };
  const auto element = [&](int out, int in, int tap, int phase) {
    return weight[(size_t(in) * outputs + out) * kernel + phase + padding - tap * rate];
  };
  for (int phase = 0, next; phase < rate; phase = next) {
    for (next = phase + 1; next < rate && low(next) == low(phase) && high(next) == high(phase);) ++next;
    add_part(panels, low(phase), high(phase), phase, next - phase, inputs, outputs, bytes, element);
  }
  return panels;
}

Buffer last(const float* weight, int inputs) {
  Buffer taps = allocate(size_t(kEdgeTaps) * padded(inputs));
  for (int tap = 0; tap < kEdgeTaps; ++tap)
    for (int c = 0; c < inputs; ++c) taps[size_t(tap) * padded(inputs) + c] = weight[c * kEdgeTaps + tap];
  return taps;
}

const float* Arrays::next() {
  if (used_ >= given_.size()) throw std::invalid_argument("fewer arrays than the sizes ask for");
  return given_[used_++];
}

void Arrays::finish() const {
  if (used_ != given_.size()) throw std::invalid_argument("more arrays than the sizes ask for");
}

Buffer allocate(size_t count) {
  const size_t bytes = align_up(std::max<size_t>(count, 1) * sizeof(float), 64);
  float* p = static_cast<float*>(std::aligned_alloc(64, bytes));
  if (!p) throw std::bad_alloc();
  std::memset(p, 0, bytes);
  return Buffer(p);
}

std::unique_ptr<Weights> arrange(const Sizes& sizes, const std::vector<const float*>& arrays) {
  if (std::max(sizes.inputs, sizes.initial) > kMostChannels)
    throw std::invalid_argument("more than " + std::to_string(kMostChannels) + " channels");
  auto result = std::make_unique<Weights>();
  Weights& w = *result;
  Arrays given(arrays);
  const auto next = [&] { return given.next(); };
  w.sizes = sizes;
  const float *weight = next(), *bias = next();
  w.pre = plain(weight, bias, sizes.inputs, sizes.initial, kEdgeTaps, w.bytes);
  const float* condition = next();
  w.condition.assign(condition, condition + size_t(sizes.initial) * sizes.condition);
  bias = next();
  w.condition_bias.assign(bias, bias + sizes.initial);
  int inputs = sizes.initial;
  for (size_t s = 0; s < sizes.rates.size(); ++s) {
    Stage stage;
    const int channels = sizes.channels(int(s));
    stage.rate = sizes.rates[s];
    stage.channels = padded(channels);
    weight = next(), bias = next();
    stage.up = upsampling(weight, bias, inputs, channels, sizes.up_kernels[s], stage.rate, w.bytes);
    for (size_t b = 0; b < sizes.block_kernels.size(); ++b) {
      const int kernel = sizes.block_kernels[b];
      std::vector<Pair> pairs(sizes.dilations[b].size());
      for (size_t i = 0; i < pairs.size(); ++i) {
        weight = next(), bias = next();
        pairs[i].dilated = tiled(weight, bias, channels, kernel, sizes.dilations[b][i], w.bytes);
        weight = next(), bias = next();
        pairs[i].plain = tiled(weight, bias, channels, kernel, 1, w.bytes);
      }
      stage.blocks.push_back(std::move(pairs));
    }
    w.stages.push_back(std::move(stage));
    inputs = channels;
  }
  w.post = last(next(), inputs);
  w.post_bias = *next();
  given.finish();
  return result;
}

}  // namespace gs::voc
