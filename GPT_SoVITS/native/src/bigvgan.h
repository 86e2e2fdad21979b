// BigVGAN: a generator whose residual blocks have anti-aliased periodic activations. Runs a whole stretch at a time.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "conv_layers.h"
#include "snake.h"

namespace gs::voc {

struct Snake {
  Buffer alpha, inverse;
};

struct PeriodicPair {
  Snake before, between;
  Tiled dilated, plain;
};

struct PeriodicStage {
  int rate = 0, channels = 0;  // padded
  Panels up;
  std::vector<std::vector<PeriodicPair>> blocks;
};

class BigVgan {
 public:
  // Arrays as the official file holds them with weight norm folded, in this order: conv_pre; for each stage ups, then
  // for each of its blocks and pairs the frequency and the inverse magnitude of the first activation, convs1, those of
  // the second, convs2; those of the last activation, conv_post; the filters that raise and lower. Throws
  // std::invalid_argument for sizes that the kernels cannot do.
  BigVgan(const Sizes& sizes, bool tangent, const std::vector<const float*>& arrays);

  // rows [frames][inputs] to samples_per_frame() samples each. One call at a time.
  void run(const float* rows, std::int64_t frames, float* audio);

  std::int64_t samples_per_frame() const;
  size_t bytes() const { return bytes_; }

 private:
  void activate(const Snake& snake, const Rows& in, const Rows& out);
  void block(const std::vector<PeriodicPair>& pairs, const Rows& in, const Rows& out, bool first, float scale);
  Rows rows(Scratch& scratch, std::int64_t length, int channels);

  Sizes sizes_;
  bool tangent_;
  Panels pre_;
  std::vector<PeriodicStage> stages_;
  Snake last_activation_;
  Buffer post_;
  float post_bias_ = 0;
  float up_[kFilterTaps], down_[kFilterTaps];
  size_t bytes_ = 0;
  std::mutex busy_;
  std::vector<Scratch> threads_;
  Scratch raised_, active_, middle_, even_, odd_, output_;
};

}  // namespace gs::voc
