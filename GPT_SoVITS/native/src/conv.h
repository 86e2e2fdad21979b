// One-dimensional convolutions over signals that lie time by time, all channels of a moment side by side.
#pragma once

#include <cstddef>
#include <cstdint>

namespace gs::voc {

// Columns of a panel of weights, two vectors each, and what channels are padded to.
#if defined(__AVX512F__)
constexpr int kWide = 32, kNarrow = 16;
#elif defined(__AVX2__)
constexpr int kWide = 16, kNarrow = 16;
#else
constexpr int kWide = 8, kNarrow = 8;
#endif

constexpr int kMostChannels = 1 << 12;

inline int panel_width(int columns, int at) { return columns - at >= kWide ? kWide : kNarrow; }
inline size_t align_up(size_t value, size_t unit) { return (value + unit - 1) / unit * unit; }

// Rows [time][channels] of a signal. Those from `begin` to before `end` are there; all others count as zero.
struct Rows {
  float* data;  // row of time `begin`
  std::int64_t begin, end;
  int channels;
  float* at(std::int64_t time) const { return data + (time - begin) * channels; }
};

// What becomes of a sum: ((sum + bias + residual) + what is there) * scale, then leaky ReLU.
struct Epilogue {
  const Rows* residual;   // lies there activated; its leaky ReLU is undone
  float residual_slope;   // slope of that activation
  bool accumulate;        // add to what is there
  float scale, slope;     // a slope of 1 is no activation
};

// A convolution of odd kernel computed with fewer products: tiles of 2 * half inputs as polynomials modulo
// x^(2 half) + 1, which splits into `half` complex products of three real ones each. A tile yields 2 * half - kernel + 1
// outputs: for half 16 and kernel 11, 22 outputs take 48 products per pair of channels instead of 242.
struct TileConv {
  int inputs, outputs, kernel, dilation, half;
  const float* weight;  // [half][panel][inputs][real, imaginary][panel width]
  const float* bias;
  int tile_outputs() const { return 2 * half - kernel + 1; }
};

struct TileJob {
  const TileConv* conv;
  const Rows* in;
  const Rows* out;
  std::int64_t first, last;  // output times
  Epilogue epilogue;
  int tiles_per_phase, tiles;  // with dilation d there are d interleaved phases
  int group;                   // tiles computed together: they share every read of the weights
};

TileJob tile_job(const TileConv& conv, const Rows& in, const Rows& out, std::int64_t first, std::int64_t last,
                 const Epilogue& epilogue, int threads, int most);
inline int groups_of(const TileJob& job) { return (job.tiles + job.group - 1) / job.group; }
size_t tile_scratch(const TileJob& job);  // floats
void run_tiles(const TileJob& job, int group, float* scratch);

// A convolution as matrix products: row q of the output is the sum over taps of input row q + tap times a matrix.
struct PanelConv {
  int low, high;        // taps
  int column, columns;  // of the output row
  const float* weight;  // [panel][tap][inputs][panel width]
};

struct PanelJob {
  const PanelConv* conv;
  const Rows* in;
  float* out;                // row of time `first`
  int row;                   // floats of an output row
  std::int64_t first, last;  // output times
  const float* bias;         // of the whole output row
  float slope;
};

// One panel (at column `at` of the conv) for rows first..last; scratch holds one row of all taps.
void run_panel(const PanelJob& job, int at, std::int64_t first, std::int64_t last, float* scratch);

// A convolution to one channel, bounded by tanh or, without it, cut off at -1 and 1.
struct LastConv {
  const Rows* in;
  const float* weight;  // [taps][channels]
  int taps;
  float bias;
  bool tangent;
  std::int64_t first;
  float* out;           // sample `first`
};
void run_last(const LastConv& job, std::int64_t first, std::int64_t last);

}  // namespace gs::voc
