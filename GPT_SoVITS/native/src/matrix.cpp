#include "matrix.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <type_traits>

namespace gs {
namespace {

// Measured: 1 KB to 4 KB ahead cost a tenth more for one row, 16 KB nothing less for many.
constexpr int kPrefetchBytes = 8192;
// Panels that are gone through together when there are many rows: what fits into a second-level cache.
constexpr std::size_t kPanelBlockBytes = 256 << 10;

// Lines of the background to fetch, one a turn; standing still on a line that is there anyway when there are none.
struct Lines {
  Lines(Background* background, int count, const char* panel)
      : at(background ? background->take(count) : nullptr), step(at ? 64 : 0) {
    if (at == nullptr) at = panel;
  }
  inline __attribute__((always_inline)) void one() {
    __builtin_prefetch(at, 0, 2);
    at += step;
  }
  const char* at;
  std::ptrdiff_t step;
};

// One panel times R rows; accumulators start at the bias.
template <class Weight, int R>
void tile(const char* panel, const float* bias, const float* x, int x_stride, int inputs, float* y, int y_stride,
          bool relu, Lines background) {
  const Weight* w = reinterpret_cast<const Weight*>(panel);
  vf sum[R][kPanelVectors];
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < kPanelVectors; ++v) sum[r][v] = vload(bias + v * kLanes);
  for (int i = 0; i < inputs; ++i, w += kPanel) {
    for (std::size_t b = 0; b < kPanel * sizeof(Weight); b += 64)
      prefetch(reinterpret_cast<const char*>(w) + kPrefetchBytes + b);
    background.one();
    vf weights[kPanelVectors];
#pragma GCC unroll 4
    for (int v = 0; v < kPanelVectors; ++v) weights[v] = vload(w + v * kLanes);
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
      const vf activation = vset(x[r * x_stride + i]);
#pragma GCC unroll 4
      for (int v = 0; v < kPanelVectors; ++v) sum[r][v] = vfma(weights[v], activation, sum[r][v]);
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < kPanelVectors; ++v)
      vstore(y + r * y_stride + v * kLanes, relu ? vmax(sum[r][v], vzero()) : sum[r][v]);
}

// int8 weights widened to float: a sum within each group, times the group's scale.
template <int R>
void tile_int8(const char* panel, const float* bias, const float* x, int x_stride, int inputs, int group, float* y,
               int y_stride, bool relu, Lines background) {
  vf sum[R][kPanelVectors];
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < kPanelVectors; ++v) sum[r][v] = vload(bias + v * kLanes);
  for (int start = 0; start < inputs; start += group) {
    const float* scale = reinterpret_cast<const float*>(panel);
    const std::int8_t* w = reinterpret_cast<const std::int8_t*>(scale + kPanel);
    panel += kPanel * (sizeof(float) + static_cast<std::size_t>(group));
    const int end = start + group < inputs ? start + group : inputs;
    vf part[R][kPanelVectors];
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
      for (int v = 0; v < kPanelVectors; ++v) part[r][v] = vzero();
    for (int i = start; i < end; ++i, w += kPanel) {
      prefetch(w + kPrefetchBytes);
      background.one();
      vf weights[kPanelVectors];
#pragma GCC unroll 4
      for (int v = 0; v < kPanelVectors; ++v) weights[v] = vload(w + v * kLanes);
#pragma GCC unroll 16
      for (int r = 0; r < R; ++r) {
        const vf activation = vset(x[r * x_stride + i]);
#pragma GCC unroll 4
        for (int v = 0; v < kPanelVectors; ++v) part[r][v] = vfma(weights[v], activation, part[r][v]);
      }
    }
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
      for (int v = 0; v < kPanelVectors; ++v)
        sum[r][v] = vfma(part[r][v], vload(scale + v * kLanes), sum[r][v]);
  }
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < kPanelVectors; ++v)
      vstore(y + r * y_stride + v * kLanes, relu ? vmax(sum[r][v], vzero()) : sum[r][v]);
}

