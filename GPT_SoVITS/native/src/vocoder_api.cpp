#include "vocoder.h"
#include "vocoder_api.h"

using gs::voc::guarded;

// A vocoder from sizes (see read_sizes) and arrays (see arrange), which are not needed afterwards; nullptr and a message
// when it cannot be made.
GS_EXPORT void* gs_vocoder_new(const int* sizes, int size_count, const float* const* arrays, int array_count,
                               char* message, int room) {
  return guarded(message, room, static_cast<void*>(nullptr), [&]() -> void* {
    const std::vector<const float*> given(arrays, arrays + array_count);
    return new gs::voc::Vocoder(gs::voc::arrange(gs::voc::read_sizes(sizes, size_count), given));
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
