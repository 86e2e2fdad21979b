#include <algorithm>
#include <cmath>

#include "t2s.h"

namespace gs {
namespace {

enum Kind { kQkv, kQkvBias, kOut, kOutBias, kUp, kUpBias, kDown, kDownBias, kNorm1, kNorm1Bias, kNorm2, kNorm2Bias,
            kHead, kBert, kBertBias, kPhonemes, kTokens, kPositions, kAlphas };

long copy(std::vector<float>& to, const float* data, long count, long expected) {
  if (count != expected) return -2;
  for (long i = 0; i < count; ++i)
    if (!std::isfinite(data[i])) return -1;
  to.assign(data, data + count);
  return 0;
}

}  // namespace

T2SModel::T2SModel(const T2SSizes& given, Precision precision, int group, bool half_cache)
    : sizes(given), pool(given, half_cache), head_panels_((3 * given.head_dim() + kPanel - 1) / kPanel) {
  layers.resize(static_cast<std::size_t>(sizes.layers));
  std::vector<Matrix*> all;
  for (T2SLayer& layer : layers) {
    layer.qkv = Matrix(sizes.heads * head_panels_ * kPanel, sizes.dim, precision, group);
    layer.out = Matrix(sizes.dim, sizes.dim, precision, group);
    layer.up = Matrix(sizes.ffn, sizes.dim, precision, group);
    layer.down = Matrix(sizes.dim, sizes.ffn, precision, group);
    for (Matrix* matrix : {&layer.qkv, &layer.out, &layer.up, &layer.down}) all.push_back(matrix);
  }
  // The logits are chosen from directly and the projection is used once a sequence: int8 would save nothing there.
  const Precision fine = precision == Precision::kInt8 ? Precision::kHalf : precision;
  head = Matrix(sizes.vocab, sizes.dim, fine, group);
  bert = Matrix(sizes.dim, sizes.bert_dim, fine, group);
  all.push_back(&head);
  all.push_back(&bert);
  std::size_t total = 0;
  for (Matrix* matrix : all) total += round_up<std::size_t>(matrix->bytes(), 64);
  arena_ = Region(total + (64 << 10));  // room for prefetching beyond the end
  char* at = arena_.data();
  for (Matrix* matrix : all) {
    matrix->place(at);
    at += round_up<std::size_t>(matrix->bytes(), 64);
  }
}

std::size_t T2SModel::bytes() const {
  return arena_.bytes() + sizeof(float) * (phoneme_table.size() + token_table.size() + positions.size());
}

// Weights come after their biases, because packing takes both: the bias waits in a vector of the layer.
long T2SModel::set(int number, int kind, const float* data, long count) {
  const long dim = sizes.dim, ffn = sizes.ffn;
  const auto pack = [&](Matrix& matrix, long outputs, long inputs, const float* biases, auto&& place) -> long {
    if (count != outputs * inputs) return -2;
    long inexact = 0;
    for (long o = 0; o < outputs; ++o) {
      const long lost = matrix.set_output(place(static_cast<int>(o)), data + o * inputs, biases ? biases[o] : 0.0f);
      if (lost < 0) return lost;
      inexact += lost;
    }
    return inexact;
  };
  const auto same = [](int o) { return o; };
  switch (kind) {
    case kHead: return pack(head, sizes.vocab, dim, nullptr, same);
    case kBertBias: return copy(bias_, data, count, dim);
    case kBert: return pack(bert, dim, sizes.bert_dim, bias_.data(), same);
    case kPhonemes: return copy(phoneme_table, data, count, sizes.phonemes * dim);
    case kTokens: return copy(token_table, data, count, sizes.vocab * dim);
    case kPositions: return copy(positions, data, count, sizes.positions * dim);
    case kAlphas:
      if (count != 2) return -2;
      text_alpha = data[0];
      audio_alpha = data[1];
      return std::isfinite(text_alpha) && std::isfinite(audio_alpha) ? 0 : -1;
    default: break;
  }
  if (number < 0 || number >= sizes.layers) return -2;
  T2SLayer& layer = layers[static_cast<std::size_t>(number)];
  switch (kind) {
    case kQkvBias: return copy(bias_, data, count, 3 * dim);
    case kOutBias:
    case kDownBias: return copy(bias_, data, count, dim);
    case kUpBias: return copy(bias_, data, count, ffn);
    case kQkv: {
      const int head_dim = sizes.head_dim();
      return pack(layer.qkv, 3 * dim, dim, bias_.data(), [&](int o) {
        const int part = o / sizes.dim, in_part = o % sizes.dim;
        return in_part / head_dim * head_panels_ * kPanel + part * head_dim + in_part % head_dim;
      });
    }
    case kOut: return pack(layer.out, dim, dim, bias_.data(), same);
    case kUp: return pack(layer.up, ffn, dim, bias_.data(), same);
    case kDown: return pack(layer.down, dim, ffn, bias_.data(), same);
    case kNorm1: return copy(layer.norm1_weight, data, count, dim);
    case kNorm1Bias: return copy(layer.norm1_bias, data, count, dim);
    case kNorm2: return copy(layer.norm2_weight, data, count, dim);
    case kNorm2Bias: return copy(layer.norm2_bias, data, count, dim);
    default: return -2;
  }
}

}  // namespace gs
