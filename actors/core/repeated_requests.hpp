#pragma once

#include "actors/core/entity_core.hpp"
#include "actors/core/waiting_clients.hpp"

#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

namespace penstock {

/// Requests of a partition's clients that may be repeated: a repeat is answered with what the first one made, also while
/// that is under way.
class repeated_requests {
public:
  struct request {
    uuid entity;
    entity_command command;
    audit_note_ptr note;
  };

  /// @param again takes repeats that waited for a first request, when that is over.
  repeated_requests(partition_id id, const entity_surroundings& around, waiting_clients& waiting,
                    std::function<void(request)> again)
      : id_(id), around_(around), waiting_(waiting), again_(std::move(again)) {}

  /// Answers a repeat from what is stored, or lets it wait; it is taken from `command` then. Knows from now on of a first
  /// request, and learns of its end by its reply.
  /// @returns false: the command is no repeat.
  [[nodiscard]] bool answer(const uuid& entity, entity_command& command, const audit_note_ptr& note, timestamp now);

private:
  template <class Command>
  [[nodiscard]] bool answer_to(const uuid& entity, entity_command& whole, Command& command, const audit_note_ptr& note,
                               timestamp now);
  void replay(create_pipeline& command, const uuid& made, timestamp now);
  void replay(start_run& command, const uuid& made, timestamp now);
  void replay(schedule_created& command, const uuid& made, timestamp now);
  void replay(backfill_created& command, const uuid& made, timestamp now);
  void over(const std::string& key);

  partition_id id_;
  const entity_surroundings& around_;
  waiting_clients& waiting_;
  std::function<void(request)> again_;
  std::unordered_map<std::string, std::vector<request>> under_way_; ///< By their keys, with their repeats.
};

} // namespace penstock
