#include "training.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "pool.h"
#include "training_tiles.h"

namespace gs::train {
namespace {

constexpr int kChunk = 1024;  // samples of a plane that a weight's gradient sums at a time: they stay in the cache

using Offset = std::ptrdiff_t;

// Memory for planes, kept from call to call: fresh pages cost as much as the products of a small layer.
float* scratch(int which, std::size_t floats) {
  thread_local std::vector<float> kept[2];
  if (kept[which].size() < floats) kept[which].resize(floats);
  return kept[which].data();
}

// Planes of x with zeros at both ends, one for each residue of a place modulo the stride, and where each tap reads.
struct Phases {
  int places, stride;  // places of a phase
  Offset plane, channel;
  std::vector<Offset> taps;

  Phases(int most_places, int strides, int width) : places(most_places), stride(strides) {
    plane = static_cast<Offset>(places) * width;
    channel = round_up<Offset>(plane * stride + kSumColumns, kLanes);
  }
};

Phases phases_of(const Conv& conv) {
  const int last = conv.dilation * (conv.kernel - 1);
  Phases phases(conv.output_length() + last / conv.stride, conv.stride, conv.width);
  for (int k = 0; k < conv.kernel; ++k) {
    const int at = k * conv.dilation;
    phases.taps.push_back((at % conv.stride) * phases.plane + static_cast<Offset>(at / conv.stride) * conv.width);
  }
  return phases;
}

// One channel of x into its phases; place j of the padded signal is place j / stride of phase j % stride.
void spread(const Phases& phases, const float* x, int length, int width, int before, float* out) {
  std::fill(out, out + phases.channel, 0.0f);
  if (phases.stride == 1) {
    const int first = std::max(0, -before), count = std::min(length, phases.places - before) - first;
    if (count > 0)
      std::memcpy(out + static_cast<Offset>(first + before) * width, x + static_cast<Offset>(first) * width,
                  sizeof(float) * static_cast<std::size_t>(count) * static_cast<std::size_t>(width));
    return;
  }
  for (int i = 0; i < length; ++i) {
    const int at = i + before, place = at / phases.stride;
    if (at < 0 || place >= phases.places) continue;
    std::memcpy(out + (at % phases.stride) * phases.plane + static_cast<Offset>(place) * width,
                x + static_cast<Offset>(i) * width, sizeof(float) * static_cast<std::size_t>(width));
  }
}

float* spread_all(const Phases& phases, const float* x, int channels, int length, int width, int before) {
  float* out = scratch(0, static_cast<std::size_t>(channels) * static_cast<std::size_t>(phases.channel));
  pool_run(pool_threads(), [&](int index, int count) {
    const Share mine = share_of(channels, index, count);
    for (Offset c = mine.first; c < mine.last; ++c)
      spread(phases, x + c * length * width, length, width, before, out + c * phases.channel);
  });
  return out;
}

void sum_rows(int rows, const Weights& weights, const Planes& planes, float* y, Offset y_row) {
  switch (rows) {
    case 1: return sum_tile<1>(weights, planes, y, y_row);
    case 2: return sum_tile<2>(weights, planes, y, y_row);
    case 3: return sum_tile<3>(weights, planes, y, y_row);
#if !GS_AVX2
    case 4: return sum_tile<4>(weights, planes, y, y_row);
    case 5: return sum_tile<5>(weights, planes, y, y_row);
#if GS_AVX512
    case 6: return sum_tile<6>(weights, planes, y, y_row);
    case 7: return sum_tile<7>(weights, planes, y, y_row);
#endif
#endif
    default: return sum_tile<kSumRows>(weights, planes, y, y_row);
  }
}

// Rows of results, `count` samples each.
void sum_planes(int rows, Weights weights, Planes planes, float* y, Offset y_row, Offset count) {
  float tail[kSumRows * kSumColumns];
  const float* data = planes.data;
  for (Offset n = 0; n < count; n += kSumColumns) {
    planes.data = data + n;
    if (n + kSumColumns <= count) {
      sum_rows(rows, weights, planes, y + n, y_row);
      continue;
    }
    sum_rows(rows, weights, planes, tail, kSumColumns);
    for (int r = 0; r < rows; ++r)
      std::memcpy(y + r * y_row + n, tail + r * kSumColumns, sizeof(float) * static_cast<std::size_t>(count - n));
  }
}

template <int Rows>
void dot_columns(int columns, const Dots& dots, const float* a, const float* const* b, float* out, Offset out_row) {
  switch (columns) {
    case 1: return dot_tile<Rows, 1>(dots, a, b, out, out_row);
    case 2: return dot_tile<Rows, 2>(dots, a, b, out, out_row);
    case 3: return dot_tile<Rows, 3>(dots, a, b, out, out_row);
    case 4: return dot_tile<Rows, 4>(dots, a, b, out, out_row);
#if GS_AVX512
    case 5: return dot_tile<Rows, 5>(dots, a, b, out, out_row);
#endif
    default: return dot_tile<Rows, kDotColumns>(dots, a, b, out, out_row);
  }
}

// Weights' gradients of one group: `rows` outputs by `columns` pairs of channel and tap.
void dot_rows(int rows, int columns, const Dots& dots, const float* a, const float* const* b, float* out, Offset row) {
  int r = 0;
  for (; r + kDotRows <= rows; r += kDotRows)
    dot_columns<kDotRows>(columns, dots, a + r * dots.a_row, b, out + r * row, row);
  for (; r < rows; ++r) dot_columns<1>(columns, dots, a + r * dots.a_row, b, out + r * row, row);
}

}  // namespace

bool Conv::possible() const {
  return batch > 0 && groups > 0 && inputs > 0 && outputs > 0 && width > 0 && kernel > 0 && stride > 0 &&
         dilation > 0 && padding >= 0 && inputs % groups == 0 && outputs % groups == 0 &&
         (stride == 1 || dilation == 1) && length + 2 * padding > dilation * (kernel - 1);
}

void forward(const Conv& conv, const float* x, const float* weight, float* y) {
  const Phases phases = phases_of(conv);
  const float* planes = spread_all(phases, x, conv.batch * conv.inputs, conv.length, conv.width, conv.padding);
  const int inputs = conv.group_inputs(), outputs = conv.group_outputs();
  const int blocks = (outputs + kSumRows - 1) / kSumRows;
  const Offset count = static_cast<Offset>(conv.output_length()) * conv.width;
  const Offset row = static_cast<Offset>(inputs) * conv.kernel;
  pool_run(pool_threads(), [&](int index, int threads) {
    const Share mine = share_of(static_cast<Offset>(conv.batch) * conv.groups * blocks, index, threads);
    for (Offset unit = mine.first; unit < mine.last; ++unit) {
      const Offset group = unit / blocks;  // of the batch's
      const Offset first = (unit % blocks) * kSumRows;
      const Offset own = group % conv.groups * outputs + first;
      const Weights weights{weight + own * row, row, conv.kernel, 1};
      const Planes from{planes + group * inputs * phases.channel, phases.channel, inputs, phases.taps.data(),
                        conv.kernel};
      sum_planes(static_cast<int>(std::min<Offset>(kSumRows, outputs - first)), weights, from,
                 y + (group * outputs + first) * count, count, count);
    }
  });
}

void input_gradient(const Conv& conv, const float* dy, const float* weight, float* dx) {
  const int inputs = conv.group_inputs(), outputs = conv.group_outputs(), stride = conv.stride, width = conv.width;
  const int reach = (conv.kernel - 1) / stride * conv.dilation;  // how far back a place of x looks among those of y
  const int most = (conv.length + conv.padding - 1) / stride + 1;
  Phases phases(most + reach, 1, width);
  const float* planes =
      spread_all(phases, dy, conv.batch * conv.outputs, conv.output_length(), width, reach);
  const int blocks = (inputs + kSumRows - 1) / kSumRows;
  const Offset by_output = static_cast<Offset>(inputs) * conv.kernel;
  const Offset plane = static_cast<Offset>(conv.length) * width;
  pool_run(pool_threads(), [&](int index, int threads) {
    std::vector<float> strided(stride > 1 ? static_cast<std::size_t>(kSumRows * most) * static_cast<std::size_t>(width) : 0);
    std::vector<Offset> taps;
    std::vector<float> packed(static_cast<std::size_t>(outputs * conv.kernel * kSumRows));
    const Share mine = share_of(static_cast<Offset>(conv.batch) * conv.groups * blocks, index, threads);
    for (Offset unit = mine.first; unit < mine.last; ++unit) {
      const Offset group = unit / blocks, first = (unit % blocks) * kSumRows;
      const int rows = static_cast<int>(std::min<Offset>(kSumRows, inputs - first));
      const float* own = weight + group % conv.groups * outputs * by_output + first * conv.kernel;
      // Read as they lie, the weights of one input come from as many pages as there are outputs.
      for (int o = 0; o < outputs; ++o)
        for (int k = 0; k < conv.kernel; ++k)
          for (int r = 0; r < rows; ++r)
            packed[static_cast<std::size_t>((o * conv.kernel + k) * kSumRows + r)] = own[o * by_output + r * conv.kernel + k];
      const float* from = planes + group * outputs * phases.channel;
      float* to = dx + (group * inputs + first) * plane;
      for (int phase = 0; phase < stride; ++phase) {
        // Places j of x with (j + padding) % stride == phase; the first is place `begin` of the phase.
        const int begin = conv.padding > phase ? (conv.padding - phase + stride - 1) / stride : 0;
        const int start = begin * stride + phase - conv.padding;
        if (start >= conv.length) continue;
        const int places = (conv.length - start - 1) / stride + 1;
        taps.clear();
        for (int q = 0; phase + q * stride < conv.kernel; ++q)
          taps.push_back(static_cast<Offset>(reach + begin - q * conv.dilation) * width);
        const Weights weights{packed.data() + phase * kSumRows, 1, conv.kernel * kSumRows, stride * kSumRows};
        const Planes planes_of_phase{from, phases.channel, outputs, taps.data(), static_cast<int>(taps.size())};
        const Offset count = static_cast<Offset>(places) * width;
        if (stride == 1) {
          sum_planes(rows, weights, planes_of_phase, to, plane, count);
          continue;
        }
        sum_planes(rows, weights, planes_of_phase, strided.data(), count, count);
        for (int r = 0; r < rows; ++r)
          for (int i = 0; i < places; ++i)
            std::memcpy(to + r * plane + static_cast<Offset>(start + i * stride) * width,
                        strided.data() + r * count + static_cast<Offset>(i) * width,
                        sizeof(float) * static_cast<std::size_t>(width));
      }
    }
  });
}

void weight_gradient(const Conv& conv, const float* x, const float* dy, float* dweight) {
  const Phases phases = phases_of(conv);
  const int inputs = conv.group_inputs(), outputs = conv.group_outputs();
  const float* planes = spread_all(phases, x, conv.batch * conv.inputs, conv.length, conv.width, conv.padding);
  // Rows of dy filled up with zeros to whole vectors, which silences what planes have there.
  const Offset count = static_cast<Offset>(conv.output_length()) * conv.width, room = round_up<Offset>(count, kLanes);
  const Offset all = static_cast<Offset>(conv.batch) * conv.outputs;
  float* rows = scratch(1, static_cast<std::size_t>(all * room));
  const int pairs = inputs * conv.kernel, blocks = (pairs + kDotColumns - 1) / kDotColumns;
  pool_run(pool_threads(), [&](int index, int threads) {
    const Share mine = share_of(all, index, threads);
    for (Offset r = mine.first; r < mine.last; ++r) {
      std::memcpy(rows + r * room, dy + r * count, sizeof(float) * static_cast<std::size_t>(count));
      std::fill(rows + r * room + count, rows + (r + 1) * room, 0.0f);
    }
  });
  std::fill(dweight, dweight + static_cast<Offset>(conv.outputs) * pairs, 0.0f);
  pool_run(pool_threads(), [&](int index, int threads) {
    const float* columns[kDotColumns];
    const Share mine = share_of(static_cast<Offset>(conv.groups) * blocks, index, threads);
    for (Offset unit = mine.first; unit < mine.last; ++unit) {
      const Offset group = unit / blocks, first = (unit % blocks) * kDotColumns;
      const int width = static_cast<int>(std::min<Offset>(kDotColumns, pairs - first));
      float* out = dweight + group * outputs * pairs + first;
      for (Offset n = 0; n < room; n += kChunk) {
        for (int c = 0; c < width; ++c) {
          const Offset channel = (first + c) / conv.kernel, tap = (first + c) % conv.kernel;
          columns[c] = planes + (group * inputs + channel) * phases.channel + phases.taps[static_cast<std::size_t>(tap)] + n;
        }
        const Dots dots{conv.batch, static_cast<int>(std::min<Offset>(kChunk, room - n)), room, conv.outputs * room,
                        conv.inputs * phases.channel};
        dot_rows(outputs, width, dots, rows + group * outputs * room + n, columns, out, pairs);
      }
    }
  });
}

}  // namespace gs::train
