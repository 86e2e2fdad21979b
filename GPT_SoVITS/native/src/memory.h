// Large zeroed memory, aligned to huge pages and asking for them.
#pragma once

#include <cstddef>
#include <utility>

namespace gs {

class Region {
 public:
  Region() = default;
  explicit Region(std::size_t bytes);  // throws std::bad_alloc
  Region(Region&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)),
        base_(std::exchange(other.base_, nullptr)), mapped_(std::exchange(other.mapped_, 0)) {}
  Region& operator=(Region&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    std::swap(base_, other.base_);
    std::swap(mapped_, other.mapped_);
    return *this;
  }
  Region(const Region&) = delete;
  Region& operator=(const Region&) = delete;
  ~Region();

  char* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }

 private:
  char* data_ = nullptr;
  std::size_t bytes_ = 0;
  void* base_ = nullptr;
  std::size_t mapped_ = 0;
};

}  // namespace gs