#if GS_VNNI
// int8 weights (offset to bytes of 0..255) times 16-bit activations as two signed bytes: four products an
// instruction and lane. 256 * high + low stays within 31 bits for groups of up to 128.
template <int R>
void tile_dot(const char* panel, const float* bias, const QuantisedRows& x, int row, int columns, int groups, int group,
              float* y, int y_stride, bool relu, Lines background) {
  vf sum[R][kPanelVectors];
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < kPanelVectors; ++v) sum[r][v] = vload(bias + v * kLanes);
  for (int g = 0; g < groups; ++g) {
    const float* scale = reinterpret_cast<const float*>(panel);
    const char* w = reinterpret_cast<const char*>(scale + kPanel);
    panel += kPanel * (sizeof(float) + static_cast<std::size_t>(group));
    __m512i high[R][kPanelVectors], low[R][kPanelVectors];
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
      for (int v = 0; v < kPanelVectors; ++v) {
        high[r][v] = _mm512_setzero_si512();
        low[r][v] = _mm512_set1_epi32(x.offset[static_cast<std::size_t>((row + r) * groups + g)]);
      }
    const std::int8_t* x_high = x.high.data() + static_cast<std::ptrdiff_t>(row) * columns + g * group;
    const std::int8_t* x_low = x.low.data() + static_cast<std::ptrdiff_t>(row) * columns + g * group;
    for (int i = 0; i < group; i += 4, w += 4 * kPanel) {
      prefetch(w + kPrefetchBytes);
      prefetch(w + kPrefetchBytes + 64);
      background.one();
      background.one();
      __m512i weights[kPanelVectors];
#pragma GCC unroll 4
      for (int v = 0; v < kPanelVectors; ++v) weights[v] = _mm512_loadu_si512(w + v * 64);
#pragma GCC unroll 8
      for (int r = 0; r < R; ++r) {
        std::int32_t four_high, four_low;
        std::memcpy(&four_high, x_high + static_cast<std::ptrdiff_t>(r) * columns + i, 4);
        std::memcpy(&four_low, x_low + static_cast<std::ptrdiff_t>(r) * columns + i, 4);
        const __m512i h = _mm512_set1_epi32(four_high), l = _mm512_set1_epi32(four_low);
#pragma GCC unroll 4
        for (int v = 0; v < kPanelVectors; ++v) {
          high[r][v] = _mm512_dpbusd_epi32(high[r][v], weights[v], h);
          low[r][v] = _mm512_dpbusd_epi32(low[r][v], weights[v], l);
        }
      }
    }
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
      const vf x_scale = vset(x.scale[static_cast<std::size_t>((row + r) * groups + g)]);
#pragma GCC unroll 4
      for (int v = 0; v < kPanelVectors; ++v) {
        const vf whole = _mm512_cvtepi32_ps(_mm512_add_epi32(_mm512_slli_epi32(high[r][v], 8), low[r][v]));
        sum[r][v] = vfma(whole, vmul(vload(scale + v * kLanes), x_scale), sum[r][v]);
      }
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < kPanelVectors; ++v)
      vstore(y + r * y_stride + v * kLanes, relu ? vmax(sum[r][v], vzero()) : sum[r][v]);
}
constexpr int kDotRows = 4;
#endif
constexpr int kInt8Rows = kTileRows / 2;

#if GS_AVX512
#define GS_BRAIN __attribute__((target("avx512bf16")))

// Weights in pairs of inputs times activations in pairs: two products an instruction and lane, sums in float.
template <int R>
GS_BRAIN void tile_brain(const char* panel, const float* bias, const std::uint16_t* x, int x_stride, int inputs, float* y,
                         int y_stride, bool relu) {
  __m512 sum[R][kPanelVectors];
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < kPanelVectors; ++v) sum[r][v] = _mm512_loadu_ps(bias + v * kLanes);
  const char* w = panel;
  for (int i = 0; i < inputs; i += 2, w += kPanel * 2 * sizeof(std::uint16_t)) {
    prefetch(w + kPrefetchBytes);
    prefetch(w + kPrefetchBytes + 64);
    __m512i weights[kPanelVectors];
#pragma GCC unroll 4
    for (int v = 0; v < kPanelVectors; ++v) weights[v] = _mm512_loadu_si512(w + v * 64);
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
      std::int32_t pair;
      std::memcpy(&pair, x + std::ptrdiff_t{r} * x_stride + i, sizeof pair);
      const __m512i both = _mm512_set1_epi32(pair);
#pragma GCC unroll 4
      for (int v = 0; v < kPanelVectors; ++v)
        sum[r][v] = _mm512_dpbf16_ps(sum[r][v], reinterpret_cast<__m512bh>(weights[v]), reinterpret_cast<__m512bh>(both));
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < kPanelVectors; ++v)
      _mm512_storeu_ps(y + r * y_stride + v * kLanes,
                       relu ? _mm512_max_ps(sum[r][v], _mm512_setzero_ps()) : sum[r][v]);
}

