// Vectors of floats as wide as the instruction set that is being compiled for, and loops that unroll for certain.
#pragma once

#include <cstddef>
#include <utility>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#define GS_INLINE inline __attribute__((always_inline))

namespace gs::voc {
namespace {  // every translation unit has its own: libraries of several instruction sets may be in one process

#if defined(__AVX512F__)
constexpr int kWidth = 16;
using Vec = __m512;
GS_INLINE Vec load(const float* p) { return _mm512_loadu_ps(p); }
GS_INLINE void store(float* p, Vec v) { _mm512_storeu_ps(p, v); }
GS_INLINE Vec splat(float s) { return _mm512_set1_ps(s); }
GS_INLINE Vec fma(Vec a, Vec b, Vec c) { return _mm512_fmadd_ps(a, b, c); }
GS_INLINE Vec fnma(Vec a, Vec b, Vec c) { return _mm512_fnmadd_ps(a, b, c); }  // c - a * b
GS_INLINE Vec larger(Vec a, Vec b) { return _mm512_mask_max_ps(a, 0xFFFF, a, b); }  // GCC 12 warns of the plain one
GS_INLINE Vec smaller(Vec a, Vec b) { return _mm512_mask_min_ps(a, 0xFFFF, a, b); }
#elif defined(__AVX2__)
constexpr int kWidth = 8;
using Vec = __m256;
GS_INLINE Vec load(const float* p) { return _mm256_loadu_ps(p); }
GS_INLINE void store(float* p, Vec v) { _mm256_storeu_ps(p, v); }
GS_INLINE Vec splat(float s) { return _mm256_set1_ps(s); }
GS_INLINE Vec fma(Vec a, Vec b, Vec c) { return _mm256_fmadd_ps(a, b, c); }
GS_INLINE Vec fnma(Vec a, Vec b, Vec c) { return _mm256_fnmadd_ps(a, b, c); }
GS_INLINE Vec larger(Vec a, Vec b) { return _mm256_max_ps(a, b); }
GS_INLINE Vec smaller(Vec a, Vec b) { return _mm256_min_ps(a, b); }
#elif defined(__aarch64__)
constexpr int kWidth = 4;
using Vec = float32x4_t;
GS_INLINE Vec load(const float* p) { return vld1q_f32(p); }
GS_INLINE void store(float* p, Vec v) { vst1q_f32(p, v); }
GS_INLINE Vec splat(float s) { return vdupq_n_f32(s); }
GS_INLINE Vec fma(Vec a, Vec b, Vec c) { return vfmaq_f32(c, a, b); }
GS_INLINE Vec fnma(Vec a, Vec b, Vec c) { return vfmsq_f32(c, a, b); }
GS_INLINE Vec larger(Vec a, Vec b) { return vmaxq_f32(a, b); }
GS_INLINE Vec smaller(Vec a, Vec b) { return vminq_f32(a, b); }
#else
#error "no vectors for this processor"
#endif

template <int Count, class Body, int... Index>
GS_INLINE void unrolled(Body&& body, std::integer_sequence<int, Index...>) {
  (body(std::integral_constant<int, Index>{}), ...);
}

// body(0), ..., body(Count - 1) with constant arguments.
template <int Count, class Body>
GS_INLINE void unrolled(Body&& body) {
  unrolled<Count>(std::forward<Body>(body), std::make_integer_sequence<int, Count>{});
}
#define GS_BODY(index) [&](auto index) __attribute__((always_inline))

}  // namespace
}  // namespace gs::voc
