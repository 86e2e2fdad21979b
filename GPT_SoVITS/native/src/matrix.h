// Weight matrices packed in the order in which a product streams them, and products with a few rows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "memory.h"
#include "simd.h"

namespace gs {

enum class Precision : int { kFloat = 0, kHalf = 1, kInt8 = 2, kBrain = 3 };

// Whether this processor multiplies pairs of bfloat16; kBrain is for those that do.
bool has_brain();

// Rows of activations with a stride that keeps equal columns of neighbouring rows in different cache sets.
constexpr int row_stride(int columns) { return round_up(columns, 16) + 16; }

// Quantised activations of int8 products on processors with byte dot products: 16 bits each, as two signed bytes, and
// a scale for each group. Those of bfloat16 products are rounded to it. Every thread quantises for itself.
struct QuantisedRows {
  std::vector<std::int8_t> high, low;  // (rows, columns)
  std::vector<float> scale;            // (rows, groups)
  std::vector<std::int32_t> offset;    // (rows, groups): undoes the weights' offset of 128
  std::vector<std::uint16_t> brain;    // (rows, inputs, made even)
};

// Memory that will be needed soon, fetched a line at a time between the multiplications of a product. With many rows
// products are bound by arithmetic and attention by memory: this lets the one pay for the other.
class Background {
 public:
  void clear() { segments_.clear(), next_ = 0, at_ = end_ = nullptr; }
  void add(const char* from, std::size_t bytes) { segments_.push_back({from, from + bytes}); }
  // The start of `lines` lines to fetch, null when there is nothing left. May reach beyond a segment's end.
  const char* take(int lines) {
    if (at_ >= end_) {
      if (next_ == segments_.size()) return nullptr;
      at_ = segments_[next_].from;
      end_ = segments_[next_++].to;
    }
    const char* from = at_;
    at_ += static_cast<std::ptrdiff_t>(lines) * 64;
    return from;
  }

 private:
  struct Segment {
    const char *from, *to;
  };
  std::vector<Segment> segments_;
  std::size_t next_ = 0;
  const char *at_ = nullptr, *end_ = nullptr;
};

// What is added to rows of weights while they are packed: up (rows, rank) times down (rank, inputs). Nothing for rank 0.
struct LowRank {
  const float *up = nullptr, *down = nullptr;
  int rank = 0;
};

// outputs x inputs weights; row `o` gives output `o`. Packed by panels of kPanel outputs, zero beyond the last.
class Matrix {
 public:
  // Inputs need not be a multiple of the group; a group of weights of one output shares a scale (kInt8 only).
  Matrix() = default;
  Matrix(int outputs, int inputs, Precision precision, int group);

  std::size_t bytes() const;           // of packed weights
  void place(char* at) { data_ = at; }  // memory of bytes(), aligned to 64, which the caller keeps

  // Packs output `at` from its row of `inputs` weights, with its bias. Returns how many weights the precision cannot
  // hold exactly, or -1 if one is not finite in it.
  long set_output(int at, const float* weights, float bias);
  // The same for `count` outputs from `first` on, whose rows (count, inputs) of float or half lie together; best for a
  // whole panel.
  template <class Weight>
  long set_outputs(int first, int count, const Weight* weights, const float* bias, const LowRank& change = {});

  // Packs the weights of input `at` for all outputs, which is a copy; not for kInt8. Biases are left as they are.
  void set_input(int at, const float* weights);

  int outputs() const { return outputs_; }
  int inputs() const { return inputs_; }
  int panels() const { return panels_; }
  const char* panel(int index) const { return data_ + panel_bytes_ * static_cast<std::size_t>(index); }

  // y[r][o] = bias[o] + sum of weights[o][i] x[r][i] for the outputs of panels first..last-1, o counted from panel
  // `first`. Every output is one chain of sums over i whatever `rows` is, so a row's result never depends on others.
  // y must have room for whole panels. The background, if any, is fetched between the multiplications.
  void multiply(int first, int last, const float* x, int x_stride, const QuantisedRows* quantised, int rows, float* y,
                int y_stride, bool relu, Background* background = nullptr) const;

  bool wants_quantised() const;
  // Prepares x (rows, inputs) for multiply.
  void quantise(const float* x, int x_stride, int rows, QuantisedRows& out) const;

 private:
  long pack_bytes(int at, const float* weights);
  template <class Weight>
  void multiply_tiles(int first, int last, const float* x, int x_stride, int rows, float* y, int y_stride,
                      bool relu, Background* background) const;
  void multiply_brain(int first, int last, const QuantisedRows& x, int rows, float* y, int y_stride, bool relu) const;
  void multiply_int8(int first, int last, const float* x, int x_stride, const QuantisedRows* quantised, int rows,
                     float* y, int y_stride, bool relu, Background* background) const;

  int outputs_ = 0, inputs_ = 0, panels_ = 0, group_ = 0, groups_ = 0;
  Precision precision_ = Precision::kFloat;
  std::size_t panel_bytes_ = 0;
  char* data_ = nullptr;
  std::vector<float> bias_;
};

}  // namespace gs
