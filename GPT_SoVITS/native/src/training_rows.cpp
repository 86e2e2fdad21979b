// The parts of training that touch every element once: leaky ReLU and weight normalisation, and their gradients, as custom
// operators of MindSpore. What is not 0 says that shapes do not fit.
#include <cmath>
#include <cstdint>
#include <cstring>

#include "pool.h"
#include "simd.h"

#define GS_EXPORT extern "C" __attribute__((visibility("default")))

namespace {

using gs::vf;
using Size = std::ptrdiff_t;

constexpr Size kFew = 1 << 14;  // elements below which one thread is faster than two

Size elements(int ndim, const std::int64_t* shape) {
  Size count = 1;
  for (int i = 0; i < ndim; ++i) count *= static_cast<Size>(shape[i]);
  return count;
}

// Float tensors, the last of which has the size of the one at `like`.
bool fit(int count, int expected, const int* ndims, std::int64_t** shapes, const char** dtypes, int like) {
  if (count != expected) return false;
  for (int i = 0; i < count; ++i)
    if (std::strcmp(dtypes[i], "float32") != 0) return false;
  return elements(ndims[count - 1], shapes[count - 1]) == elements(ndims[like], shapes[like]);
}

// task(first, last) over 0..total-1, `each` elements a piece.
template <class Task>
void in_parts(Size total, Size each, Task&& task) {
  if (total * each < kFew) return task(Size{0}, total);
  gs::pool_run(gs::pool_threads(), [&](int index, int threads) {
    const gs::Share mine = gs::share_of(total, index, threads);
    task(mine.first, mine.last);
  });
}

const float* input(void** params, int at) { return static_cast<const float*>(params[at]); }

float dot(const float* a, const float* b, Size count) {
  vf sums[4] = {gs::vzero(), gs::vzero(), gs::vzero(), gs::vzero()};
  Size i = 0;
  for (; i + 4 * gs::kLanes <= count; i += 4 * gs::kLanes)
    for (int v = 0; v < 4; ++v)
      sums[v] = gs::vfma(gs::vload(a + i + v * gs::kLanes), gs::vload(b + i + v * gs::kLanes), sums[v]);
  float sum = gs::vsum(gs::vadd(gs::vadd(sums[0], sums[1]), gs::vadd(sums[2], sums[3])));
  for (; i < count; ++i) sum += a[i] * b[i];
  return sum;
}

}  // namespace

// slope (1,), x -> max(x, slope * x)
GS_EXPORT int TrainLeaky(int count, void** params, int* ndims, std::int64_t** shapes, const char** dtypes, void*, void*) {
  if (!fit(count, 3, ndims, shapes, dtypes, 1)) return 1;
  const float slope = *input(params, 0), *x = input(params, 1);
  float* y = static_cast<float*>(params[2]);
  in_parts(elements(ndims[1], shapes[1]), 1, [&](Size first, Size last) {
    for (Size i = first; i < last; ++i) y[i] = x[i] > 0.0f ? x[i] : x[i] * slope;
  });
  return 0;
}

// slope (1,), y, dy -> dx. The sign of y is that of x, so x need not be kept.
GS_EXPORT int TrainLeakyGradient(int count, void** params, int* ndims, std::int64_t** shapes, const char** dtypes, void*,
                                 void*) {
  if (!fit(count, 4, ndims, shapes, dtypes, 1)) return 1;
  const float slope = *input(params, 0), *y = input(params, 1), *dy = input(params, 2);
  float* dx = static_cast<float*>(params[3]);
  in_parts(elements(ndims[1], shapes[1]), 1, [&](Size first, Size last) {
    for (Size i = first; i < last; ++i) dx[i] = y[i] > 0.0f ? dy[i] : dy[i] * slope;
  });
  return 0;
}

// magnitude (n, 1, ...), direction (n, ...) -> magnitude * direction / ||direction||, row by row
GS_EXPORT int TrainWeight(int count, void** params, int* ndims, std::int64_t** shapes, const char** dtypes, void*, void*) {
  if (!fit(count, 3, ndims, shapes, dtypes, 1)) return 1;
  const Size rows = static_cast<Size>(shapes[1][0]), width = elements(ndims[1], shapes[1]) / rows;
  if (elements(ndims[0], shapes[0]) != rows) return 2;
  const float *magnitude = input(params, 0), *direction = input(params, 1);
  float* weight = static_cast<float*>(params[2]);
  in_parts(rows, width, [&](Size first, Size last) {
    for (Size r = first; r < last; ++r) {
      const float* v = direction + r * width;
      const float scale = magnitude[r] / std::sqrt(dot(v, v, width));
      for (Size i = 0; i < width; ++i) weight[r * width + i] = v[i] * scale;
    }
  });
  return 0;
}

// magnitude, direction, dweight -> their gradients: dmagnitude (n, 1, ...) and ddirection (n, ...)
GS_EXPORT int TrainWeightGradient(int count, void** params, int* ndims, std::int64_t** shapes, const char** dtypes, void*,
                                  void*) {
  if (count != 5 || std::strcmp(dtypes[2], "float32") != 0) return 1;
  const Size rows = static_cast<Size>(shapes[1][0]), width = elements(ndims[1], shapes[1]) / rows;
  if (elements(ndims[0], shapes[0]) != rows || elements(ndims[2], shapes[2]) != rows * width ||
      elements(ndims[3], shapes[3]) != rows || elements(ndims[4], shapes[4]) != rows * width)
    return 2;
  const float *magnitude = input(params, 0), *direction = input(params, 1), *dweight = input(params, 2);
  float *dmagnitude = static_cast<float*>(params[3]), *ddirection = static_cast<float*>(params[4]);
  in_parts(rows, width, [&](Size first, Size last) {
    for (Size r = first; r < last; ++r) {
      const float *v = direction + r * width, *dw = dweight + r * width;
      const float norm = std::sqrt(dot(v, v, width)), along = dot(v, dw, width) / norm;
      const float scale = magnitude[r] / norm, back = scale * along / norm;
      dmagnitude[r] = along;
      for (Size i = 0; i < width; ++i) ddirection[r * width + i] = dw[i] * scale - v[i] * back;
    }
  });
  return 0;
}
