#include "memory.h"

#include <sys/mman.h>

#include <cstdint>
#include <new>

namespace gs {
namespace {
constexpr std::size_t kHuge = std::size_t{2} << 20;
}

Region::Region(std::size_t bytes) : bytes_(bytes) {
  if (bytes == 0) return;
  const std::size_t alignment = bytes >= kHuge ? kHuge : 4096;
  mapped_ = bytes + alignment;
  base_ = mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (base_ == MAP_FAILED) {
    base_ = nullptr;
    throw std::bad_alloc();
  }
  const auto address = reinterpret_cast<std::uintptr_t>(base_);
  data_ = reinterpret_cast<char*>((address + alignment - 1) / alignment * alignment);
#if defined(MADV_HUGEPAGE)
  if (bytes >= kHuge) madvise(data_, bytes, MADV_HUGEPAGE);
#endif
}

Region::~Region() {
  if (base_ != nullptr) munmap(base_, mapped_);
}

}  // namespace gs
