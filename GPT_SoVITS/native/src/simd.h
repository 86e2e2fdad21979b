// Vectors of float for the instruction set this file is compiled for, under one set of names.
//
// kLanes floats a vector. Matrix products work on panels of kPanel outputs (kPanelVectors vectors) and up to
// kTileRows rows at a time: as many accumulators as the register file holds.
#pragma once

#include <cstdint>
#include <cstring>

#if defined(__AVX512F__) && defined(__AVX512BW__)
#include <immintrin.h>
#define GS_AVX512 1
#elif defined(__AVX2__)
#include <immintrin.h>
#define GS_AVX2 1
#elif defined(__aarch64__)
#include <arm_neon.h>
#define GS_NEON 1
#else
#error "no instruction set of ours: AVX-512, AVX2 with FMA and F16C, or NEON"
#endif
#if defined(__AVX512VNNI__)
#define GS_VNNI 1
#endif

#define GS_INLINE static inline __attribute__((always_inline))

namespace gs {

using half = std::uint16_t;  // the bits of an IEEE float16

#if GS_AVX512
using vf = __m512;
constexpr int kLanes = 16, kPanelVectors = 2, kTileRows = 12;
GS_INLINE vf vzero() { return _mm512_setzero_ps(); }
GS_INLINE vf vset(float x) { return _mm512_set1_ps(x); }
GS_INLINE vf vload(const float* p) { return _mm512_loadu_ps(p); }
GS_INLINE vf vload(const half* p) { return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))); }
GS_INLINE vf vload(const std::int8_t* p) {
  return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))));
}
GS_INLINE void vstore(float* p, vf x) { _mm512_storeu_ps(p, x); }
GS_INLINE void vstore(half* p, vf x) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT));
}
GS_INLINE vf vadd(vf a, vf b) { return _mm512_add_ps(a, b); }
GS_INLINE vf vsub(vf a, vf b) { return _mm512_sub_ps(a, b); }
GS_INLINE vf vmul(vf a, vf b) { return _mm512_mul_ps(a, b); }
GS_INLINE vf vmax(vf a, vf b) { return _mm512_max_ps(a, b); }
GS_INLINE vf vfma(vf a, vf b, vf c) { return _mm512_fmadd_ps(a, b, c); }  // a * b + c
GS_INLINE vf vround(vf x) { return _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
GS_INLINE vf vscale2(vf x, vf n) { return _mm512_scalef_ps(x, n); }  // x * 2^n for whole n
GS_INLINE float vsum(vf x) { return _mm512_reduce_add_ps(x); }
GS_INLINE float vmaximum(vf x) { return _mm512_reduce_max_ps(x); }
GS_INLINE vf vabs(vf x) { return _mm512_abs_ps(x); }
#elif GS_AVX2
using vf = __m256;
constexpr int kLanes = 8, kPanelVectors = 2, kTileRows = 6;
GS_INLINE vf vzero() { return _mm256_setzero_ps(); }
GS_INLINE vf vset(float x) { return _mm256_set1_ps(x); }
GS_INLINE vf vload(const float* p) { return _mm256_loadu_ps(p); }
GS_INLINE vf vload(const half* p) { return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))); }
GS_INLINE vf vload(const std::int8_t* p) {
  return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p))));
}
GS_INLINE void vstore(float* p, vf x) { _mm256_storeu_ps(p, x); }
GS_INLINE void vstore(half* p, vf x) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm256_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT));
}
GS_INLINE vf vadd(vf a, vf b) { return _mm256_add_ps(a, b); }
GS_INLINE vf vsub(vf a, vf b) { return _mm256_sub_ps(a, b); }
GS_INLINE vf vmul(vf a, vf b) { return _mm256_mul_ps(a, b); }
GS_INLINE vf vmax(vf a, vf b) { return _mm256_max_ps(a, b); }
GS_INLINE vf vfma(vf a, vf b, vf c) { return _mm256_fmadd_ps(a, b, c); }
GS_INLINE vf vround(vf x) { return _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
GS_INLINE vf vscale2(vf x, vf n) {
  const __m256i exponent = _mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23);
  return _mm256_mul_ps(x, _mm256_castsi256_ps(exponent));
}
GS_INLINE float vsum(vf x) {
  __m128 s = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
  s = _mm_add_ps(s, _mm_movehl_ps(s, s));
  return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}