// Rounds a row; `even` numbers are written, zeros beyond the row.
GS_BRAIN void round_row(const float* from, int count, int even, std::uint16_t* to) {
  for (int i = 0; i < even; i += 16) {
    const auto inside = static_cast<__mmask16>(count - i >= 16 ? 0xffff : (1 << (count - i)) - 1);
    const auto stored = static_cast<__mmask16>(even - i >= 16 ? 0xffff : (1 << (even - i)) - 1);
    const __m256bh narrow = _mm512_cvtneps_pbh(_mm512_maskz_loadu_ps(inside, from + i));
    _mm256_mask_storeu_epi16(to + i, stored, reinterpret_cast<__m256i>(narrow));
  }
}
#endif

// Calls call(rows constant) for a run-time number of rows in 1..Most.
template <int Most, class Call>
GS_INLINE void with_rows(int rows, Call&& call) {
  if constexpr (Most > 1) {
    if (rows < Most) return with_rows<Most - 1>(rows, call);
  }
  call(std::integral_constant<int, Most>{});
}

// Cuts rows into tiles of nearly equal size and goes through panels in blocks that stay in the cache.
template <int Most, class Call>
void over_tiles(int first, int last, std::size_t panel_bytes, int rows, Call&& call) {
  const int tiles = (rows + Most - 1) / Most;
  const int block = tiles == 1 ? last - first : static_cast<int>(std::max<std::size_t>(1, kPanelBlockBytes / panel_bytes));
  for (int start = first; start < last; start += block) {
    const int end = std::min(start + block, last);
    for (int t = 0; t < tiles; ++t) {
      const int from = rows * t / tiles, to = rows * (t + 1) / tiles;
      for (int p = start; p < end; ++p) call(p, from, to - from);
    }
  }
}

std::size_t packed_panel_bytes(int inputs, Precision precision, int group, int groups) {
  switch (precision) {
    case Precision::kFloat: return sizeof(float) * kPanel * static_cast<std::size_t>(inputs);
    case Precision::kHalf: return sizeof(half) * kPanel * static_cast<std::size_t>(inputs);
    case Precision::kBrain: return sizeof(std::uint16_t) * kPanel * static_cast<std::size_t>(round_up(inputs, 2));
    case Precision::kInt8: break;
  }
  return static_cast<std::size_t>(groups) * kPanel * (sizeof(float) + static_cast<std::size_t>(group));
}

}  // namespace

Matrix::Matrix(int outputs, int inputs, Precision precision, int group)
    : outputs_(outputs), inputs_(inputs), panels_((outputs + kPanel - 1) / kPanel), group_(group),
      groups_((inputs + group - 1) / group), precision_(precision),
      panel_bytes_(packed_panel_bytes(inputs, precision, group, groups_)),
      bias_(static_cast<std::size_t>(panels_) * kPanel, 0.0f) {}

std::size_t Matrix::bytes() const { return panel_bytes_ * static_cast<std::size_t>(panels_); }

