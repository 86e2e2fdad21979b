#include "encoder.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <new>


namespace gs {
namespace {

constexpr int kMatrices = 6;

// x = norm(x + y + bias) over `dim` values.
void add_bias_and_norm(float* x, const float* y, const float* bias, const std::vector<float>& weight,
                       const std::vector<float>& shift, int dim, float epsilon) {
  float total = 0;
  for (int i = 0; i < dim; ++i) total += x[i] += y[i] + bias[i];
  const float mean = total / static_cast<float>(dim);
  float squares = 0;
  for (int i = 0; i < dim; ++i) squares += (x[i] - mean) * (x[i] - mean);
  const float inverse = 1.0f / std::sqrt(squares / static_cast<float>(dim) + epsilon);
  for (int i = 0; i < dim; ++i) x[i] = (x[i] - mean) * inverse * weight[static_cast<std::size_t>(i)] +
                                       shift[static_cast<std::size_t>(i)];
}

// x = gelu(x + bias), exact to 1e-6: max(x, 0) - |x| Phi(-|x|) with log Phi as a polynomial (layers/activation.py).
void add_bias_and_gelu(float* x, const float* bias, int count) {
  for (int i = 0; i < count; i += kLanes) {
    const vf v = vadd(vload(x + i), vload(bias + i));
    const vf t = vabs(v);
    vf tail = vfma(t, vset(-0.00032807302039162975f), vset(0.0049106410627738845f));
    tail = vfma(tail, t, vset(-0.035924005142929906f));
    tail = vfma(tail, t, vset(-0.31884246095943886f));
    tail = vfma(tail, t, vset(-0.7976653557004427f));
    tail = vfma(tail, t, vset(-0.6931732583384812f));
    vstore(x + i, vsub(vmax(v, vzero()), vmul(t, vexp(tail))));
  }
}

}  // namespace

Encoder::Encoder(const EncoderSizes& given, Precision precision, int group) : sizes(given), precision_(precision) {
  layers_.resize(static_cast<std::size_t>(sizes.layers));
  const int outputs[kMatrices] = {sizes.dim, sizes.dim, sizes.dim, sizes.dim, sizes.ffn, sizes.dim};
  const int inputs[kMatrices] = {sizes.dim, sizes.dim, sizes.dim, sizes.dim, sizes.dim, sizes.ffn};
  std::size_t bytes = 0;
  for (EncoderLayer& layer : layers_) {
    Matrix* matrices[kMatrices] = {&layer.query, &layer.key, &layer.value, &layer.out, &layer.up, &layer.down};
    for (int m = 0; m < kMatrices; ++m) {
      *matrices[m] = Matrix(outputs[m], inputs[m], precision, group);
      layer.biases[m].assign(static_cast<std::size_t>(panel_room(outputs[m])), 0.0f);
      bytes += round_up<std::size_t>(matrices[m]->bytes(), 64);
    }
    for (auto* norm : {&layer.norm1_weight, &layer.norm1_bias, &layer.norm2_weight, &layer.norm2_bias})
      norm->assign(static_cast<std::size_t>(sizes.dim), 0.0f);
  }
  arena_ = Region(bytes + 4096);  // products prefetch beyond their last weight
  char* at = arena_.data();
  for (EncoderLayer& layer : layers_) {
    for (Matrix* matrix : {&layer.query, &layer.key, &layer.value, &layer.out, &layer.up, &layer.down}) {
      matrix->place(at);
      at += round_up<std::size_t>(matrix->bytes(), 64);
    }
  }
}

int Encoder::pack(Matrix& matrix, const void* data, bool is_half) {
  const int inputs = matrix.inputs();
  std::atomic<int> status{0};
  pool_run(pool_threads(), [&](int index, int count) {
    const Share panels = share_of(matrix.panels(), index, count);
    std::vector<float> row(static_cast<std::size_t>(round_up(inputs, kLanes)));
    const auto first = static_cast<int>(panels.first) * kPanel;
    const int last = std::min(static_cast<int>(panels.last) * kPanel, matrix.outputs());
    if (precision_ == Precision::kHalf && is_half) {
      // The bits go where they belong, without a way over float.
      const half* source = static_cast<const half*>(data);
      for (int o = first; o < last; ++o) {
        half* target = reinterpret_cast<half*>(const_cast<char*>(matrix.panel(o / kPanel))) + o % kPanel;
        const half* from = source + static_cast<std::ptrdiff_t>(o) * inputs;
        bool finite = true;
        for (int i = 0; i < inputs; ++i) {
          finite &= (from[i] & 0x7c00) != 0x7c00;
          target[static_cast<std::ptrdiff_t>(i) * kPanel] = from[i];
        }
        if (!finite) status = -1;
      }
      return;
    }
    for (int o = first; o < last; ++o) {
      const std::ptrdiff_t start = static_cast<std::ptrdiff_t>(o) * inputs;
      for (int i = 0; i < inputs; ++i)
        row[static_cast<std::size_t>(i)] = is_half ? to_float(static_cast<const half*>(data)[start + i])
                                                   : static_cast<const float*>(data)[start + i];
      if (matrix.set_output(o, row.data(), 0.0f) < 0) status = -1;
    }
  });
  return status;
}

int Encoder::set(int layer_index, int kind, const void* data, bool is_half, long count) {
  EncoderLayer& layer = layers_[static_cast<std::size_t>(layer_index)];
  if (kind < kMatrices) {
    Matrix* matrices[kMatrices] = {&layer.query, &layer.key, &layer.value, &layer.out, &layer.up, &layer.down};
    Matrix& matrix = *matrices[kind];
    if (count != static_cast<long>(matrix.outputs()) * matrix.inputs()) return -2;
    return pack(matrix, data, is_half);
  }
  std::vector<float>* vectors[] = {&layer.norm1_weight, &layer.norm1_bias, &layer.norm2_weight, &layer.norm2_bias};
  const bool is_bias = kind < 2 * kMatrices;
  std::vector<float>& target = is_bias ? layer.biases[kind - kMatrices] : *vectors[kind - 2 * kMatrices];
  const int wanted = kind == kMatrices + 4 ? sizes.ffn : sizes.dim;
  if (count != wanted) return -2;
  for (int i = 0; i < wanted; ++i) {
    const float value = is_half ? to_float(static_cast<const half*>(data)[i]) : static_cast<const float*>(data)[i];
    if (!std::isfinite(value)) return -1;
    target[static_cast<std::size_t>(i)] = value;
  }
  return 0;
}

void Encoder::thread(int first, int last, float* out, int rows, int index, int count, Barrier& barrier) {
  Scratch& own = *scratch_[static_cast<std::size_t>(index)];
  const Share mine = share_of(rows, index, count), heads = share_of(sizes.heads, index, count);
  const float scale = 1.0f / std::sqrt(static_cast<float>(sizes.head_dim()));
  const auto multiply = [&](const Matrix& matrix, const float* from, int from_stride, float* to, int to_stride) {
    const Share panels = share_of(matrix.panels(), index, count);
    const QuantisedRows* narrow = nullptr;
    if (matrix.wants_quantised()) {
      matrix.quantise(from, from_stride, rows, own.rows);
      narrow = &own.rows;
    }
    matrix.multiply(static_cast<int>(panels.first), static_cast<int>(panels.last), from, from_stride, narrow, rows,
                    to + panels.first * kPanel, to_stride, false);
    return panels;
  };
  const auto finish = [&](const Share& panels, float* y, int stride, const float* bias, float factor) {
    for (int r = 0; r < rows; ++r)
      for (std::ptrdiff_t c = panels.first * kPanel; c < panels.last * kPanel; ++c)
        y[std::ptrdiff_t{r} * stride + c] = (y[std::ptrdiff_t{r} * stride + c] + bias[c]) * factor;
  };
  float* x = x_.data();
  for (int l = first; l < last; ++l) {
    const EncoderLayer& layer = layers_[static_cast<std::size_t>(l)];
    finish(multiply(layer.query, x, stride_, q_.data(), stride_), q_.data(), stride_, layer.biases[0].data(), scale);
    finish(multiply(layer.key, x, stride_, k_.data(), stride_), k_.data(), stride_, layer.biases[1].data(), 1.0f);
    finish(multiply(layer.value, x, stride_, v_.data(), stride_), v_.data(), stride_, layer.biases[2].data(), 1.0f);
    barrier.wait();
    for (std::ptrdiff_t h = heads.first; h < heads.last; ++h) {
      const std::ptrdiff_t at = h * sizes.head_dim();
      const AttentionHead head{q_.data() + at, k_.data() + at, v_.data() + at, stride_, sizes.head_dim()};
      gs::attend(head, rows, rows, mixed_.data() + at, stride_, own.attention);
    }
    barrier.wait();
    multiply(layer.out, mixed_.data(), stride_, y_.data(), stride_);
    barrier.wait();
    for (std::ptrdiff_t r = mine.first; r < mine.last; ++r)
      add_bias_and_norm(x + r * stride_, y_.data() + r * stride_, layer.biases[3].data(), layer.norm1_weight,
                        layer.norm1_bias, sizes.dim, sizes.epsilon);
    barrier.wait();
    const Share panels = multiply(layer.up, x, stride_, wide_.data(), wide_stride_);
    for (int r = 0; r < rows; ++r)
      add_bias_and_gelu(wide_.data() + std::ptrdiff_t{r} * wide_stride_ + panels.first * kPanel,
                        layer.biases[4].data() + panels.first * kPanel,
                        static_cast<int>(panels.last - panels.first) * kPanel);
    barrier.wait();
    multiply(layer.down, wide_.data(), wide_stride_, y_.data(), stride_);
    barrier.wait();
    for (std::ptrdiff_t r = mine.first; r < mine.last; ++r)
      add_bias_and_norm(x + r * stride_, y_.data() + r * stride_, layer.biases[5].data(), layer.norm2_weight,
                        layer.norm2_bias, sizes.dim, sizes.epsilon);
    barrier.wait();
  }
  for (std::ptrdiff_t r = mine.first; r < mine.last; ++r) std::copy_n(x + r * stride_, sizes.dim, out + r * sizes.dim);
}

void Encoder::run(int first, int last, float* x, int rows, int threads) {
  stride_ = panel_room(sizes.dim);
  wide_stride_ = panel_room(sizes.ffn);
  for (auto* buffer : {&x_, &q_, &k_, &v_, &mixed_, &y_})
    buffer->assign(static_cast<std::size_t>(rows) * static_cast<std::size_t>(stride_), 0.0f);
  wide_.assign(static_cast<std::size_t>(rows) * static_cast<std::size_t>(wide_stride_), 0.0f);
  for (int r = 0; r < rows; ++r) std::copy_n(x + std::ptrdiff_t{r} * sizes.dim, sizes.dim, x_.data() + std::ptrdiff_t{r} * stride_);
  while (static_cast<int>(scratch_.size()) < threads) scratch_.push_back(std::make_unique<Scratch>());
  Barrier barrier(threads);
  pool_run(threads, [&](int index, int count) { thread(first, last, x, rows, index, count, barrier); });
}

}  // namespace gs