GS_INLINE float vmaximum(vf x) {
  __m128 s = _mm_max_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
  s = _mm_max_ps(s, _mm_movehl_ps(s, s));
  return _mm_cvtss_f32(_mm_max_ss(s, _mm_movehdup_ps(s)));
}
GS_INLINE vf vabs(vf x) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), x); }
#elif GS_NEON
using vf = float32x4_t;
constexpr int kLanes = 4, kPanelVectors = 4, kTileRows = 6;
GS_INLINE vf vzero() { return vdupq_n_f32(0); }
GS_INLINE vf vset(float x) { return vdupq_n_f32(x); }
GS_INLINE vf vload(const float* p) { return vld1q_f32(p); }
GS_INLINE vf vload(const half* p) { return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p))); }
GS_INLINE vf vload(const std::int8_t* p) {
  std::int32_t four;
  std::memcpy(&four, p, 4);
  const int8x8_t bytes = vreinterpret_s8_s32(vdup_n_s32(four));
  return vcvtq_f32_s32(vmovl_s16(vget_low_s16(vmovl_s8(bytes))));
}
GS_INLINE void vstore(float* p, vf x) { vst1q_f32(p, x); }
GS_INLINE void vstore(half* p, vf x) { vst1_u16(p, vreinterpret_u16_f16(vcvt_f16_f32(x))); }
GS_INLINE vf vadd(vf a, vf b) { return vaddq_f32(a, b); }
GS_INLINE vf vsub(vf a, vf b) { return vsubq_f32(a, b); }
GS_INLINE vf vmul(vf a, vf b) { return vmulq_f32(a, b); }
GS_INLINE vf vmax(vf a, vf b) { return vmaxq_f32(a, b); }
GS_INLINE vf vfma(vf a, vf b, vf c) { return vfmaq_f32(c, a, b); }
GS_INLINE vf vround(vf x) { return vrndnq_f32(x); }
GS_INLINE vf vscale2(vf x, vf n) {
  const int32x4_t exponent = vshlq_n_s32(vaddq_s32(vcvtq_s32_f32(n), vdupq_n_s32(127)), 23);
  return vmulq_f32(x, vreinterpretq_f32_s32(exponent));
}
GS_INLINE float vsum(vf x) { return vaddvq_f32(x); }
GS_INLINE float vmaximum(vf x) { return vmaxvq_f32(x); }
GS_INLINE vf vabs(vf x) { return vabsq_f32(x); }
#endif

constexpr int kPanel = kLanes * kPanelVectors;

GS_INLINE void prefetch(const void* p) { __builtin_prefetch(p, 0, 3); }

// e^x for x <= 0 (down to -87, below it 0 within 2e-38): within 2 units in the last place.
GS_INLINE vf vexp(vf x) {
  x = vmax(x, vset(-87.0f));
  const vf n = vround(vmul(x, vset(1.44269504088896341f)));
  vf r = vfma(n, vset(-0.693359375f), x);
  r = vfma(n, vset(2.12194440e-4f), r);
  vf p = vset(1.9875691500e-4f);
  p = vfma(p, r, vset(1.3981999507e-3f));
  p = vfma(p, r, vset(8.3334519073e-3f));
  p = vfma(p, r, vset(4.1665795894e-2f));
  p = vfma(p, r, vset(1.6666665459e-1f));
  p = vfma(p, r, vset(5.0000001201e-1f));
  p = vfma(vmul(p, r), r, vadd(r, vset(1.0f)));
  return vscale2(p, n);
}

template <class Int>
constexpr Int round_up(Int value, Int multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

GS_INLINE float to_float(float x) { return x; }
GS_INLINE float to_float(half x) {
  half many[kLanes] = {x};
  float out[kLanes];
  vstore(out, vload(many));
  return out[0];
}
GS_INLINE half to_half(float x) {
  const float many[kLanes] = {x};
  half out[kLanes];
  vstore(out, vload(many));
  return out[0];
}

}  // namespace gs
