// A stack of post-norm transformer layers with full attention and GELU: what HuBERT and BERT consist of.
#pragma once

#include <memory>
#include <vector>

#include "attention.h"
#include "matrix.h"
#include "memory.h"
#include "pool.h"

namespace gs {

struct EncoderSizes {
  int dim, heads, layers, ffn;
  float epsilon;
  int head_dim() const { return dim / heads; }
};

struct EncoderLayer {
  Matrix query, key, value, out, up, down;
  std::vector<float> biases[6];  // in the order of the matrices
  std::vector<float> norm1_weight, norm1_bias, norm2_weight, norm2_bias;
};

class Encoder {
 public:
  Encoder(const EncoderSizes& sizes, Precision precision, int group);

  // Takes one tensor of a layer, float16 bits or float32. Kinds: 0..5 matrices, 6..11 their biases, 12..15 the weight
  // and bias of the first and of the second norm. Returns 0, -1 if a weight is not finite in the precision, -2 if the
  // size is wrong.
  int set(int layer, int kind, const void* data, bool is_half, long count);
  std::size_t bytes() const { return arena_.bytes(); }

  // Runs layers first..last-1 over x (rows, dim), in place. Throws std::bad_alloc before anything has been computed.
  void run(int first, int last, float* x, int rows, int threads);

  const EncoderSizes sizes;

 private:
  struct Scratch {
    AttentionScratch attention;
    QuantisedRows rows;
  };
  int pack(Matrix& matrix, const void* data, bool is_half);
  void thread(int first, int last, float* x, int rows, int index, int count, Barrier& barrier);

  const Precision precision_;
  std::vector<EncoderLayer> layers_;
  Region arena_;
  int stride_ = 0, wide_stride_ = 0;
  std::vector<float> x_, q_, k_, v_, mixed_, y_, wide_;
  std::vector<std::unique_ptr<Scratch>> scratch_;
};

}  // namespace gs
