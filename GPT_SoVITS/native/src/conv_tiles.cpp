#include <algorithm>
#include <cmath>
#include <cstring>

#include "conv.h"
#include "conv_vector.h"

// The transform. A real tile u of 2H samples is the polynomial z_j = u_j + i u_(j+H) modulo x^H - i. Level by level
// x^(2h) - r splits into x^h - sqrt(r) and x^h + sqrt(r), so after log2 H levels of butterflies there are H numbers, in
// an order that the weights share (vocoder_weights.cpp). Real and imaginary part of a product come from three products,
// c (a + b), (d - c) a, (c + d) b: the sums of inputs are made here, those of weights in registers.

namespace gs::voc {
namespace {

constexpr float kZeros[kMostChannels] = {};
#if defined(__AVX512F__) || defined(__aarch64__)
constexpr int kTilesAtOnce = 4;
#else
constexpr int kTilesAtOnce = 6;
#endif

template <int H>
struct Roots {
  float re[H], im[H];  // of node n of level l at 2^l + n
  Roots() {
    double angle[H];
    re[0] = im[0] = 0;
    for (int at = 1; at < H; ++at) {
      angle[at] = (at == 1 ? M_PI / 2 : angle[at / 2] + (at % 2 ? M_PI : 0)) / 2;
      re[at] = static_cast<float>(std::cos(angle[at]));
      im[at] = static_cast<float>(std::sin(angle[at]));
    }
  }
};
template <int H>
const Roots<H> roots;

template <int H, int Half>  // levels from blocks of 2 * Half downwards
GS_INLINE void split(Vec (&re)[H], Vec (&im)[H]) {
  unrolled<H / 2>(GS_BODY(index) {
    constexpr int node = index / Half, j = node * 2 * Half + index % Half, at = H / 2 / Half + node;
    const Vec c = splat(roots<H>.re[at]), s = splat(roots<H>.im[at]);
    const Vec x = fnma(im[j + Half], s, re[j + Half] * c), y = fma(re[j + Half], s, im[j + Half] * c);
    re[j + Half] = re[j] - x;
    im[j + Half] = im[j] - y;
    re[j] = re[j] + x;
    im[j] = im[j] + y;
  });
  if constexpr (Half > 1) split<H, Half / 2>(re, im);
}

template <int H, int Half>
GS_INLINE void join(Vec (&re)[H], Vec (&im)[H]) {
  if constexpr (Half > 1) join<H, Half / 2>(re, im);
  unrolled<H / 2>(GS_BODY(index) {
    constexpr int node = index / Half, j = node * 2 * Half + index % Half, at = H / 2 / Half + node;
    const Vec c = splat(roots<H>.re[at]), s = splat(roots<H>.im[at]);
    const Vec x = re[j] - re[j + Half], y = im[j] - im[j + Half];
    re[j] = re[j] + re[j + Half];
    im[j] = im[j] + im[j + Half];
    re[j + Half] = fma(y, s, x * c);
    im[j + Half] = fnma(x, s, y * c);
  });
}

struct Tile {
  std::int64_t start;  // output time of its first row
  int rows;            // outputs of it that are wanted
};

Tile tile_at(const TileJob& job, int index) {
  const int d = job.conv->dilation, outputs = job.conv->tile_outputs();
  const int phase = index / job.tiles_per_phase, step = index % job.tiles_per_phase;
  const std::int64_t start = job.first + phase + std::int64_t{step} * outputs * d;
  const std::int64_t left = (job.last - start + d - 1) / d;
  return {start, static_cast<int>(std::clamp<std::int64_t>(left, 0, outputs))};
}

// Rows -> [half][...][a + b, a, b][channels], `stride` floats from one number to the next.
template <int H>
void transform(const TileJob& job, const Tile& tile, float* out, size_t stride) {
  const int channels = job.conv->inputs, d = job.conv->dilation;
  const std::int64_t start = tile.start - job.conv->kernel / 2 * d;
  const float* rows[2 * H];
  for (int j = 0; j < 2 * H; ++j) {
    const std::int64_t time = start + std::int64_t{j} * d;
    rows[j] = time >= job.in->begin && time < job.in->end ? job.in->at(time) : kZeros;
  }
  for (int c = 0; c < channels; c += kWidth) {
    Vec re[H], im[H];
    unrolled<H>(GS_BODY(j) {
      re[j] = load(rows[j] + c);
      im[j] = load(rows[j + H] + c);
    });
    split<H, H / 2>(re, im);
    unrolled<H>(GS_BODY(j) {
      float* at = out + j * stride + c;
      store(at, re[j] + im[j]);
      store(at + channels, re[j]);
      store(at + 2 * channels, im[j]);
    });
  }
}

GS_INLINE Vec finish(Vec sum, const Epilogue& e, const float* residual, const float* old) {
  if (residual) {
    const Vec active = load(residual);
    sum = sum + smaller(active, active * splat(1 / e.residual_slope));
  }
  if (e.accumulate) sum = sum + load(old);
  sum = sum * splat(e.scale);
  return larger(sum, sum * splat(e.slope));
}

// [half][...][real, imaginary][channels] -> rows of the output. The first kernel - 1 samples of a tile are those that
// wrapped around.
template <int H>
void restore(const TileJob& job, const Tile& tile, const float* products, size_t stride) {
  const TileConv& conv = *job.conv;
  const int channels = conv.outputs, skip = conv.kernel - 1, stop = skip + tile.rows;
  const std::ptrdiff_t row = std::ptrdiff_t{conv.dilation} * channels;
  const Epilogue& e = job.epilogue;
  float* const out = job.out->at(tile.start);
  const float* const residual = e.residual ? e.residual->at(tile.start) : nullptr;
  for (int c = 0; c < channels; c += kWidth) {
    Vec re[H], im[H];
    unrolled<H>(GS_BODY(j) {
      re[j] = load(products + j * stride + c);
      im[j] = load(products + j * stride + channels + c);
    });
    join<H, H / 2>(re, im);
    const Vec bias = load(conv.bias + c);
    unrolled<2 * H>(GS_BODY(j) {
      if (j >= skip && j < stop) {
        const std::ptrdiff_t at = (j - skip) * row + c;
        const Vec sum = (j < H ? re[j % H] : im[j % H]) + bias;
        store(out + at, finish(sum, e, residual ? residual + at : nullptr, out + at));
      }
    });
  }
}

#if defined(__AVX512F__) || defined(__aarch64__)
// M tiles times J vectors of columns of one complex number: all three products at once, in up to 24 of 32 registers.
template <int M, int J>
GS_INLINE void multiply_block(const float* v, size_t row, int inputs, const float* u, int width, float* out,
                              size_t out_row, int outputs) {
  Vec k1[M * J], k2[M * J], k3[M * J];
  unrolled<M * J>(GS_BODY(i) { k1[i] = k2[i] = k3[i] = splat(0); });
  for (int k = 0; k < inputs; ++k, u += 2 * width) {
    Vec c[J], p[J], q[J];
    unrolled<J>(GS_BODY(j) {
      const Vec d = load(u + width + j * kWidth);
      c[j] = load(u + j * kWidth);
      p[j] = d - c[j];
      q[j] = d + c[j];
    });
    unrolled<M>(GS_BODY(m) {
      const float* at = v + m * row + k;
      unrolled<J>(GS_BODY(j) {
        k1[m * J + j] = fma(c[j], splat(at[0]), k1[m * J + j]);
        k2[m * J + j] = fma(p[j], splat(at[inputs]), k2[m * J + j]);
        k3[m * J + j] = fma(q[j], splat(at[2 * inputs]), k3[m * J + j]);
      });
    });
  }
  unrolled<M * J>(GS_BODY(i) {
    float* at = out + i / J * out_row + i % J * kWidth;
    store(at, k1[i] - k3[i]);
    store(at + outputs, k1[i] + k2[i]);
  });
}
#else
// With 16 registers one product after the other is faster: product 0 is c (a + b), 1 is (d - c) a, 2 is (c + d) b.
template <int Product, int M, int J>
GS_INLINE void multiply_one(const float* v, size_t row, int inputs, const float* u, int width, float* out,
                            size_t out_row, int outputs) {
  Vec sum[M * J];
  unrolled<M * J>(GS_BODY(i) { sum[i] = splat(0); });
  v += Product * inputs;
  for (int k = 0; k < inputs; ++k, u += 2 * width) {
    Vec w[J];
    unrolled<J>(GS_BODY(j) {
      w[j] = load(u + j * kWidth);
      if constexpr (Product == 1) w[j] = load(u + width + j * kWidth) - w[j];
      if constexpr (Product == 2) w[j] = load(u + width + j * kWidth) + w[j];
    });
    unrolled<M>(GS_BODY(m) {
      const Vec s = splat(v[m * row + k]);
      unrolled<J>(GS_BODY(j) { sum[m * J + j] = fma(w[j], s, sum[m * J + j]); });
    });
  }
  unrolled<M * J>(GS_BODY(i) {
    float* at = out + i / J * out_row + i % J * kWidth;
    if constexpr (Product == 0) {
      store(at, sum[i]);
      store(at + outputs, sum[i]);
    } else if constexpr (Product == 1) {
      store(at + outputs, load(at + outputs) + sum[i]);
    } else {
      store(at, load(at) - sum[i]);
    }
  });
}

template <int M, int J>
GS_INLINE void multiply_block(const float* v, size_t row, int inputs, const float* u, int width, float* out,
                              size_t out_row, int outputs) {
  multiply_one<0, M, J>(v, row, inputs, u, width, out, out_row, outputs);
  multiply_one<1, M, J>(v, row, inputs, u, width, out, out_row, outputs);
  multiply_one<2, M, J>(v, row, inputs, u, width, out, out_row, outputs);
}
#endif

template <int M, int J>
void multiply_rows(int count, const float* v, size_t row, int inputs, const float* u, int width, float* out,
                   size_t out_row, int outputs) {
  int m = 0;
  for (; m + M <= count; m += M)
    multiply_block<M, J>(v + m * row, row, inputs, u, width, out + m * out_row, out_row, outputs);
  for (; m < count; ++m)
    multiply_block<1, J>(v + m * row, row, inputs, u, width, out + m * out_row, out_row, outputs);
}

// v [count][3][inputs] times one complex number's weights -> out [count][2][outputs].
void multiply(const TileConv& conv, const float* u, const float* v, int count, float* out) {
  const size_t row = size_t{3} * conv.inputs, out_row = size_t{2} * conv.outputs;
  for (int at = 0, width; at < conv.outputs; at += width) {
    width = panel_width(conv.outputs, at);
    if (width == 2 * kWidth)
      multiply_rows<kTilesAtOnce, 2>(count, v, row, conv.inputs, u, width, out + at, out_row, conv.outputs);
    else
      multiply_rows<2 * kTilesAtOnce, 1>(count, v, row, conv.inputs, u, width, out + at, out_row, conv.outputs);
    u += size_t{2} * width * conv.inputs;
  }
}

// Strides a little off powers of two, which would put all numbers of a tile into one set of the cache.
size_t input_stride(const TileJob& job) { return size_t{3} * job.conv->inputs * job.group + kNarrow; }
size_t output_stride(const TileJob& job) { return size_t{2} * job.conv->outputs * job.group + kNarrow; }

template <int H>
void run_group(const TileJob& job, int group, float* scratch) {
  const TileConv& conv = *job.conv;
  const int first = group * job.group, count = std::min(job.group, job.tiles - first);
  const size_t in_stride = input_stride(job), out_stride = output_stride(job);
  float* const v = scratch;
  float* const products = scratch + in_stride * H;
  for (int i = 0; i < count; ++i) transform<H>(job, tile_at(job, first + i), v + size_t{3} * i * conv.inputs, in_stride);
  const size_t number = size_t{2} * conv.inputs * conv.outputs;
  for (int f = 0; f < H; ++f)
    multiply(conv, conv.weight + f * number, v + f * in_stride, count, products + f * out_stride);
  for (int i = 0; i < count; ++i)
    restore<H>(job, tile_at(job, first + i), products + size_t{2} * i * conv.outputs, out_stride);
}

}  // namespace

TileJob tile_job(const TileConv& conv, const Rows& in, const Rows& out, std::int64_t first, std::int64_t last,
                 const Epilogue& epilogue, int threads, int most) {
  const std::int64_t phase = (last - first + conv.dilation - 1) / conv.dilation;
  TileJob job{&conv, &in, &out, first, last, epilogue, 0, 0, 0};
  job.tiles_per_phase = static_cast<int>((phase + conv.tile_outputs() - 1) / conv.tile_outputs());
  job.tiles = job.tiles_per_phase * conv.dilation;
  const int rounds = (job.tiles + threads * most - 1) / (threads * most);
  job.group = static_cast<int>(align_up((job.tiles + rounds * threads - 1) / (rounds * threads), kTilesAtOnce));
  return job;
}

size_t tile_scratch(const TileJob& job) { return (input_stride(job) + output_stride(job)) * job.conv->half; }

void run_tiles(const TileJob& job, int group, float* scratch) {
  if (job.conv->half == 16) run_group<16>(job, group, scratch);
  else run_group<8>(job, group, scratch);
}

}  // namespace gs::voc
