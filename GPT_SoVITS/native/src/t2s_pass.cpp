#include <algorithm>
#include <cmath>

#include "t2s.h"

namespace gs {
namespace {

// Up to this many rows every thread normalises all of them for itself, which saves two barriers a layer.
constexpr int kPrivateRows = 16;

int panel_room(int outputs) { return row_stride(round_up(outputs, kPanel)); }

}  // namespace

void T2SPass::resize(int rows) {
  const T2SSizes& sizes = model_.sizes;
  stride_ = panel_room(sizes.dim);
  wide_stride_ = panel_room(std::max(sizes.ffn, sizes.vocab));
  rows_.resize(static_cast<std::size_t>(rows));
  const auto grow = [&](std::vector<float>& buffer, int stride) {
    const std::size_t need = static_cast<std::size_t>(rows) * static_cast<std::size_t>(stride);
    if (buffer.size() < need) buffer.resize(need);
  };
  grow(x_, stride_);
  grow(mixed_, stride_);
  grow(y_, stride_);
  grow(wide_, wide_stride_);
}

const QuantisedRows* T2SPass::quantised(const Matrix& matrix, const float* x, int stride, int rows,
                                        Scratch& own) const {
  if (!matrix.wants_quantised()) return nullptr;
  matrix.quantise(x, stride, rows, own.rows);
  return &own.rows;
}

// Sets what is to be fetched in the background: the cache that a layer's attention reads, in its order.
void T2SPass::expect(int layer, Scratch& own, int index, int count) const {
  own.background.clear();
  if (layer >= model_.sizes.layers || rows() > kPrivateRows) return;
  const Share heads = share_of(model_.sizes.heads, index, count);
  for (int h = static_cast<int>(heads.first); h < static_cast<int>(heads.last); ++h)
    for (const T2SRow& row : rows_)
      for (int page = 0; page * kPageEntries < row.visible; ++page)
        own.background.add(cache_.keys(row.slot, page, layer, h), cache_.head_bytes());
}

// Queries, keys, values and attention of the thread's heads: nothing that another thread needs in between.
void T2SPass::attend(const T2SLayer& layer, int number, const float* x, Scratch& own, int index, int count) {
  const T2SSizes& sizes = model_.sizes;
  const Share heads = share_of(sizes.heads, index, count);
  if (heads.first == heads.last) return;
  const int rows = this->rows(), head_dim = sizes.head_dim(), panels = model_.head_panels();
  const int qkv_stride = row_stride(panels * kPanel);
  own.qkv.resize(static_cast<std::size_t>(rows) * static_cast<std::size_t>(qkv_stride));
  int longest = 0;
  for (const T2SRow& row : rows_) longest = std::max(longest, row.visible);
  own.scores.resize(static_cast<std::size_t>(round_up(longest, kPageEntries) + 4 * round_up(head_dim, kLanes)));
  own.result.resize(static_cast<std::size_t>(round_up(head_dim, kLanes)));
  const QuantisedRows* narrow = quantised(layer.qkv, x, stride_, rows, own);
  const float scale = 1.0f / std::sqrt(static_cast<float>(head_dim));
  for (int h = static_cast<int>(heads.first); h < static_cast<int>(heads.last); ++h) {
    layer.qkv.multiply(h * panels, (h + 1) * panels, x, stride_, narrow, rows, own.qkv.data(), qkv_stride, false,
                       &own.background);
    for (int r = 0; r < rows; ++r) {
      float* qkv = own.qkv.data() + std::ptrdiff_t{r} * qkv_stride;
      for (int d = 0; d < head_dim; ++d) qkv[d] *= scale;
      const T2SRow& row = rows_[static_cast<std::size_t>(r)];
      store_entry(cache_, row.slot, number, h, head_dim, row.entry, qkv + head_dim, qkv + 2 * head_dim);
    }
    for (int r = 0; r < rows; ++r) {
      const T2SRow& row = rows_[static_cast<std::size_t>(r)];
      const bool last = r + 1 == rows;
      const T2SRow* next = !last ? &row + 1 : h + 1 < heads.last ? rows_.data() : nullptr;
      attend_one(cache_, row, number, h, head_dim, own.qkv.data() + std::ptrdiff_t{r} * qkv_stride, own.scores.data(),
                 own.result.data(), next, last ? h + 1 : h);
      std::copy_n(own.result.data(), head_dim, mixed_.data() + std::ptrdiff_t{r} * stride_ + h * head_dim);
    }
  }
}

void T2SPass::thread(int first, int last, int logits_from, float* logits, int index, int count, Barrier& barrier) {
  const T2SSizes& sizes = model_.sizes;
  Scratch& own = *scratch_[static_cast<std::size_t>(index)];
  const int rows = this->rows();
  const bool shared = rows > kPrivateRows || count == 1;
  float* x = x_.data();
  if (!shared) {
    own.x.assign(x_.data(), x_.data() + static_cast<std::ptrdiff_t>(rows) * stride_);
    x = own.x.data();
  }
  const Share mine = shared ? share_of(rows, index, count) : Share{0, rows};
  const auto norm = [&](const std::vector<float>& weight, const std::vector<float>& bias) {
    for (std::ptrdiff_t r = mine.first; r < mine.last; ++r)
      add_and_norm(x + r * stride_, y_.data() + r * stride_, weight.data(), bias.data(), sizes.dim);
    if (shared) barrier.wait();
  };
  const auto multiply = [&](const Matrix& matrix, const float* from, int from_stride, float* to, int to_stride,
                            bool relu) {
    const Share panels = share_of(matrix.panels(), index, count);
    const QuantisedRows* narrow = quantised(matrix, from, from_stride, rows, own);
    matrix.multiply(static_cast<int>(panels.first), static_cast<int>(panels.last), from, from_stride, narrow, rows,
                    to + panels.first * kPanel, to_stride, relu, &own.background);
    barrier.wait();
  };
  for (int l = first; l < last; ++l) {
    const T2SLayer& layer = model_.layers[static_cast<std::size_t>(l)];
    attend(layer, l, x, own, index, count);
    expect(l + 1, own, index, count);
    barrier.wait();
    multiply(layer.out, mixed_.data(), stride_, y_.data(), stride_, false);
    norm(layer.norm1_weight, layer.norm1_bias);
    multiply(layer.up, x, stride_, wide_.data(), wide_stride_, true);
    multiply(layer.down, wide_.data(), wide_stride_, y_.data(), stride_, false);
    norm(layer.norm2_weight, layer.norm2_bias);
  }
  if (last < sizes.layers) {
    if (!shared && index == 0) std::copy_n(x, static_cast<std::ptrdiff_t>(rows) * stride_, x_.data());
    return;
  }
  // The head's last panel is padded and logits rows are not: it goes through `wide`.
  const Share panels = share_of(model_.head.panels(), index, count);
  const std::ptrdiff_t from = panels.first * kPanel, to = std::min<std::ptrdiff_t>(panels.last * kPanel, sizes.vocab);
  const int wanted = rows - logits_from;
  const float* given = x + static_cast<std::ptrdiff_t>(logits_from) * stride_;
  model_.head.multiply(static_cast<int>(panels.first), static_cast<int>(panels.last), given, stride_, nullptr, wanted,
                       wide_.data() + from, wide_stride_, false, &own.background);
  for (int r = 0; r < wanted && from < to; ++r)
    std::copy(wide_.data() + std::ptrdiff_t{r} * wide_stride_ + from, wide_.data() + std::ptrdiff_t{r} * wide_stride_ + to,
              logits + std::ptrdiff_t{r} * sizes.vocab + from);
}

void T2SPass::run(int first, int last, int logits_from, float* logits, int threads) {
  while (static_cast<int>(scratch_.size()) < threads) scratch_.push_back(std::make_unique<Scratch>());
  Barrier barrier(threads);
  pool_run(threads, [&](int index, int count) { thread(first, last, logits_from, logits, index, count, barrier); });
}

}  // namespace gs
