// Compares kernels of a library with plain loops in double precision: loops LIBRARY. Talks to the library as Python does;
// knows nothing of its sources.
//
// Numbers of products are multiples of 1/64 so small that every precision holds them and float sums them exactly, in any
// order. Products therefore have to be equal, not close.
#include <dlfcn.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace {

using Floats = std::vector<float>;

void* library = nullptr;

template <class Function>
Function* symbol(const char* name) {
  void* found = dlsym(library, name);
  if (!found) std::printf("missing: %s\n", name), std::exit(1);
  return reinterpret_cast<Function*>(found);
}

struct Numbers {
  std::uint32_t state = 1;
  Floats many(std::size_t count, int steps) {  // multiples of 1 / steps within 1
    Floats found(count);
    for (float& one : found) {
      state = state * 1664525u + 1013904223u;
      one = static_cast<float>(static_cast<int>((state >> 16) % (2 * steps + 1)) - steps) / static_cast<float>(steps);
    }
    return found;
  }
};

void need(bool holds, const char* what, int a = 0, int b = 0, int c = 0) {
  if (!holds) std::printf("failed: %s (%d, %d, %d)\n", what, a, b, c), std::exit(1);
}

// Largest difference, relative to the largest number.
double apart(const Floats& found, const std::vector<double>& right) {
  double most = 0, largest = 0;
  for (std::size_t i = 0; i < right.size(); ++i) {
    if (!std::isfinite(found[i])) return 1e9;
    most = std::max(most, std::fabs(found[i] - right[i])), largest = std::max(largest, std::fabs(right[i]));
  }
  return most / largest;
}

constexpr int kGroup = 64, kRank = 3, kBrain = 3;

// One matrix, changed by a pair or not, times rows that lie `stride` floats apart.
void product(int precision, int outputs, int inputs, int rows, int stride, bool changed, bool relu, int threads) {
  Numbers numbers;
  const Floats weights = numbers.many(static_cast<std::size_t>(outputs) * inputs, 64);
  const Floats bias = numbers.many(outputs, 64), x = numbers.many(static_cast<std::size_t>(rows) * stride + inputs, 64);
  const Floats up = numbers.many(static_cast<std::size_t>(outputs) * kRank, 8);
  const Floats down = numbers.many(static_cast<std::size_t>(kRank) * inputs, 8);
  const int sizes[] = {outputs, inputs}, rank = changed ? kRank : 0;
  void* made = symbol<void*(const int*, int, int, int)>("products_new")(sizes, 1, precision, kGroup);
  need(made != nullptr, "products_new", precision);
  need(symbol<int(void*, int, int, int, const void*, int, const float*, const float*, const float*, int)>("products_set")(
           made, 0, 0, outputs, weights.data(), 0, bias.data(), up.data(), down.data(), rank) == 0,
       "products_set", precision, outputs, inputs);
  const int room = symbol<int(const void*, int)>("products_room")(made, 0);
  Floats y(static_cast<std::size_t>(rows) * room);
  need(symbol<int(const void*, int, const float*, long long, int, float*, int, int)>("products_run")(
           made, 0, x.data(), stride, rows, y.data(), relu, threads) == 0, "products_run", precision);
  symbol<void(void*)>("products_free")(made);
  for (int r = 0; r < rows; ++r) {
    for (int o = 0; o < outputs; ++o) {
      double sum = bias[o];
      for (int i = 0; i < inputs; ++i) {
        double weight = weights[static_cast<std::size_t>(o) * inputs + i];
        for (int k = 0; k < rank; ++k) weight += static_cast<double>(up[o * kRank + k]) * down[k * inputs + i];
        sum += weight * x[static_cast<std::size_t>(r) * stride + i];
      }
      if (relu) sum = std::max(sum, 0.0);
      need(y[static_cast<std::size_t>(r) * room + o] == sum, changed ? "product of a changed matrix" : "product",
           precision, r, o);
    }
  }
}

int products() {
  const auto offers = symbol<int(int)>("products_offers");
  const int shapes[][2] = {{1, 1}, {33, 7}, {70, 75}, {130, 200}};
  int count = 0;
  for (int precision : {0, 1, kBrain}) {
    if (!offers(precision)) continue;
    for (const auto& shape : shapes)
      for (int rows : {1, 5, 13, 61})
        for (int threads : {1, 3}) {
          const int wide = shape[1] + 5, overlapping = (shape[1] + 1) / 2;
          product(precision, shape[0], shape[1], rows, wide, false, rows == 13, threads);
          product(precision, shape[0], shape[1], rows, overlapping, true, false, threads);
          count += 2;
        }
  }
  return count;
}

// Every row takes from the first `count` rows, by the softmax of its query's products with their keys.
int attention() {
  constexpr int kHeads = 3;
  int runs = 0;
  for (int rows : {1, 7, 130})
    for (int width : {4, 20, 64})
      for (int count : {rows, (rows + 1) / 2}) {
        Numbers numbers;
        const int size = kHeads * width, stride = 3 * size;
        const Floats qkv = numbers.many(static_cast<std::size_t>(rows) * stride, 64);
        Floats out(static_cast<std::size_t>(rows) * size);
        need(symbol<int(const float*, int, int, int, int, float*, int, int)>("attention_run")(
                 qkv.data(), rows, kHeads, width, count, out.data(), 0, 2) == 0, "attention_run", rows, width, count);
        std::vector<double> right(out.size()), score(count);
        for (int r = 0; r < rows; ++r)
          for (int h = 0; h < kHeads; ++h) {
            const float* query = qkv.data() + static_cast<std::ptrdiff_t>(r) * stride + h * width;
            double total = 0;
            for (int k = 0; k < count; ++k) {
              const float* key = qkv.data() + static_cast<std::ptrdiff_t>(k) * stride + size + h * width;
              double sum = 0;
              for (int i = 0; i < width; ++i) sum += static_cast<double>(query[i]) * key[i];
              total += score[k] = std::exp(sum);
            }
            for (int k = 0; k < count; ++k)
              for (int i = 0; i < width; ++i)
                right[static_cast<std::size_t>(r) * size + h * width + i] +=
                    score[k] / total * qkv[static_cast<std::size_t>(k) * stride + 2 * size + h * width + i];
          }
        need(apart(out, right) < 2e-6, "attention", rows, width, count);
        ++runs;
      }
  return runs;
}

