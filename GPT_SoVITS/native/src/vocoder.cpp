#include "vocoder.h"

#include <algorithm>
#include <stdexcept>

namespace gs::voc {
namespace {

constexpr float kSlope = 0.1f;
constexpr float kLastSlope = 0.01f;  // before the last convolution the official code has PyTorch's default

std::int64_t reach(const Tiled& layer) { return std::int64_t{layer.conv.kernel / 2} * layer.conv.dilation; }

// Rows of a stream up to `end` in scratch memory; what the stream keeps is copied there.
Rows open(const Stream& stream, Scratch& scratch, std::int64_t end) {
  float* data = scratch.need(static_cast<size_t>(end - stream.begin) * stream.channels);
  std::copy(stream.tail.begin(), stream.tail.end(), data);
  return {data, stream.begin, end, stream.channels};
}

Rows append(const Stream& stream, Scratch& scratch, const float* rows, std::int64_t count) {
  const Rows all = open(stream, scratch, stream.end + count);
  std::copy_n(rows, count * stream.channels, all.at(stream.end));
  return all;
}

// Keeps the rows from `keep` on.
void close(Stream& stream, const Rows& rows, std::int64_t keep) {
  stream.begin = std::clamp(keep, rows.begin, rows.end);
  stream.end = rows.end;
  stream.tail.assign(rows.at(stream.begin), rows.at(stream.end));
}

}  // namespace

Vocoder::Vocoder(std::unique_ptr<Weights> w)
    : weights(std::move(w)), inputs(weights->stages.size() + 1), outputs(weights->stages.size() + 1) {}

Session::Session(Vocoder& vocoder, const float* condition) : vocoder_(vocoder), weights_(*vocoder.weights) {
  const Sizes& sizes = weights_.sizes;
  bias_ = allocate(weights_.pre.columns);
  for (int c = 0; c < sizes.initial; ++c) {
    double sum = weights_.condition_bias[c];
    const float* row = weights_.condition.data() + size_t{1} * c * sizes.condition;
    for (int i = 0; i < sizes.condition; ++i) sum += static_cast<double>(row[i]) * condition[i];
    bias_[c] = weights_.pre.bias[c] + static_cast<float>(sum);
  }
  frames_.channels = padded(sizes.inputs);
  int channels = padded(sizes.initial);
  for (const Stage& stage : weights_.stages) {
    StageState state;
    state.in.channels = channels;
    state.raised.channels = channels = stage.channels;
    for (const auto& pairs : stage.blocks) {
      state.blocks.emplace_back(pairs.size());
      for (PairState& pair : state.blocks.back()) pair.middle.channels = pair.out.channels = channels;
    }
    stages_.push_back(std::move(state));
  }
  last_.channels = channels;
}

std::int64_t Session::push(const float* rows, std::int64_t count, bool last, float* audio, std::int64_t room) {
  if (ended_) throw std::logic_error("frames after the last ones");
  const std::lock_guard<std::mutex> one_at_a_time(vocoder_.busy);
  vocoder_.threads.resize(std::max<size_t>(vocoder_.threads.size(), pool_threads()));
  audio_ = audio, written_ = 0, room_ = room, ended_ = last;
  const int inputs = weights_.sizes.inputs;
  const std::int64_t before = frames_.end, end = before + count, first = stages_[0].in.end;
  const Rows in = open(frames_, vocoder_.inputs[0], end);
  for (std::int64_t t = 0; t < count; ++t) {
    float* to = in.at(before + t);
    std::copy_n(rows + t * inputs, inputs, to);
    std::fill(to + inputs, to + in.channels, 0.0f);
  }
  const std::int64_t stop = last ? end : std::max(first, end - kEdgeTaps / 2);
  float* out = vocoder_.outputs.back().need(static_cast<size_t>(stop - first) * weights_.pre.columns);
  run_panels(weights_.pre, bias_.get(), in, out, first, stop, kSlope, vocoder_.threads);
  close(frames_, in, stop - kEdgeTaps / 2);
  feed(0, out, stop - first, last);
  return written_;
}

void Session::tiles(const Tiled& layer, const Rows& in, const Rows& out, std::int64_t first, const Epilogue& epilogue) {
  run_tiled(layer, in, out, first, epilogue, vocoder_.group, vocoder_.threads);
}

void Session::feed(size_t stage, const float* rows, std::int64_t count, bool last) {
  if (stage == stages_.size()) return finish(rows, count, last);
  const Stage& w = weights_.stages[stage];
  const std::int64_t most = std::max<std::int64_t>(1, vocoder_.chunk / (size_t{1} * w.channels * w.rate));
  const std::int64_t pieces = std::max<std::int64_t>(1, (count + most - 1) / most), size = (count + pieces - 1) / pieces;
  for (std::int64_t at = 0; at == 0 || at < count; at += size) {
    const std::int64_t taken = std::min(size, count - at);
    raise(stage, rows + at * stages_[stage].in.channels, taken, last && at + taken == count);
    if (size == 0) break;
  }
}

void Session::raise(size_t stage, const float* rows, std::int64_t count, bool last) {
  const Stage& w = weights_.stages[stage];
  StageState& state = stages_[stage];
  const Rows in = append(state.in, vocoder_.inputs[stage], rows, count);
  const std::int64_t first = state.raised.end / w.rate, stop = last ? in.end : std::max(first, in.end - w.up.high);
  Rows raised = open(state.raised, vocoder_.raised, stop * w.rate);
  run_panels(w.up, w.up.bias.get(), in, raised.at(first * w.rate), first, stop, kSlope, vocoder_.threads);
  close(state.in, in, stop + w.up.low);
  blocks(stage, raised, last);
}

// The parallel blocks of a stage: as far as the one that looks ahead furthest allows.
void Session::blocks(size_t stage, Rows& raised, bool last) {
  const Stage& w = weights_.stages[stage];
  StageState& state = stages_[stage];
  std::int64_t ahead = 0;
  for (const auto& pairs : w.blocks) {
    std::int64_t sum = 0;
    for (const Pair& pair : pairs) sum += reach(pair.dilated) + reach(pair.plain);
    ahead = std::max(ahead, sum);
  }
  const std::int64_t before = state.done, done = last ? raised.end : std::max(before, raised.end - ahead);
  const size_t size = static_cast<size_t>(done - before) * w.channels;
  const Rows out{vocoder_.outputs[stage].need(size), before, done, w.channels};
  std::int64_t keep = raised.end;
  for (size_t index = 0; index < w.blocks.size(); ++index) keep = std::min(keep, block(stage, index, raised, out, last));
  close(state.raised, raised, keep);
  state.done = done;
  feed(stage + 1, out.data, done - before, last);
}

// One residual block, added to what the blocks before it have put there; returns the first input row it still needs.
std::int64_t Session::block(size_t stage, size_t index, const Rows& raised, const Rows& out, bool last) {
  const auto& layers = weights_.stages[stage].blocks;
  const auto& pairs = layers[index];
  const bool closing = index + 1 == layers.size();
  const float mean = closing ? 1.0f / static_cast<float>(layers.size()) : 1.0f;
  const float slope = !closing ? 1.0f : stage + 1 == stages_.size() ? kLastSlope : kSlope;
  const auto ready = [&](const Rows& in, const Tiled& layer, const Stream& to) {
    return last ? in.end : std::max(to.end, in.end - reach(layer));
  };
  Rows x = raised;
  Stream* stream = nullptr;  // of x, except for the block's input
  std::int64_t keep = 0;
  for (size_t i = 0; i < pairs.size(); ++i) {
    PairState& state = stages_[stage].blocks[index][i];
    const Pair& pair = pairs[i];
    const Rows y = open(state.middle, vocoder_.middle, ready(x, pair.dilated, state.middle));
    tiles(pair.dilated, x, y, state.middle.end, {nullptr, kSlope, false, 1.0f, kSlope});
    Rows z = out;
    if (i + 1 < pairs.size()) {
      z = open(state.out, i % 2 ? vocoder_.odd : vocoder_.even, ready(y, pair.plain, state.out));
      tiles(pair.plain, y, z, state.out.end, {&x, kSlope, false, 1.0f, kSlope});
    } else {
      tiles(pair.plain, y, z, z.begin, {&x, kSlope, index > 0, mean, slope});
    }
    close(state.middle, y, z.end - reach(pair.plain));
    const std::int64_t needed = std::min(z.end, y.end - reach(pair.dilated));
    if (stream) close(*stream, x, needed);
    else keep = needed;
    x = z;
    stream = &state.out;
  }
  return keep;
}

void Session::finish(const float* rows, std::int64_t count, bool last) {
  const Rows in = append(last_, vocoder_.inputs.back(), rows, count);
  const std::int64_t stop = last ? in.end : std::max(samples_, in.end - kEdgeTaps / 2);
  if (written_ + stop - samples_ > room_) throw std::length_error("no room for the samples");
  run_last({&in, weights_.post.get(), kEdgeTaps, weights_.post_bias, true, samples_, audio_ + written_}, stop);
  written_ += stop - samples_;
  samples_ = stop;
  close(last_, in, stop - kEdgeTaps / 2);
}

}  // namespace gs::voc
