// Float32 kernels of training: a convolution along one axis of (batch, channels, length, width) planes, and its gradients.
//
// Everything is planes of samples that lie together. `width` samples share a place of the length: 1 for ordinary
// signals, the period where a discriminator folds one. A tap then reads a plane at an offset, whatever the stride,
// dilation and width are, so that one kernel serves all convolutions and both directions.
#pragma once

#include <cstddef>

namespace gs::train {

struct Conv {
  int batch, inputs, outputs, length, width, kernel, stride, dilation, padding, groups;
  int group_inputs() const { return inputs / groups; }
  int group_outputs() const { return outputs / groups; }
  int output_length() const { return (length + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1; }
  // Whether the kernels below can compute it: a stride and a dilation exclude each other.
  bool possible() const;
};

// x (batch, inputs, length, width), weight (outputs, inputs / groups, kernel), y (batch, outputs, output length, width)
void forward(const Conv& conv, const float* x, const float* weight, float* y);
void input_gradient(const Conv& conv, const float* dy, const float* weight, float* dx);
void weight_gradient(const Conv& conv, const float* x, const float* dy, float* dweight);

}  // namespace gs::train