namespace {

// Inputs that are packed at a time: of a whole panel they fit into a first-level cache.
constexpr int kPackBlock = 64;
using Block = float[kPackBlock];

// Whether all are finite. Without a branch, so that it becomes vector code.
bool all_finite(const float* x, int count) {
  int bad = 0;
  for (int i = 0; i < count; ++i) bad |= !(std::fabs(x[i]) <= std::numeric_limits<float>::max());
  return bad == 0;
}

void widen(const float* from, int count, Block& to) {
  std::copy(from, from + count, to);
  std::fill(to + count, to + kPackBlock, 0.0f);
}

void widen(const half* from, int count, Block& to) {
  alignas(64) half padded[kPackBlock] = {};
  std::copy(from, from + count, padded);
  for (int i = 0; i < kPackBlock; i += kLanes) vstore(to + i, vload(padded + i));
}

// The changes of a block of inputs, for one output after the other.
class Changes {
 public:
  Changes(const LowRank& change, int inputs)
      : change_(change), inputs_(inputs), down_(static_cast<std::size_t>(change.rank) * kPackBlock) {}

  // Copies what the block's inputs need: rows of `down` lie so far apart that they would push each other out of the cache.
  void begin(int start, int count) {
    for (int r = 0; r < change_.rank; ++r) {
      const float* from = change_.down + static_cast<std::ptrdiff_t>(r) * inputs_ + start;
      float* to = down_.data() + static_cast<std::ptrdiff_t>(r) * kPackBlock;
      std::copy(from, from + count, to);
      std::fill(to + count, to + kPackBlock, 0.0f);
    }
  }

  void add(int output, Block& block) const {
    constexpr int kVectors = kPackBlock / kLanes;
    if (change_.rank == 0) return;
    const float* up = change_.up + static_cast<std::ptrdiff_t>(output) * change_.rank;
    vf sum[kVectors];
    for (int v = 0; v < kVectors; ++v) sum[v] = vzero();
    const float* down = down_.data();
    for (int r = 0; r < change_.rank; ++r, down += kPackBlock) {
      const vf weight = vset(up[r]);
#pragma GCC unroll 16
      for (int v = 0; v < kVectors; ++v) sum[v] = vfma(vload(down + v * kLanes), weight, sum[v]);
    }
    for (int v = 0; v < kVectors; ++v) vstore(block + v * kLanes, vadd(vload(block + v * kLanes), sum[v]));
  }

 private:
  const LowRank& change_;
  int inputs_;
  std::vector<float> down_;
};

// Packs `count` weights of one output. Returns how many a float16 cannot hold exactly, or -1 if one is not finite in it.
long pack_halves(half* to, const Block& exact, int count) {
  alignas(64) float back[kPackBlock];
  alignas(64) half narrow[kPackBlock];
  for (int i = 0; i < kPackBlock; i += kLanes) {
    vstore(narrow + i, vload(exact + i));
    vstore(back + i, vload(narrow + i));
  }
  if (!all_finite(back, kPackBlock)) return -1;
  int inexact = 0;
  for (int i = 0; i < kPackBlock; ++i) inexact += back[i] != exact[i];
  for (int i = 0; i < count; ++i) to[i * kPanel] = narrow[i];
  return inexact;
}

std::uint32_t nearest_brain(float x) {
  std::uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  return (bits + 0x7fff + (bits >> 16 & 1)) >> 16;  // ties to even
}

// Packs `count` weights of one output from input `start` on, an even number; `panel` points at its first pair. Returns how
// many a bfloat16 cannot hold exactly, or -1 if one is not finite in it.
long pack_brains(std::uint16_t* panel, int start, const Block& exact, int count) {
  std::uint32_t bits[kPackBlock], rounded[kPackBlock];
  std::memcpy(bits, exact, sizeof bits);
  int inexact = 0, bad = 0;
  for (int i = 0; i < kPackBlock; ++i) {  // without a branch, so that it becomes vector code
    rounded[i] = nearest_brain(exact[i]);
    bad |= (rounded[i] & 0x7f80) == 0x7f80;
    inexact += (rounded[i] << 16) != bits[i];
  }
  if (bad) return -1;
  for (int i = 0; i < round_up(count, 2); ++i)
    panel[(start + i) / 2 * (2 * kPanel) + i % 2] = static_cast<std::uint16_t>(rounded[i]);
  return inexact;
}

}  // namespace

bool has_brain() {
#if GS_AVX512
  return __builtin_cpu_supports("avx512bf16");
#else
  return false;
#endif
}

