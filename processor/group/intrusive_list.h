// A doubly linked list through its own elements: moving one costs no allocation.
#pragma once

#include <cstddef>

namespace ebc::group {

/// T has members `T* before`, `T* after` and `std::size_t bytes` (not to be changed while listed). Owns nothing. Counts
/// the bytes of what it lists.
template <typename T>
class IntrusiveList {
 public:
  bool empty() const { return first_ == nullptr; }
  T* front() const { return first_; }
  std::size_t bytes() const { return bytes_; }

  void push_back(T& item) {
    item.before = last_;
    item.after = nullptr;
    (last_ == nullptr ? first_ : last_->after) = &item;
    last_ = &item;
    bytes_ += item.bytes;
  }

  void remove(T& item) {
    (item.before == nullptr ? first_ : item.before->after) = item.after;
    (item.after == nullptr ? last_ : item.after->before) = item.before;
    bytes_ -= item.bytes;
  }

 private:
  T* first_ = nullptr;
  T* last_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace ebc::group
