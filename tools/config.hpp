#pragma once

#include "actors/core/webhook_settings.hpp"
#include "api/http_server.hpp"
#include "runtime/engines/engine.hpp"
#include "runtime/error.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace penstock {

enum class durability_mode : std::uint8_t {
  fsync = 1,    ///< Nothing is acknowledged before it is on disk.
  interval = 2, ///< The log is synced every so often: a power loss may take about a second of acknowledged writes.
};

enum class log_format : std::uint8_t { text = 1, json = 2 };

/// What a server is told to do. `http` and `engines` are complete but for what only the running program knows (random source,
/// path of the program).
struct server_settings {
  std::string data_dir = "./data"; ///< As given; `engines.data_dir` is the same, absolute.
  std::size_t threads = 0;         ///< Scheduler threads; 0 = one per processor.
  std::uint16_t partitions = 8;    ///< Of a new database; an old one keeps its own.
  durability_mode durability = durability_mode::fsync;
  log_level level = log_level::info;
  log_format format = log_format::text;
  std::optional<std::string> bootstrap_key;
  std::optional<std::string> master_key; ///< Base64 of 32 bytes.
  http_settings http;
  engine_settings engines;
  webhook_settings webhooks;
  std::uint32_t audit_days = 400; ///< How long entries of the audit log are kept; 0: for ever.
};

/// Result of reading flags, environment and file.
struct server_config {
  server_settings settings;
  std::vector<std::string> warnings; ///< For the log, once there is one.
  /// Help, version or the effective settings, if that is what was asked for: to be printed instead of serving.
  std::string text;
};

using environment = std::vector<std::pair<std::string, std::string>>;

/// The variables of this process.
[[nodiscard]] environment process_environment();

/// Overwrites the secrets among the variables of this process and takes them out, once they were read: whoever may look
/// at the process finds them no longer there. Not while other threads use the environment.
void forget_secret_variables();

/// Reads the settings of a server: flags over `PENSTOCK_…` over the file of `--config` over defaults.
/// @param arguments those behind the program's name
/// @param read_file gives the text of a file, or an error that names it
/// @returns `errc::invalid_argument` whose message holds a line for everything wrong; the program prints it and exits with 2.
[[nodiscard]] result<server_config>
read_config(const std::vector<std::string>& arguments, const environment& variables,
            const std::function<result<std::string>(const std::string& path)>& read_file, std::string_view version);

/// The text of a small file.
/// @returns `errc::io_failed` that names it and says why.
[[nodiscard]] result<std::string> read_text_file(const std::string& path);

} // namespace penstock
