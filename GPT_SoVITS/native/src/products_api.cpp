// Products with many weight matrices of one network, for ctypes. One thread at a time per set of matrices.
#include <algorithm>
#include <exception>
#include <memory>

#include "matrix.h"
#include "memory.h"
#include "pool.h"

#define GS_EXPORT extern "C" __attribute__((visibility("default")))

namespace {

constexpr int kFewRows = 16;  // below so many rows a thread, threads share outputs instead of rows

struct Products {
  std::vector<gs::Matrix> matrices;
  gs::Region arena;
};

template <class Weight>
int set(gs::Matrix& matrix, int first, int count, const Weight* weights, const float* bias, const gs::LowRank& change) {
  for (int o = 0; o < count; o += gs::kPanel) {
    const std::ptrdiff_t row = o;
    const gs::LowRank own{change.up + row * change.rank, change.down, change.rank};
    if (matrix.set_outputs(first + o, std::min(gs::kPanel, count - o), weights + row * matrix.inputs(), bias + o, own) < 0)
      return -1;
  }
  return 0;
}

}  // namespace

// `sizes`: outputs and inputs of every matrix. Null when there is no memory or a size is impossible.
GS_EXPORT void* products_new(const int* sizes, int count, int precision, int group) {
  for (int i = 0; i < 2 * count; ++i)
    if (sizes[i] < 1) return nullptr;
  try {
    auto made = std::make_unique<Products>();
    std::size_t bytes = 0;
    for (int i = 0; i < count; ++i) {
      made->matrices.emplace_back(sizes[2 * i], sizes[2 * i + 1], static_cast<gs::Precision>(precision), group);
      bytes += gs::round_up<std::size_t>(made->matrices.back().bytes(), 64);
    }
    made->arena = gs::Region(bytes + 4096);  // products prefetch beyond their last weight
    char* at = made->arena.data();
    for (gs::Matrix& matrix : made->matrices) {
      matrix.place(at);
      at += gs::round_up<std::size_t>(matrix.bytes(), 64);
    }
    return made.release();
  } catch (const std::exception&) {
    return nullptr;
  }
}

// Whether matrices can be held in a precision and multiplied on this processor.
GS_EXPORT int products_offers(int precision) {
  return precision != static_cast<int>(gs::Precision::kBrain) || gs::has_brain();
}

GS_EXPORT void products_free(void* products) { delete static_cast<Products*>(products); }

GS_EXPORT long long products_bytes(const void* products) {
  return static_cast<long long>(static_cast<const Products*>(products)->arena.bytes());
}

// Columns that a row of results has room for.
GS_EXPORT int products_room(const void* products, int index) {
  return static_cast<const Products*>(products)->matrices[static_cast<std::size_t>(index)].panels() * gs::kPanel;
}

// Outputs first .. first + count - 1 of a matrix: weights (count, inputs), float16 or float32, to which up (count, rank)
// times down (rank, inputs) is added where the rank is not 0. 0, or -1 if a weight is not finite in the precision or
// there is no memory.
GS_EXPORT int products_set(void* products, int index, int first, int count, const void* weights, int is_half,
                           const float* bias, const float* up, const float* down, int rank) {
  gs::Matrix& matrix = static_cast<Products*>(products)->matrices[static_cast<std::size_t>(index)];
  try {
    return is_half ? set(matrix, first, count, static_cast<const gs::half*>(weights), bias, {up, down, rank})
                   : set(matrix, first, count, static_cast<const float*>(weights), bias, {up, down, rank});
  } catch (const std::exception&) {
    return -1;
  }
}

// y (rows, room) = x (rows, inputs; `x_stride` floats from row to row, rows may overlap) times the matrix, plus bias. 0,
// or -1 without memory.
GS_EXPORT int products_run(const void* products, int index, const float* x, long long x_stride, int rows, float* y,
                            int relu, int threads) {
  const gs::Matrix& matrix = static_cast<const Products*>(products)->matrices[static_cast<std::size_t>(index)];
  const int room = matrix.panels() * gs::kPanel, many = threads > 0 ? threads : gs::pool_threads();
  const auto stride = static_cast<int>(x_stride);
  const bool by_rows = rows >= kFewRows * many;
  try {
    gs::pool_run(many, [&](int which, int count) {
      const gs::Share mine = gs::share_of(by_rows ? rows : matrix.panels(), which, count);
      const std::ptrdiff_t from = by_rows ? mine.first : 0;
      const int first = by_rows ? 0 : static_cast<int>(mine.first), last = by_rows ? matrix.panels() : static_cast<int>(mine.last);
      const int own = by_rows ? static_cast<int>(mine.last - mine.first) : rows;
      thread_local gs::QuantisedRows narrow;
      if (matrix.wants_quantised()) matrix.quantise(x + from * stride, stride, own, narrow);
      matrix.multiply(first, last, x + from * stride, stride, &narrow, own, y + from * room + first * gs::kPanel, room,
                      relu != 0);
    });
  } catch (const std::exception&) {
    return -1;
  }
  return 0;
}