long Matrix::set_output(int at, const float* weights, float bias) { return set_outputs(at, 1, weights, &bias); }

void Matrix::set_input(int at, const float* weights) {
  for (int p = 0; p < panels_; ++p, weights += kPanel) {
    char* panel = data_ + panel_bytes_ * static_cast<std::size_t>(p);
    const int count = std::min(kPanel, outputs_ - p * kPanel);
    const std::ptrdiff_t row = std::ptrdiff_t{at} * kPanel;
    if (precision_ == Precision::kFloat) {
      float* to = reinterpret_cast<float*>(panel) + row;
      std::copy(weights, weights + count, to);
      std::fill(to + count, to + kPanel, 0.0f);
    } else if (precision_ == Precision::kHalf) {
      alignas(64) float wide[kPanel] = {};
      std::copy(weights, weights + count, wide);
      for (int v = 0; v < kPanel; v += kLanes) vstore(reinterpret_cast<half*>(panel) + row + v, vload(wide + v));
    } else {
      auto* pairs = reinterpret_cast<std::uint16_t*>(panel) + at / 2 * (2 * kPanel);
      for (int o = 0; o < kPanel; ++o) {
        pairs[2 * o + at % 2] = o < count ? static_cast<std::uint16_t>(nearest_brain(weights[o])) : 0;
        if (at % 2 == 0) pairs[2 * o + 1] = 0;  // what the last of an odd number of inputs is paired with
      }
    }
  }
}

template <class Weight>
long Matrix::set_outputs(int first, int count, const Weight* weights, const float* bias, const LowRank& change) {
  std::copy(bias, bias + count, bias_.begin() + first);
  long inexact = 0;
  alignas(64) Block exact;
  Changes changes(change, inputs_);
  if (precision_ == Precision::kInt8) {
    std::vector<float> row(static_cast<std::size_t>(inputs_));
    for (int o = 0; o < count; ++o, weights += inputs_) {
      for (int start = 0; start < inputs_; start += kPackBlock) {
        const int inputs = std::min(kPackBlock, inputs_ - start);
        widen(weights + start, inputs, exact);
        changes.begin(start, inputs);
        changes.add(o, exact);
        std::copy(exact, exact + inputs, row.begin() + start);
      }
      if (!all_finite(row.data(), inputs_)) return -1;
      inexact += pack_bytes(first + o, row.data());
    }
    return inexact;
  }
  for (int start = 0; start < inputs_; start += kPackBlock) {
    const int inputs = std::min(kPackBlock, inputs_ - start);
    changes.begin(start, inputs);
    for (int o = 0; o < count; ++o) {
      widen(weights + static_cast<std::ptrdiff_t>(o) * inputs_ + start, inputs, exact);
      changes.add(o, exact);
      char* panel = data_ + panel_bytes_ * static_cast<std::size_t>((first + o) / kPanel);
      if (precision_ == Precision::kBrain) {
        auto* pairs = reinterpret_cast<std::uint16_t*>(panel) + (first + o) % kPanel * 2;
        const long lost = pack_brains(pairs, start, exact, inputs);
        if (lost < 0) return -1;
        inexact += lost;
        continue;
      }
      const std::ptrdiff_t place = static_cast<std::ptrdiff_t>(start) * kPanel + (first + o) % kPanel;
      if (precision_ == Precision::kHalf) {
        const long lost = pack_halves(reinterpret_cast<half*>(panel) + place, exact, inputs);
        if (lost < 0) return -1;
        inexact += lost;
        continue;
      }
      if (!all_finite(exact, kPackBlock)) return -1;
      float* to = reinterpret_cast<float*>(panel) + place;
      for (int i = 0; i < inputs; ++i) to[i * kPanel] = exact[i];
    }
  }
  return inexact;
}

template long Matrix::set_outputs(int, int, const float*, const float*, const LowRank&);
template long Matrix::set_outputs(int, int, const half*, const float*, const LowRank&);

