#pragma once

#include "actors/core/webhook_settings.hpp"
#include "actors/event_renderer.hpp"
#include "actors/operations.hpp"
#include "runtime/seams.hpp"
#include "storage/store.hpp"

#include <memory>
#include <optional>
#include <string>

namespace penstock {

struct node_settings {
  durability how = durability::fsync;
  partition_id partition_count = 8; ///< Of a new database; an existing one keeps its own.
  std::size_t scheduler_threads = 2;
  engine_settings engines; ///< `data_dir` is the node's.
  definition_limits definitions;
  webhook_settings webhooks;
  std::uint32_t audit_days = 400;           ///< How long entries of the audit log are kept; 0: for ever.
  event_renderer events;                    ///< Without its functions no event is raised.
  std::optional<std::string> master_key;    ///< Base64, as in PENSTOCK_MASTER_KEY.
  std::optional<std::string> bootstrap_key; ///< First start, or no admin key of workspace `default` is left.
};

/// What a start has to tell a person.
struct node_news {
  bool master_key_made = false; ///< In the data directory, for want of PENSTOCK_MASTER_KEY.
  std::string made_key;         ///< First start without a bootstrap key: the admin key that was made; shown this once.
  bool bootstrap_key_passed_over = false; ///< One was given that is none of the keys there are.
  bool partitions_kept = false;           ///< The database has another number of partitions than asked for.
  partition_id partition_count = 0;
  bool tasks_confined = true; ///< False: a shell task sees whatever the server's user can.
  /// How far the data's latest time is ahead of the clock; then the node's own time runs slower until that has caught up.
  milliseconds clock_behind{0};
};

/// A node: its store, its actors and its engines, and the operations on them.
class node : public operations {
public:
  /// Opens the data directory and takes up what was under way.
  /// @returns `errc::corrupt_record`, `errc::io_failed` or `errc::invalid_argument` with a sentence naming the file or setting.
  [[nodiscard]] static result<std::unique_ptr<node>> open(const node_settings& settings,
                                                          std::shared_ptr<clock_source> clock,
                                                          std::shared_ptr<random_source> random, node_news& news);

  /// Takes nothing new, makes durable what was decided, and ends every actor. Tasks under way are taken up at the next start.
  virtual void stop() = 0;
};

} // namespace penstock
