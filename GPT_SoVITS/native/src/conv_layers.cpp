#include "conv_layers.h"

namespace gs::voc {
namespace {

constexpr std::int64_t kPanelRows = 128, kLastSamples = 4096;  // of one task

}  // namespace

float* Scratch::need(size_t count) {
  if (count > size || !data) {
    data.reset();
    size = 0;
    data = allocate(count);
    size = count;
  }
  return data.get();
}

void run_panels(const Panels& layer, const float* bias, const Rows& in, float* out, std::int64_t first,
                std::int64_t last, float slope, std::vector<Scratch>& scratch) {
  struct Task {
    const PanelConv* part;
    int at;
  };
  std::vector<Task> tasks;
  for (const PanelConv& part : layer.parts)
    for (int at = 0; at < part.columns; at += panel_width(part.columns, at)) tasks.push_back({&part, at});
  const std::int64_t columns = static_cast<std::int64_t>(tasks.size());
  const size_t edge = static_cast<size_t>(layer.high - layer.low + 1) * in.channels;
  parallel((last - first + kPanelRows - 1) / kPanelRows * columns, [&](std::int64_t i, int thread) {
    const Task& task = tasks[i % columns];
    const std::int64_t from = first + i / columns * kPanelRows;
    const PanelJob job{task.part, &in, out, layer.columns, first, last, bias, slope};
    run_panel(job, task.at, from, std::min(last, from + kPanelRows), scratch[thread].need(edge));
  });
}

void run_tiled(const Tiled& layer, const Rows& in, const Rows& out, std::int64_t first, const Epilogue& epilogue,
               int group, std::vector<Scratch>& scratch) {
  if (out.end <= first) return;
  const TileJob job = tile_job(layer.conv, in, out, first, out.end, epilogue, pool_threads(), group);
  const size_t size = tile_scratch(job);
  parallel(groups_of(job), [&](std::int64_t i, int thread) {
    run_tiles(job, static_cast<int>(i), scratch[thread].need(size));
  });
}

void run_last(const LastConv& job, std::int64_t last) {
  parallel((last - job.first + kLastSamples - 1) / kLastSamples, [&](std::int64_t i, int) {
    const std::int64_t from = job.first + i * kLastSamples;
    run_last(job, from, std::min(last, from + kLastSamples));
  });
}

}  // namespace gs::voc