long Matrix::pack_bytes(int at, const float* weights) {
  const int lane = at % kPanel;
  char* panel = data_ + panel_bytes_ * static_cast<std::size_t>(at / kPanel);
  long inexact = 0;
  for (int g = 0; g < groups_; ++g) {
    float* scales = reinterpret_cast<float*>(panel + static_cast<std::size_t>(g) * kPanel * (sizeof(float) + group_));
    auto* w = reinterpret_cast<std::uint8_t*>(scales + kPanel);
    const int start = g * group_, end = std::min(start + group_, inputs_);
    float largest = 0;
    for (int i = start; i < end; ++i) largest = std::max(largest, std::fabs(weights[i]));
    const float scale = largest / 127.0f, inverse = largest > 0 ? 127.0f / largest : 0.0f;
    scales[lane] = scale;
    for (int i = start; i < start + group_; ++i) {
      const int q = i < end ? static_cast<int>(std::nearbyint(weights[i] * inverse)) : 0;
      if (i < end) inexact += static_cast<float>(q) * scale != weights[i];
      const int k = i - start;
#if GS_VNNI
      w[(k / 4 * kPanel + lane) * 4 + k % 4] = static_cast<std::uint8_t>(q + 128);
#else
      w[k * kPanel + lane] = static_cast<std::uint8_t>(static_cast<std::int8_t>(q));
#endif
    }
  }
  return inexact;
}

template <class Weight>
void Matrix::multiply_tiles(int first, int last, const float* x, int x_stride, int rows, float* y, int y_stride,
                            bool relu, Background* background) const {
  over_tiles<kTileRows>(first, last, panel_bytes_, rows, [&](int p, int row, int count) {
    with_rows<kTileRows>(count, [&](auto constant) {
      tile<Weight, decltype(constant)::value>(panel(p), bias_.data() + p * kPanel, x + std::ptrdiff_t{row} * x_stride,
                                              x_stride, inputs_, y + std::ptrdiff_t{row} * y_stride + (p - first) * kPanel,
                                              y_stride, relu, Lines(background, inputs_, panel(p)));
    });
  });
}

void Matrix::multiply_brain(int first, int last, const QuantisedRows& x, int rows, float* y, int y_stride,
                            bool relu) const {
#if GS_AVX512
  const int columns = round_up(inputs_, 2);
  over_tiles<kTileRows>(first, last, panel_bytes_, rows, [&](int p, int row, int count) {
    with_rows<kTileRows>(count, [&](auto constant) {
      tile_brain<decltype(constant)::value>(panel(p), bias_.data() + p * kPanel,
                                            x.brain.data() + std::ptrdiff_t{row} * columns, columns, columns,
                                            y + std::ptrdiff_t{row} * y_stride + (p - first) * kPanel, y_stride, relu);
    });
  });
#else
  (void)first, (void)last, (void)x, (void)rows, (void)y, (void)y_stride, (void)relu;
#endif
}

void Matrix::multiply_int8(int first, int last, const float* x, int x_stride, const QuantisedRows* quantised, int rows,
                           float* y, int y_stride, bool relu, Background* background) const {
#if GS_VNNI
  (void)x;
  (void)x_stride;
  over_tiles<kDotRows>(first, last, panel_bytes_, rows, [&](int p, int row, int count) {
    with_rows<kDotRows>(count, [&](auto constant) {
      tile_dot<decltype(constant)::value>(panel(p), bias_.data() + p * kPanel, *quantised, row, groups_ * group_, groups_,
                                          group_, y + std::ptrdiff_t{row} * y_stride + (p - first) * kPanel, y_stride,
                                          relu, Lines(background, groups_ * group_ / 2, panel(p)));
    });
  });
#else
  (void)quantised;
  over_tiles<kInt8Rows>(first, last, panel_bytes_, rows, [&](int p, int row, int count) {
    with_rows<kInt8Rows>(count, [&](auto constant) {
      tile_int8<decltype(constant)::value>(panel(p), bias_.data() + p * kPanel, x + std::ptrdiff_t{row} * x_stride,
                                           x_stride, inputs_, group_,
                                           y + std::ptrdiff_t{row} * y_stride + (p - first) * kPanel, y_stride, relu,
                                           Lines(background, inputs_, panel(p)));
    });
  });
#endif
}

