#pragma once

#include "runtime/model/audit.hpp"
#include "runtime/model/codec.hpp"
#include "storage/keys.hpp"
#include "storage/memory_store.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <memory>
#include <string>

namespace penstock {

/// A store whose audit log is written by hand.
struct audit_bench {
  void put(const keys::audit_place& place, audit_record what = {}) {
    mutation_batch mutations;
    mutations.put(family::audit, place.encode(), codec::encode(what));
    write(place.partition, std::move(mutations));
  }
  void write(partition_id p, mutation_batch mutations) {
    if (mutations.empty()) return;
    std::vector<turn_entry> turn(1);
    turn[0].partition = p;
    turn[0].index = ++written[p];
    turn[0].mutations = std::move(mutations);
    REQUIRE(state->write_turn(turn));
  }
  [[nodiscard]] std::size_t count(const std::string& prefix) const {
    std::size_t n = 0;
    state->scan(family::audit, prefix, keys::behind(prefix), [&](std::string_view, std::string_view) {
      ++n;
      return true;
    });
    return n;
  }

  std::unique_ptr<store> state = std::move(*open_memory_store(std::make_shared<memory_disk>()));
  std::map<partition_id, std::uint64_t> written;
};

} // namespace penstock
