// Training's convolutions as custom operators of MindSpore. Parameters: geometry (stride, dilation, padding, groups;
// int32), two tensors (4 axes, one of length and one of width), for the gradient of the input a tensor that is as long
// as the input, then the result. What is not 0 says that shapes do not fit.
#include <cstdint>
#include <cstring>
#include <exception>
#include <initializer_list>

#include "training.h"

#define GS_EXPORT extern "C" __attribute__((visibility("default")))

namespace {

using gs::train::Conv;

constexpr int kAxes = 4;
constexpr int kWrongParameters = 1, kWrongShapes = 2, kNoMemory = 3;

// Which axis the kernel runs along: the other one has a kernel of 1 and is folded into the length or is the width.
bool along_last(const std::int64_t* weight) { return weight[2] == 1; }

// From the shapes of x, the weight and y. A kernel of 1 x k needs planes of height 1.
bool read(const std::int32_t* geometry, const std::int64_t* x, const std::int64_t* weight, const std::int64_t* y, Conv& conv) {
  const bool last = along_last(weight);
  const int length = last ? 3 : 2, width = last ? 2 : 3;
  if (weight[width] != 1 || (last && x[2] != 1)) return false;
  conv = {static_cast<int>(x[0]),           static_cast<int>(x[1]), static_cast<int>(weight[0]),
          static_cast<int>(x[length]),      static_cast<int>(x[width]), static_cast<int>(weight[length]),
          geometry[0],                      geometry[1],            geometry[2],
          geometry[3]};
  return conv.possible() && weight[1] == conv.group_inputs() && y[0] == x[0] && y[1] == weight[0] &&
         y[length] == conv.output_length() && y[width] == x[width];
}

bool fits(std::initializer_list<int> tensors, const int* ndims, std::int64_t** shapes, const char** dtypes) {
  if (ndims[0] != 1 || shapes[0][0] != 4 || std::strcmp(dtypes[0], "int32") != 0) return false;
  for (const int i : tensors)
    if (ndims[i] != kAxes || std::strcmp(dtypes[i], "float32") != 0) return false;
  return true;
}

// Runs `compute(conv)` with the conv of x, weight and y, which stand at these places.
template <class Compute>
int run(bool counted, void** params, const int* ndims, std::int64_t** shapes, const char** dtypes, int x, int weight, int y,
        Compute&& compute) {
  if (!counted || !fits({x, weight, y}, ndims, shapes, dtypes)) return kWrongParameters;
  Conv conv{};
  if (!read(static_cast<const std::int32_t*>(params[0]), shapes[x], shapes[weight], shapes[y], conv)) return kWrongShapes;
  try {
    compute(conv);
  } catch (const std::exception&) {
    return kNoMemory;
  }
  return 0;
}

const float* input(void** params, int at) { return static_cast<const float*>(params[at]); }
float* output(void** params, int at) { return static_cast<float*>(params[at]); }

}  // namespace

GS_EXPORT int TrainConv(int count, void** params, int* ndims, std::int64_t** shapes, const char** dtypes, void*, void*) {
  return run(count == 4, params, ndims, shapes, dtypes, 1, 2, 3,
             [&](const Conv& conv) { gs::train::forward(conv, input(params, 1), input(params, 2), output(params, 3)); });
}

// dy, weight, a tensor as long as x -> dx
GS_EXPORT int TrainConvInput(int count, void** params, int* ndims, std::int64_t** shapes, const char** dtypes, void*,
                             void*) {
  return run(count == 5, params, ndims, shapes, dtypes, 4, 2, 1, [&](const Conv& conv) {
    gs::train::input_gradient(conv, input(params, 1), input(params, 2), output(params, 4));
  });
}

// x, dy -> dweight
GS_EXPORT int TrainConvWeight(int count, void** params, int* ndims, std::int64_t** shapes, const char** dtypes, void*,
                              void*) {
  return run(count == 4, params, ndims, shapes, dtypes, 1, 3, 2, [&](const Conv& conv) {
    gs::train::weight_gradient(conv, input(params, 1), input(params, 2), output(params, 3));
  });
}
