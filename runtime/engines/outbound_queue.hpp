#pragma once

#include "runtime/engines/outbound_http.hpp"

#include <list>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>

namespace penstock {

/// Which request may begin when only so many may be under way, in total and per host. Hosts take turns, within a host the
/// oldest is first; a host that has all of its share under way is passed over. Every step costs a logarithm at most,
/// and a host without requests is forgotten. Not thread-safe.
class outbound_queue {
public:
  using handle = outbound_http::handle;

  outbound_queue(std::size_t under_way_max, std::size_t per_host_max)
      : under_way_max_(under_way_max), per_host_max_(per_host_max) {}

  /// Lets a request wait. Later handles must be greater.
  void add(handle request, const std::string& host);

  /// Takes out whose turn it is, which is under way from now on; nothing if none may begin.
  [[nodiscard]] std::optional<handle> next();

  [[nodiscard]] bool may_begin() const noexcept { return under_way_ < under_way_max_ && !turns_.empty(); }

  /// One is over, be it under way or still waiting.
  void remove(handle request);

  [[nodiscard]] std::size_t waiting() const noexcept { return requests_.size() - under_way_; }
  [[nodiscard]] std::size_t under_way() const noexcept { return under_way_; }
  [[nodiscard]] std::size_t hosts() const noexcept { return hosts_.size(); }

private:
  struct host {
    std::string name;
    std::set<handle> waiting;
    std::size_t under_way = 0;
    bool has_turn = false; ///< Stands in `turns_`.
  };

  void give_turn(host& h);

  const std::size_t under_way_max_;
  const std::size_t per_host_max_;
  std::size_t under_way_ = 0;
  std::unordered_map<std::string, host> hosts_;
  std::unordered_map<handle, host*> requests_; ///< All of them.
  std::list<host*> turns_;                     ///< Hosts with a request that waits and room for it.
};

} // namespace penstock