struct Conv {
  int stride, dilation, padding, groups, kernel;
};
constexpr int kBatch = 2, kInputs = 12, kOutputs = 18, kLength = 41;

using Custom = int(int, void**, int*, std::int64_t**, const char**, void*, void*);

// Calls an operator of training over these tensors, (axes of 4) each, after the geometry.
void custom(const char* name, const Conv& conv, std::vector<std::pair<float*, std::vector<std::int64_t>>> tensors) {
  std::int32_t geometry[] = {conv.stride, conv.dilation, conv.padding, conv.groups};
  std::int64_t four[] = {4};
  std::vector<void*> data = {geometry};
  std::vector<std::int64_t*> shapes = {four};
  std::vector<const char*> types = {"int32"};
  std::vector<int> axes = {1};
  for (auto& [values, shape] : tensors)
    data.push_back(values), shapes.push_back(shape.data()), types.push_back("float32"), axes.push_back(4);
  const int count = static_cast<int>(data.size());
  need(symbol<Custom>(name)(count, data.data(), axes.data(), shapes.data(), types.data(), nullptr, nullptr) == 0, name, conv.kernel, conv.stride, conv.dilation);
}

// A convolution along the length, its gradients by input and weight; all sums are exact.
void convolution(const Conv& conv, int width) {
  const int own = kInputs / conv.groups, made = kOutputs / conv.groups;
  const int length = (kLength + 2 * conv.padding - conv.dilation * (conv.kernel - 1) - 1) / conv.stride + 1;
  const bool last = width == 1;  // which axis the length is: signals have the last, folded ones the one before it
  const auto shape = [last](std::int64_t a, std::int64_t b, std::int64_t along, std::int64_t beside) {
    return std::vector<std::int64_t>{a, b, last ? beside : along, last ? along : beside};
  };
  const auto xs = shape(kBatch, kInputs, kLength, width), ys = shape(kBatch, kOutputs, length, width);
  const auto ws = shape(kOutputs, own, conv.kernel, 1);
  Numbers numbers;
  Floats x = numbers.many(std::size_t{kBatch} * kInputs * kLength * width, 8);
  Floats w = numbers.many(std::size_t{kOutputs} * own * conv.kernel, 8);
  Floats dy = numbers.many(std::size_t{kBatch} * kOutputs * length * width, 8);
  Floats y(dy.size()), dx(x.size()), dw(w.size());
  custom("TrainConv", conv, {{x.data(), xs}, {w.data(), ws}, {y.data(), ys}});
  custom("TrainConvInput", conv, {{dy.data(), ys}, {w.data(), ws}, {x.data(), xs}, {dx.data(), xs}});
  custom("TrainConvWeight", conv, {{x.data(), xs}, {dy.data(), ys}, {dw.data(), ws}});
  std::vector<double> right_y(y.size()), right_dx(dx.size()), right_dw(dw.size());
  for (int b = 0; b < kBatch; ++b)
    for (int o = 0; o < kOutputs; ++o)
      for (int t = 0; t < length; ++t)
        for (int i = 0; i < own; ++i)
          for (int k = 0; k < conv.kernel; ++k) {
            const int from = t * conv.stride - conv.padding + k * conv.dilation, channel = o / made * own + i;
            if (from < 0 || from >= kLength) continue;
            for (int p = 0; p < width; ++p) {
              const std::size_t at_x = ((std::size_t(b) * kInputs + channel) * kLength + from) * width + p;
              const std::size_t at_y = ((std::size_t(b) * kOutputs + o) * length + t) * width + p;
              const std::size_t at_w = (std::size_t(o) * own + i) * conv.kernel + k;
              right_y[at_y] += double(x[at_x]) * w[at_w];
              right_dx[at_x] += double(dy[at_y]) * w[at_w];
              right_dw[at_w] += double(dy[at_y]) * x[at_x];
            }
          }
  need(apart(y, right_y) == 0, "convolution", conv.kernel, conv.stride, width);
  need(apart(dx, right_dx) == 0, "gradient of the input", conv.kernel, conv.stride, width);
  need(apart(dw, right_dw) == 0, "gradient of the weight", conv.kernel, conv.stride, width);
}

int convolutions() {
  const Conv convs[] = {{1, 1, 3, 1, 7}, {1, 3, 3, 1, 3}, {3, 1, 2, 1, 5}, {1, 1, 0, 1, 1}, {2, 1, 4, 3, 8}};
  int runs = 0;
  for (const Conv& conv : convs)
    for (int width : {1, 3})
      if (width == 1 || conv.kernel > 1) convolution(conv, width), ++runs;  // a kernel of 1 tells no axis
  return 3 * runs;
}

}  // namespace

int main(int count, char** arguments) {
  library = count == 2 ? dlopen(arguments[1], RTLD_NOW) : nullptr;
  if (!library) return std::printf("cannot open the library: %s\n", count == 2 ? dlerror() : "none given"), 1;
  const int exact = products(), mixed = attention(), trained = convolutions();
  std::printf("%s: %d products, %d of attention, %d of training\n", symbol<const char*()>("gs_isa")(), exact, mixed, trained);
  return 0;
}
