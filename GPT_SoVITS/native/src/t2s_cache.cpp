#include <algorithm>

#include "t2s.h"

namespace gs {
namespace {

std::size_t padded_values(int head_dim) { return static_cast<std::size_t>(kPageEntries * round_up(head_dim, kLanes)); }
std::size_t element(bool half_precision) { return half_precision ? sizeof(half) : sizeof(float); }

}  // namespace

PagePool::PagePool(const T2SSizes& sizes, bool half)
    : half_precision(half),
      values_offset(round_up<std::size_t>(element(half) * static_cast<std::size_t>(kPageEntries * sizes.head_dim()), 64)),
      head_bytes(values_offset + element(half) * padded_values(sizes.head_dim())),
      page_bytes(head_bytes * static_cast<std::size_t>(sizes.heads) * static_cast<std::size_t>(sizes.layers)) {}

Region PagePool::take() {
  {
    std::lock_guard<std::mutex> guard(lock_);
    if (!free_.empty()) {
      Region page = std::move(free_.back());
      free_.pop_back();
      return page;
    }
  }
  return Region(page_bytes);
}

void PagePool::give(Region page) {
  std::lock_guard<std::mutex> guard(lock_);
  if ((free_.size() + 1) * page_bytes <= keep_bytes_) free_.push_back(std::move(page));
}

void PagePool::trim(std::size_t keep_bytes) {
  std::lock_guard<std::mutex> guard(lock_);
  keep_bytes_ = keep_bytes;
  while (free_.size() * page_bytes > keep_bytes) free_.pop_back();
}

std::size_t PagePool::bytes() {
  std::lock_guard<std::mutex> guard(lock_);
  return free_.size() * page_bytes;
}

T2SCache::T2SCache(const T2SModel& model, int slots, int max_length)
    : pool_(model.pool), pages_(static_cast<std::size_t>(slots)), heads_(model.sizes.heads), max_length_(max_length) {}

T2SCache::~T2SCache() {
  for (int slot = 0; slot < slots(); ++slot) release(slot);
}

void T2SCache::reserve(int slot, int length) {
  auto& pages = pages_[static_cast<std::size_t>(slot)];
  const auto need = static_cast<std::size_t>((length + kPageEntries - 1) / kPageEntries);
  while (pages.size() < need) pages.push_back(pool_.take());
}

void T2SCache::release(int slot) {
  auto& pages = pages_[static_cast<std::size_t>(slot)];
  for (Region& page : pages) pool_.give(std::move(page));
  pages.clear();
}

std::size_t T2SCache::bytes() const {
  std::size_t count = 0;
  for (const auto& pages : pages_) count += pages.size();
  return count * pool_.page_bytes;
}

}  // namespace gs
