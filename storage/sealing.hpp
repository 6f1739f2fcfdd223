#pragma once

#include "runtime/error.hpp"
#include "runtime/model/ids.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace penstock {

/// 32 secret bytes, wiped when they go. Has no `operator<<`.
class secret_key {
public:
  secret_key() = default;
  explicit secret_key(const std::array<std::uint8_t, 32>& bytes) : bytes_(bytes) {}
  ~secret_key();
  secret_key(const secret_key&) = default;
  secret_key& operator=(const secret_key&) = default;
  [[nodiscard]] const std::uint8_t* data() const noexcept { return bytes_.data(); }

private:
  std::array<std::uint8_t, 32> bytes_{};
};

/// The master key: from `text` (32 bytes, base64) if given, else from `directory`/master.key, which is made with mode
/// 0600 when it is not there. `made` tells that (the server warns then).
/// @returns `errc::invalid_argument` naming PENSTOCK_MASTER_KEY, or `errc::io_failed`/`errc::corrupt_record` naming the
/// file.
[[nodiscard]] result<secret_key> load_master_key(const std::optional<std::string>& text, const std::string& directory,
                                                 bool& made);

/// What a sealed text belongs to: bound to it as associated data, so a copy elsewhere does not open.
struct sealed_place {
  workspace_id workspace;
  uuid object;               ///< The pipeline's or run's id.
  std::uint32_t version = 0; ///< Revision, or task number and the like.
  std::uint8_t kind = 0;     ///< Which field: see `sealed_kind`.
};

/// Stored in associated data: a number once given is never reused.
enum class sealed_kind : std::uint8_t {
  definition = 1,
  plan = 2,
  parameters = 3,
  error = 4,
  items = 5,
  message = 6,
  request = 7,
  event = 8,
  endpoint_secret = 9,
  trigger_secret = 10
};

/// Seals and opens with XChaCha20-Poly1305. Each workspace has a data key of its own, derived from the master key
/// (BLAKE2b, keyed, with the workspace's id), so one workspace's key opens nothing of another. Thread-safe.
class sealer {
public:
  explicit sealer(const secret_key& master);
  ~sealer();

  [[nodiscard]] std::string seal(const sealed_place& place, std::string_view plain) const;
  /// @returns `errc::corrupt_record` if it was not sealed for `place` under this master key, or was altered.
  [[nodiscard]] result<std::string> open(const sealed_place& place, std::string_view sealed) const;

  /// Keyed BLAKE2b-256 for things looked up by hash (API keys, idempotency keys). 32 raw bytes.
  [[nodiscard]] std::string keyed_hash(std::string_view text) const;
  /// Keyed hash of 32 bytes whose comparison in constant time is the caller's: `equal_in_constant_time`.
  [[nodiscard]] static bool equal_in_constant_time(std::string_view a, std::string_view b) noexcept;

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace penstock