void Matrix::multiply(int first, int last, const float* x, int x_stride, const QuantisedRows* quantised, int rows,
                      float* y, int y_stride, bool relu, Background* background) const {
  if (first >= last || rows <= 0) return;
  switch (precision_) {
    case Precision::kFloat: return multiply_tiles<float>(first, last, x, x_stride, rows, y, y_stride, relu, background);
    case Precision::kHalf: return multiply_tiles<half>(first, last, x, x_stride, rows, y, y_stride, relu, background);
    case Precision::kBrain: return multiply_brain(first, last, *quantised, rows, y, y_stride, relu);
    case Precision::kInt8: return multiply_int8(first, last, x, x_stride, quantised, rows, y, y_stride, relu, background);
  }
}

bool Matrix::wants_quantised() const {
  if (precision_ == Precision::kBrain) return true;
#if GS_VNNI
  return precision_ == Precision::kInt8;
#else
  return false;
#endif
}

void Matrix::quantise(const float* x, int x_stride, int rows, QuantisedRows& out) const {
#if GS_AVX512
  if (precision_ == Precision::kBrain) {
    const int even = round_up(inputs_, 2);
    const std::size_t brains = static_cast<std::size_t>(rows) * even;
    if (out.brain.size() < brains) out.brain.resize(brains);
    for (int r = 0; r < rows; ++r)
      round_row(x + std::ptrdiff_t{r} * x_stride, inputs_, even, out.brain.data() + std::ptrdiff_t{r} * even);
    return;
  }
#endif
#if GS_VNNI
  const int columns = groups_ * group_;
  const std::size_t need = static_cast<std::size_t>(rows) * columns;
  if (out.high.size() < need + 64) out.high.resize(need + 64), out.low.resize(need + 64);
  const std::size_t groups = static_cast<std::size_t>(rows) * groups_;
  if (out.scale.size() < groups) out.scale.resize(groups), out.offset.resize(groups);
  for (int r = 0; r < rows; ++r) {
    for (int g = 0; g < groups_; ++g) {
      const float* values = x + std::ptrdiff_t{r} * x_stride + g * group_;
      const int count = std::min(group_, inputs_ - g * group_);
      __m512 largest = _mm512_setzero_ps();
      for (int i = 0; i < count; i += 16) {
        const auto mask = static_cast<__mmask16>(count - i >= 16 ? 0xffff : (1 << (count - i)) - 1);
        largest = _mm512_max_ps(largest, vabs(_mm512_maskz_loadu_ps(mask, values + i)));
      }
      const float most = vmaximum(largest);
      const vf inverse = vset(most > 0 ? 32512.0f / most : 0.0f);
      __m512i total = _mm512_setzero_si512();
      std::int8_t* high = out.high.data() + std::ptrdiff_t{r} * columns + g * group_;
      std::int8_t* low = out.low.data() + std::ptrdiff_t{r} * columns + g * group_;
      for (int i = 0; i < group_; i += 16) {
        const auto inside = static_cast<__mmask16>(count - i >= 16 ? 0xffff : count > i ? (1 << (count - i)) - 1 : 0);
        const auto stored = static_cast<__mmask16>(group_ - i >= 16 ? 0xffff : (1 << (group_ - i)) - 1);
        const __m512i q = _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_maskz_loadu_ps(inside, values + i), inverse));
        const __m512i h = _mm512_srai_epi32(_mm512_add_epi32(q, _mm512_set1_epi32(128)), 8);
        _mm512_mask_cvtepi32_storeu_epi8(high + i, stored, h);
        _mm512_mask_cvtepi32_storeu_epi8(low + i, stored, _mm512_sub_epi32(q, _mm512_slli_epi32(h, 8)));
        total = _mm512_add_epi32(total, q);
      }
      out.scale[static_cast<std::size_t>(r * groups_ + g)] = most / 32512.0f;
      out.offset[static_cast<std::size_t>(r * groups_ + g)] = -128 * _mm512_reduce_add_epi32(total);
    }
  }
#else
  (void)x, (void)x_stride, (void)rows, (void)out;
#endif
}

}  // namespace gs
