// The text-to-semantic transformer: weights, key-value cache and a forward pass over rows of any mixture of sequences.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "matrix.h"
#include "memory.h"
#include "pool.h"

namespace gs {

// Cache entries a page holds for one sequence, in every layer.
constexpr int kPageEntries = 128;

struct T2SSizes {
  int dim, heads, layers, ffn, vocab, bert_dim, phonemes, positions;
  int head_dim() const { return dim / heads; }
};

struct T2SLayer {
  Matrix qkv, out, up, down;  // qkv: for every head its query, key and value rows, padded to whole panels
  std::vector<float> norm1_weight, norm1_bias, norm2_weight, norm2_bias;
};

// Cache pages that no sequence holds now. A page is for one sequence, kPageEntries entries in every layer: for each
// layer and head the keys, transposed (head_dim, kPageEntries), then the values (kPageEntries, padded head_dim), which
// is what the two products of attention stream.
class PagePool {
 public:
  PagePool(const T2SSizes& sizes, bool half_precision);
  Region take();  // throws std::bad_alloc
  void give(Region page);
  void trim(std::size_t keep_bytes);
  std::size_t bytes();  // of the free pages

  const bool half_precision;
  const std::size_t values_offset, head_bytes, page_bytes;

 private:
  std::mutex lock_;
  std::vector<Region> free_;
  std::size_t keep_bytes_ = std::size_t{64} << 20;
};

class T2SModel {
 public:
  T2SModel(const T2SSizes& sizes, Precision precision, int group, bool half_cache);

  // Takes one tensor of the network: see t2s_api.cpp for the kinds. Returns how many weights the precision cannot hold
  // exactly, -1 if one is not finite in it, -2 if the size is wrong.
  long set(int layer, int kind, const float* data, long count);
  std::size_t bytes() const;
  int head_panels() const { return head_panels_; }

  const T2SSizes sizes;
  mutable PagePool pool;
  std::vector<T2SLayer> layers;
  Matrix head, bert;
  std::vector<float> phoneme_table, token_table, positions;
  float text_alpha = 0, audio_alpha = 0;

 private:
  int head_panels_;
  Region arena_;
  std::vector<float> bias_;  // of the matrix that is to be set next
};

// Keys and values of up to `slots` sequences, in pages that are taken when a sequence reaches them.
class T2SCache {
 public:
  T2SCache(const T2SModel& model, int slots, int max_length);
  ~T2SCache();

  void reserve(int slot, int length);  // pages for entries 0..length-1; throws std::bad_alloc
  void release(int slot);              // the pages go back to the pool
  std::size_t bytes() const;           // of the pages that sequences hold
  int slots() const { return static_cast<int>(pages_.size()); }
  int max_length() const { return max_length_; }
  bool half_precision() const { return pool_.half_precision; }

  char* keys(int slot, int page, int layer, int head) const {
    const Region& region = pages_[static_cast<std::size_t>(slot)][static_cast<std::size_t>(page)];
    return region.data() +
           (static_cast<std::size_t>(layer) * static_cast<std::size_t>(heads_) + static_cast<std::size_t>(head)) *
               pool_.head_bytes;
  }
  std::size_t head_bytes() const { return pool_.head_bytes; }
  std::size_t values_offset() const { return pool_.values_offset; }

 private:
  PagePool& pool_;
  std::vector<std::vector<Region>> pages_;
  int heads_, max_length_;
};

// One row of a forward pass: its sequence, its cache entry, and how many entries it attends to from the first on.
struct T2SRow {
  int slot, entry, visible;
};

// A forward pass, possibly in several runs over successive layers.
class T2SPass {
 public:
  T2SPass(const T2SModel& model, T2SCache& cache) : model_(model), cache_(cache) {}

  void resize(int rows);
  int rows() const { return static_cast<int>(rows_.size()); }
  T2SRow& row(int index) { return rows_[static_cast<std::size_t>(index)]; }
  int stride() const { return stride_; }
  float* input(int index) { return x_.data() + static_cast<std::ptrdiff_t>(index) * stride_; }

  // Runs layers first..last-1; after the last of all also the head, for rows logits_from.. into logits (n, vocab).
  // Throws std::bad_alloc before anything has been computed.
  void run(int first, int last, int logits_from, float* logits, int threads);

 private:
  struct Scratch {  // what each thread has for itself
    std::vector<float> x, qkv, scores, result;
    QuantisedRows rows;
    Background background;
  };
  void thread(int first, int last, int logits_from, float* logits, int index, int count, Barrier& barrier);
  void expect(int layer, Scratch& own, int index, int count) const;
  void attend(const T2SLayer& layer, int number, const float* x, Scratch& own, int index, int count);
  const QuantisedRows* quantised(const Matrix& matrix, const float* x, int stride, int rows, Scratch& own) const;

  const T2SModel& model_;
  T2SCache& cache_;
  std::vector<T2SRow> rows_;
  int stride_ = 0, wide_stride_ = 0;
  std::vector<float> x_, mixed_, y_, wide_;
  std::vector<std::unique_ptr<Scratch>> scratch_;
};

// Attention of one row's query (head_dim, scaled); result (padded head_dim). `scores` has room for the visible entries
// rounded up to whole pages and four results more. What comes next, a row or null and its head, is fetched meanwhile.
void attend_one(const T2SCache& cache, const T2SRow& row, int layer, int head, int head_dim, const float* query,
                float* scores, float* result, const T2SRow* next_row, int next_head);
// Writes an entry's key and value (head_dim each).
void store_entry(T2SCache& cache, int slot, int layer, int head, int head_dim, int entry, const float* key,
                 const float* value);

// x = normalised (x + y) * weight + bias over `dim` values.
void add_and_norm(float* x, const float* y, const float* weight, const float* bias, int dim);

}  // namespace gs
