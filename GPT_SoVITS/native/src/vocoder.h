// The generator of SoVITS v1, v2, v2Pro and v2ProPlus as a stream: latent frames in, audio out as soon as it is certain.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "conv_layers.h"

namespace gs::voc {

struct Vocoder {
  std::unique_ptr<Weights> weights;
  std::mutex busy;                       // one push at a time: sessions share the memory below
  std::vector<Scratch> threads;
  std::vector<Scratch> inputs, outputs;  // of each stage
  Scratch raised, middle, even, odd;
  size_t chunk = size_t{1} << 18;        // floats of a signal that a stage computes in one go, for the cache's sake
  int group = 32;                        // tiles that share a read of the weights

  explicit Vocoder(std::unique_ptr<Weights> w);
};

// A signal of which only the rows that are still needed are kept.
struct Stream {
  int channels = 0;
  std::int64_t begin = 0, end = 0;
  std::vector<float> tail;
};

// One stretch of audio. Every layer computes what its inputs allow and keeps the few rows that the next call needs, so
// nothing is computed twice and the audio does not depend on how the frames were cut (up to rounding).
class Session {
 public:
  Session(Vocoder& vocoder, const float* condition);

  // Takes `count` rows of latent frames [count][inputs]; with `last` these end the stretch. Writes the samples that are
  // certain now and returns how many; throws std::length_error when they are more than `room`.
  std::int64_t push(const float* rows, std::int64_t count, bool last, float* audio, std::int64_t room);

 private:
  struct PairState {
    Stream middle, out;
  };
  struct StageState {
    Stream in, raised;
    std::vector<std::vector<PairState>> blocks;
    std::int64_t done = 0;
  };

  void tiles(const Tiled& layer, const Rows& in, const Rows& out, std::int64_t first, const Epilogue& epilogue);
  void feed(size_t stage, const float* rows, std::int64_t count, bool last);
  void raise(size_t stage, const float* rows, std::int64_t count, bool last);
  void blocks(size_t stage, Rows& raised, bool last);
  std::int64_t block(size_t stage, size_t index, const Rows& raised, const Rows& out, bool last);
  void finish(const float* rows, std::int64_t count, bool last);

  Vocoder& vocoder_;
  const Weights& weights_;
  Buffer bias_;  // of the first convolution, with the condition
  Stream frames_, last_;
  std::vector<StageState> stages_;
  std::int64_t samples_ = 0, written_ = 0, room_ = 0;
  float* audio_ = nullptr;
  bool ended_ = false;
};

}  // namespace gs::voc
