// What the library offers of the encoder stack: plain functions for ctypes. One thread at a time per encoder.
#include <exception>

#include "encoder.h"

#define GS_EXPORT extern "C" __attribute__((visibility("default")))

// `numbers`: dim, heads, layers, ffn. Null when there is no memory or a number is impossible.
GS_EXPORT void* encoder_new(const int* numbers, float epsilon, int precision, int group) {
  const gs::EncoderSizes sizes{numbers[0], numbers[1], numbers[2], numbers[3], epsilon};
  if (sizes.dim < 1 || sizes.heads < 1 || sizes.layers < 1 || sizes.ffn < 1 || sizes.dim % sizes.heads != 0)
    return nullptr;
  try {
    return new gs::Encoder(sizes, static_cast<gs::Precision>(precision), group);
  } catch (const std::exception&) {
    return nullptr;
  }
}

GS_EXPORT void encoder_free(void* encoder) { delete static_cast<gs::Encoder*>(encoder); }

GS_EXPORT long long encoder_bytes(const void* encoder) {
  return static_cast<long long>(static_cast<const gs::Encoder*>(encoder)->bytes());
}

// See Encoder::set; -3 without memory.
GS_EXPORT int encoder_set(void* encoder, int layer, int kind, const void* data, int is_half, long long count) {
  auto& found = *static_cast<gs::Encoder*>(encoder);
  if (layer < 0 || layer >= found.sizes.layers || kind < 0 || kind > 15) return -2;
  try {
    return found.set(layer, kind, data, is_half != 0, static_cast<long>(count));
  } catch (const std::exception&) {
    return -3;
  }
}

// x (rows, dim), changed in place. 0, -1 without memory, -2 for impossible arguments.
GS_EXPORT int encoder_run(void* encoder, int first, int last, float* x, int rows, int threads) {
  auto& found = *static_cast<gs::Encoder*>(encoder);
  if (first < 0 || last > found.sizes.layers || first > last || rows < 1) return -2;
  try {
    found.run(first, last, x, rows, threads > 0 ? threads : gs::pool_threads());
  } catch (const std::exception&) {
    return -1;
  }
  return 0;
}
