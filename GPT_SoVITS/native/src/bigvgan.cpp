#include "bigvgan.h"

#include <utility>

namespace gs::voc {
namespace {

constexpr int kGroup = 32;  // tiles that share a read of the weights

Buffer padded_row(const float* values, int count) {
  Buffer row = allocate(padded(count));
  std::copy_n(values, count, row.get());
  return row;
}

Snake snake(Arrays& given, int channels) {
  Buffer alpha = padded_row(given.next(), channels);
  return {std::move(alpha), padded_row(given.next(), channels)};
}

}  // namespace

BigVgan::BigVgan(const Sizes& sizes, bool tangent, const std::vector<const float*>& arrays)
    : sizes_(sizes), tangent_(tangent) {
  if (std::max(sizes.inputs, sizes.initial) > kMostChannels)
    throw std::invalid_argument("more than " + std::to_string(kMostChannels) + " channels");
  Arrays given(arrays);
  const float* weight = given.next();
  pre_ = plain(weight, given.next(), sizes.inputs, sizes.initial, kEdgeTaps, bytes_);
  int inputs = sizes.initial;
  for (size_t s = 0; s < sizes.rates.size(); ++s) {
    PeriodicStage stage;
    const int channels = sizes.channels(static_cast<int>(s));
    stage.rate = sizes.rates[s];
    stage.channels = padded(channels);
    weight = given.next();
    stage.up = upsampling(weight, given.next(), inputs, channels, sizes.up_kernels[s], stage.rate, bytes_);
    for (size_t b = 0; b < sizes.block_kernels.size(); ++b) {
      const int kernel = sizes.block_kernels[b];
      std::vector<PeriodicPair> pairs(sizes.dilations[b].size());
      for (size_t i = 0; i < pairs.size(); ++i) {
        pairs[i].before = snake(given, channels);
        weight = given.next();
        pairs[i].dilated = tiled(weight, given.next(), channels, kernel, sizes.dilations[b][i], bytes_);
        pairs[i].between = snake(given, channels);
        weight = given.next();
        pairs[i].plain = tiled(weight, given.next(), channels, kernel, 1, bytes_);
      }
      stage.blocks.push_back(std::move(pairs));
    }
    stages_.push_back(std::move(stage));
    inputs = channels;
  }
  last_activation_ = snake(given, inputs);
  post_ = last(given.next(), inputs);
  post_bias_ = *given.next();
  std::copy_n(given.next(), kFilterTaps, up_);
  std::copy_n(given.next(), kFilterTaps, down_);
  given.finish();
}

std::int64_t BigVgan::samples_per_frame() const {
  std::int64_t rate = 1;
  for (const PeriodicStage& stage : stages_) rate *= stage.rate;
  return rate;
}

Rows BigVgan::rows(Scratch& scratch, std::int64_t length, int channels) {
  return {scratch.need(static_cast<size_t>(length) * channels), 0, length, channels};
}

void BigVgan::activate(const Snake& snake, const Rows& in, const Rows& out) {
  const SnakeJob job{&in, &out, snake.alpha.get(), snake.inverse.get(), up_, down_};
  parallel((in.end + kSnakeRows - 1) / kSnakeRows, [&](std::int64_t i, int thread) {
    run_snake(job, i * kSnakeRows, std::min(in.end, (i + 1) * kSnakeRows), threads_[thread].need(snake_scratch()));
  });
}

// One residual block, added to what the blocks before it have put there.
void BigVgan::block(const std::vector<PeriodicPair>& pairs, const Rows& in, const Rows& out, bool first, float scale) {
  Rows x = in;
  for (size_t i = 0; i < pairs.size(); ++i) {
    const PeriodicPair& pair = pairs[i];
    const Rows active = rows(active_, x.end, x.channels), middle = rows(middle_, x.end, x.channels);
    activate(pair.before, x, active);
    run_tiled(pair.dilated, active, middle, 0, {nullptr, 1.0f, false, 1.0f, 1.0f}, kGroup, threads_);
    activate(pair.between, middle, active);
    if (i + 1 == pairs.size()) {
      run_tiled(pair.plain, active, out, 0, {&x, 1.0f, !first, scale, 1.0f}, kGroup, threads_);
      return;
    }
    const Rows y = rows(i % 2 ? odd_ : even_, x.end, x.channels);
    run_tiled(pair.plain, active, y, 0, {&x, 1.0f, false, 1.0f, 1.0f}, kGroup, threads_);
    x = y;
  }
}

void BigVgan::run(const float* frames, std::int64_t count, float* audio) {
  const std::lock_guard<std::mutex> one_at_a_time(busy_);
  threads_.resize(std::max<size_t>(threads_.size(), pool_threads()));
  const Rows mel = rows(raised_, count, padded(sizes_.inputs));
  for (std::int64_t t = 0; t < count; ++t) {
    std::copy_n(frames + t * sizes_.inputs, sizes_.inputs, mel.at(t));
    std::fill(mel.at(t) + sizes_.inputs, mel.at(t) + mel.channels, 0.0f);
  }
  Rows x = rows(output_, count, pre_.columns);
  run_panels(pre_, pre_.bias.get(), mel, x.data, 0, count, 1.0f, threads_);
  for (const PeriodicStage& stage : stages_) {
    const Rows raised = rows(raised_, x.end * stage.rate, stage.channels);
    run_panels(stage.up, stage.up.bias.get(), x, raised.data, 0, x.end, 1.0f, threads_);
    const Rows out = rows(output_, raised.end, stage.channels);
    for (size_t b = 0; b < stage.blocks.size(); ++b) {
      const float scale = b + 1 == stage.blocks.size() ? 1.0f / static_cast<float>(stage.blocks.size()) : 1.0f;
      block(stage.blocks[b], raised, out, b == 0, scale);
    }
    x = out;
  }
  const Rows active = rows(active_, x.end, x.channels);
  activate(last_activation_, x, active);
  run_last({&active, post_.get(), kEdgeTaps, post_bias_, tangent_, 0, audio}, active.end);
}

}  // namespace gs::voc
