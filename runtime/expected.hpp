#pragma once

#include <cassert>
#include <type_traits>
#include <utility>
#include <variant>

namespace penstock {

/// Wraps an error on its way into an `expected`.
template <class E>
class unexpected {
public:
  explicit unexpected(E e) : error_(std::move(e)) {}

  [[nodiscard]] const E& error() const& noexcept { return error_; }
  [[nodiscard]] E&& error() && noexcept { return std::move(error_); }

private:
  E error_;
};

template <class E>
unexpected(E) -> unexpected<E>;

/// A value or the reason why there is none. Has the member names of C++23's `std::expected`, so that
/// it can become an alias of it.
template <class T, class E>
class [[nodiscard]] expected {
public:
  using value_type = T;
  using error_type = E;

  expected() requires std::is_default_constructible_v<T> : data_(std::in_place_index<0>) {}
  template <class U = T>
    requires(std::is_constructible_v<T, U> && !std::is_same_v<std::decay_t<U>, expected> &&
             !std::is_same_v<std::decay_t<U>, unexpected<E>>)
  expected(U&& v) : data_(std::in_place_index<0>, std::forward<U>(v)) {} // NOLINT: implicit by design
  template <class G>
  expected(unexpected<G> u) : data_(std::in_place_index<1>, std::move(u).error()) {} // NOLINT

  [[nodiscard]] bool has_value() const noexcept { return data_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  [[nodiscard]] T& value() & {
    assert(has_value());
    return *std::get_if<0>(&data_);
  }
  [[nodiscard]] const T& value() const& {
    assert(has_value());
    return *std::get_if<0>(&data_);
  }
  [[nodiscard]] T&& value() && {
    assert(has_value());
    return std::move(*std::get_if<0>(&data_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  template <class U>
  [[nodiscard]] T value_or(U&& other) const& {
    return has_value() ? value() : static_cast<T>(std::forward<U>(other));
  }

  [[nodiscard]] E& error() & {
    assert(!has_value());
    return *std::get_if<1>(&data_);
  }
  [[nodiscard]] const E& error() const& {
    assert(!has_value());
    return *std::get_if<1>(&data_);
  }
  [[nodiscard]] E&& error() && {
    assert(!has_value());
    return std::move(*std::get_if<1>(&data_));
  }

private:
  std::variant<T, E> data_;
};

/// Success without a value, or an error.
template <class E>
class [[nodiscard]] expected<void, E> {
public:
  using value_type = void;
  using error_type = E;

  expected() = default;
  template <class G>
  expected(unexpected<G> u) : data_(std::in_place_index<1>, std::move(u).error()) {} // NOLINT

  [[nodiscard]] bool has_value() const noexcept { return data_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }
  [[nodiscard]] const E& error() const& {
    assert(!has_value());
    return *std::get_if<1>(&data_);
  }
  [[nodiscard]] E&& error() && {
    assert(!has_value());
    return std::move(*std::get_if<1>(&data_));
  }

private:
  std::variant<std::monostate, E> data_;
};

} // namespace penstock
