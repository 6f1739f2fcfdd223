#pragma once

#include "runtime/error.hpp"
#include "runtime/model/value.hpp"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace penstock {

/// An error of a reader: the sentence for people begins with the place, the problem holds both apart.
[[nodiscard]] inline error error_at(errc code, value::place at, const std::string& message) {
  return {code,
          "line " + std::to_string(at.line) + ", column " + std::to_string(at.column) + ": " + message,
          {problem{"", message, at.line, at.column}}};
}

/// Builds a `value` out of the events of a parser, without recursion: what the JSON and the YAML reader have in common.
/// Each event answers false once the document is refused; `failure` then says why, and no more events may follow.
class value_builder {
public:
  struct limits {
    std::size_t depth_max = 64;
    std::size_t nodes_max = 100'000;
  };

  explicit value_builder(limits l) : limits_(l) {
    values_.reserve(16); // Most documents are small.
    keys_.reserve(16);
  }

  bool scalar(value v, value::place at) {
    if (!count_node(at)) return false;
    v.at = at;
    values_.push_back(std::move(v));
    return true;
  }

  bool begin(value::place at) {
    if (open_.size() >= limits_.depth_max)
      return refuse(errc::invalid_argument, at, "nested deeper than " + std::to_string(limits_.depth_max) + " levels");
    open_.push_back({at, values_.size()});
    return count_node(at);
  }

  bool key(std::string name, value::place at) {
    keys_.push_back({std::move(name), at});
    return true;
  }

  bool end_list() {
    const auto first = values_.begin() + static_cast<std::ptrdiff_t>(open_.back().first_value);
    value made{value::list(std::make_move_iterator(first), std::make_move_iterator(values_.end()))};
    close(std::move(made));
    return true;
  }

  bool end_object() {
    const std::size_t first_value = open_.back().first_value;
    const std::size_t count = values_.size() - first_value;
    const std::size_t first_key = keys_.size() - count;
    if (!check_keys(first_key)) return false;
    value::object members;
    members.reserve(count);
    for (std::size_t i = 0; i < count; ++i)
      members.emplace_back(std::move(keys_[first_key + i].name), std::move(values_[first_value + i]));
    keys_.resize(first_key);
    close(value{std::move(members)});
    return true;
  }

  /// The document; only after a last event that closed it.
  [[nodiscard]] value take() { return std::move(values_.front()); }
  /// Number of lists and objects that are open now.
  [[nodiscard]] std::size_t depth() const noexcept { return open_.size(); }
  [[nodiscard]] std::optional<error>& failure() noexcept { return failure_; }

  bool refuse(errc code, value::place at, const std::string& message) {
    failure_ = error_at(code, at, message);
    return false;
  }

private:
  struct key_entry {
    std::string name;
    value::place at;
  };
  struct container {
    value::place at;
    std::size_t first_value = 0;
  };

  bool count_node(value::place at) {
    if (++nodes_ <= limits_.nodes_max) return true;
    return refuse(errc::too_large, at, "more than " + std::to_string(limits_.nodes_max) + " values");
  }

  void close(value made) {
    made.at = open_.back().at;
    values_.resize(open_.back().first_value);
    values_.push_back(std::move(made));
    open_.pop_back();
  }

  /// Refuses the later of two equal keys from `first_key` on. Comparing each with each is fastest for the usual few;
  /// beyond, sorting keeps the cost bounded whatever keys a stranger chooses, as a hash table would not.
  bool check_keys(std::size_t first_key) {
    constexpr std::size_t few = 16;
    const std::size_t count = keys_.size() - first_key;
    if (count <= few) {
      for (std::size_t i = first_key + 1; i < keys_.size(); ++i)
        for (std::size_t j = first_key; j < i; ++j)
          if (keys_[i].name == keys_[j].name) return refuse_key(keys_[i]);
      return true;
    }
    order_.resize(count);
    std::iota(order_.begin(), order_.end(), first_key);
    std::sort(order_.begin(), order_.end(), [this](std::size_t a, std::size_t b) {
      const int c = keys_[a].name.compare(keys_[b].name);
      return c != 0 ? c < 0 : a < b;
    });
    for (std::size_t i = 1; i < count; ++i)
      if (keys_[order_[i]].name == keys_[order_[i - 1]].name) return refuse_key(keys_[order_[i]]);
    return true;
  }

  bool refuse_key(const key_entry& k) {
    const std::string shown =
      k.name.size() <= 100 ? "key `" + k.name + "`" : "a key of " + std::to_string(k.name.size()) + " bytes";
    return refuse(errc::invalid_argument, k.at, shown + " appears twice in one object");
  }

  limits limits_;
  std::size_t nodes_ = 0;
  std::vector<value> values_;   ///< Finished values whose container is still open.
  std::vector<key_entry> keys_; ///< Keys of the open objects.
  std::vector<container> open_;
  std::vector<std::size_t> order_;
  std::optional<error> failure_;
};

} // namespace penstock
