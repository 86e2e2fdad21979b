// The generator's weights in the order and form in which the kernels read them.
#pragma once

#include <cstdlib>
#include <memory>
#include <vector>

#include "conv.h"

namespace gs::voc {

struct Free {
  void operator()(float* p) const { std::free(p); }
};
using Buffer = std::unique_ptr<float[], Free>;
Buffer allocate(size_t count);  // aligned to 64 bytes, zeroed

// Sizes as the checkpoint has them; see GeneratorConfig in sovits/config.py.
struct Sizes {
  int inputs = 0, initial = 0, condition = 0;
  std::vector<int> rates, up_kernels, block_kernels;
  std::vector<std::vector<int>> dilations;  // of each block kernel
  int channels(int stage) const { return initial >> (stage + 1); }
};
constexpr int kEdgeTaps = 7;  // of the first and the last convolution

inline int padded(int channels) { return static_cast<int>(align_up(static_cast<size_t>(channels), kNarrow)); }

struct Tiled {
  TileConv conv;
  Buffer weight, bias;
};

struct Panels {
  std::vector<PanelConv> parts;
  std::vector<Buffer> weights;
  Buffer bias;  // of the whole output row
  int columns = 0, low = 0, high = 0;
};

struct Pair {
  Tiled dilated, plain;
};

struct Stage {
  int rate = 0, channels = 0;  // padded
  Panels up;
  std::vector<std::vector<Pair>> blocks;
};

struct Weights {
  Sizes sizes;
  Panels pre;
  std::vector<float> condition, condition_bias;  // [initial][condition], [initial]
  std::vector<Stage> stages;
  Buffer post;  // [taps][channels]
  float post_bias = 0;
  size_t bytes = 0;
};

// Arrays in an order that the caller knows, handed out one after the other.
class Arrays {
 public:
  explicit Arrays(const std::vector<const float*>& given) : given_(given) {}
  const float* next();   // throws std::invalid_argument when there is none
  void finish() const;   // throws std::invalid_argument when there are more
 private:
  const std::vector<const float*>& given_;
  size_t used_ = 0;
};

// Layers in the form in which the kernels read them; `bytes` grows by what they take.
Tiled tiled(const float* weight, const float* bias, int channels, int kernel, int dilation, size_t& bytes);
Panels plain(const float* weight, const float* bias, int inputs, int outputs, int taps, size_t& bytes);
Panels upsampling(const float* weight, const float* bias, int inputs, int outputs, int kernel, int rate, size_t& bytes);
Buffer last(const float* weight, int inputs);  // (1, inputs, kEdgeTaps) -> [taps][channels]

// Arrays as the official file holds them with weight norm folded, contiguous, in this order: conv_pre, cond, then for
// each stage ups and for each of its blocks and pairs convs1, convs2 (weight and bias of each), then conv_post.
// Throws std::invalid_argument for sizes that the kernels cannot do.
std::unique_ptr<Weights> arrange(const Sizes& sizes, const std::vector<const float*>& arrays);

}  // namespace gs::voc
