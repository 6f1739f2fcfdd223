#pragma once

#include <concepts>
#include <memory>
#include <type_traits>
#include <utility>

namespace penstock {

/// A value on the heap, so that what holds it stays small: for rare, large alternatives of a variant. Copies copy the
/// value. One that was moved from holds none and may only be assigned to or destroyed.
template <class T>
class boxed {
public:
  template <class U>
    requires(std::constructible_from<T, U&&> && !std::same_as<std::remove_cvref_t<U>, boxed>)
  boxed(U&& v) : at_(std::make_unique<T>(std::forward<U>(v))) {}
  boxed(const boxed& other) : at_(std::make_unique<T>(*other)) {}
  boxed(boxed&&) noexcept = default;
  boxed& operator=(const boxed& other) {
    at_ = std::make_unique<T>(*other);
    return *this;
  }
  boxed& operator=(boxed&&) noexcept = default;
  ~boxed() = default;

  [[nodiscard]] T& operator*() noexcept { return *at_; }
  [[nodiscard]] const T& operator*() const noexcept { return *at_; }
  [[nodiscard]] T* operator->() noexcept { return at_.get(); }
  [[nodiscard]] const T* operator->() const noexcept { return at_.get(); }

private:
  std::unique_ptr<T> at_;
};

} // namespace penstock
