#include "bigvgan.h"
#include "vocoder_api.h"

using gs::voc::guarded;

// From sizes (see read_sizes, with any condition) and arrays (see BigVgan), which are not needed afterwards; nullptr and
// a message when it cannot be made.
GS_EXPORT void* gs_bigvgan_new(const int* sizes, int size_count, int tangent, const float* const* arrays,
                               int array_count, char* message, int room) {
  return guarded(message, room, static_cast<void*>(nullptr), [&]() -> void* {
    const std::vector<const float*> given(arrays, arrays + array_count);
    return new gs::voc::BigVgan(gs::voc::read_sizes(sizes, size_count), tangent != 0, given);
  });
}
GS_EXPORT void gs_bigvgan_delete(void* network) { delete static_cast<gs::voc::BigVgan*>(network); }
GS_EXPORT long long gs_bigvgan_bytes(void* network) {
  return static_cast<long long>(static_cast<gs::voc::BigVgan*>(network)->bytes());
}

// See BigVgan::run; -1 and a message when it fails.
GS_EXPORT int gs_bigvgan_run(void* network, const float* rows, long long frames, float* audio, char* message, int room) {
  return guarded(message, room, -1, [&] {
    static_cast<gs::voc::BigVgan*>(network)->run(rows, frames, audio);
    return 0;
  });
}
