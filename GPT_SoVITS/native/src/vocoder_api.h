// What the plain functions of the vocoders share: messages for exceptions, sizes from a list of numbers.
#pragma once

#include <algorithm>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>

#include "vocoder_weights.h"

#define GS_EXPORT extern "C" __attribute__((visibility("default")))

namespace gs::voc {

inline void say(const char* what, char* message, int room) {
  if (message && room > 0) std::snprintf(message, static_cast<size_t>(room), "%s", what);
}

// Runs what may throw; the message tells why the result is `failure`.
template <class Result, class Body>
Result guarded(char* message, int room, Result failure, Body&& body) {
  try {
    return body();
  } catch (const std::exception& error) {
    say(error.what(), message, room);
  } catch (...) {
    say("unknown error", message, room);
  }
  return failure;
}

// inputs, initial, condition, stages, blocks, rates.., kernels.., block kernels.., then for each block its number of
// dilations and these.
inline Sizes read_sizes(const int* values, int count) {
  int used = 0;
  const auto next = [&] {
    if (used >= count) throw std::invalid_argument("the list of sizes is too short");
    const int value = values[used++];
    if (value < 1 || value > 1 << 16) throw std::invalid_argument("size " + std::to_string(value));
    return value;
  };
  const auto list = [&](int length) {
    std::vector<int> result(static_cast<size_t>(length));
    std::generate(result.begin(), result.end(), next);
    return result;
  };
  Sizes sizes;
  sizes.inputs = next(), sizes.initial = next(), sizes.condition = next();
  const int stages = next(), blocks = next();
  sizes.rates = list(stages);
  sizes.up_kernels = list(stages);
  sizes.block_kernels = list(blocks);
  for (int i = 0; i < blocks; ++i) sizes.dilations.push_back(list(next()));
  if (used != count) throw std::invalid_argument("the list of sizes is too long");
  return sizes;
}

}  // namespace gs::voc
