#include <algorithm>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>

#include "vocoder.h"

#define GS_EXPORT extern "C" __attribute__((visibility("default")))

namespace {

void say(const char* what, char* message, int room) {
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
gs::voc::Sizes read_sizes(const int* values, int count) {
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
  gs::voc::Sizes sizes;
  sizes.inputs = next(), sizes.initial = next(), sizes.condition = next();
  const int stages = next(), blocks = next();
  sizes.rates = list(stages);
  sizes.up_kernels = list(stages);
  sizes.block_kernels = list(blocks);
  for (int i = 0; i < blocks; ++i) sizes.dilations.push_back(list(next()));
  if (used != count) throw std::invalid_argument("the list of sizes is too long");
  return sizes;
}

}  // namespace

// A vocoder from sizes (see read_sizes) and arrays (see arrange), which are not needed afterwards; nullptr and a message
// when it cannot be made.
GS_EXPORT void* gs_vocoder_new(const int* sizes, int size_count, const float* const* arrays, int array_count,
                               char* message, int room) {
  return guarded(message, room, static_cast<void*>(nullptr), [&]() -> void* {
    const std::vector<const float*> given(arrays, arrays + array_count);
    return new gs::voc::Vocoder(gs::voc::arrange(read_sizes(sizes, size_count), given));
  });
}
GS_EXPORT void gs_vocoder_delete(void* vocoder) { delete static_cast<gs::voc::Vocoder*>(vocoder); }
GS_EXPORT long long gs_vocoder_bytes(void* vocoder) {
  return static_cast<long long>(static_cast<gs::voc::Vocoder*>(vocoder)->weights->bytes);
}

// A stretch of audio in the voice of `condition`; to be deleted before its vocoder.
GS_EXPORT void* gs_vocoder_open(void* vocoder, const float* condition, char* message, int room) {
  return guarded(message, room, static_cast<void*>(nullptr), [&]() -> void* {
    return new gs::voc::Session(*static_cast<gs::voc::Vocoder*>(vocoder), condition);
  });
}
GS_EXPORT void gs_vocoder_close(void* session) { delete static_cast<gs::voc::Session*>(session); }

// See Session::push; -1 and a message when it fails.
GS_EXPORT long long gs_vocoder_push(void* session, const float* rows, long long count, int last, float* audio,
                                    long long audio_room, char* message, int room) {
  return guarded(message, room, -1LL, [&] {
    return static_cast<long long>(static_cast<gs::voc::Session*>(session)->push(rows, count, last != 0, audio, audio_room));
  });
}
