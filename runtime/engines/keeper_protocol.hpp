#pragma once

#include "runtime/engines/process.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace penstock {

/// What the server and its keeper say to each other over a SOCK_SEQPACKET pair, each message one of these structs.
/// Both ends are the same program on the same machine, so the bytes are the structs' own.
enum class keeper_request_kind : std::uint32_t { start = 1, terminate = 2, kill = 3 };

/// `start` comes with four descriptors: the spec (a file), standard input, output and error.
struct keeper_request {
  keeper_request_kind kind = keeper_request_kind::start;
  std::uint32_t unused = 0;
  process_number number = 0;
};
inline constexpr int start_descriptor_count = 4;

enum class keeper_report_kind : std::uint32_t {
  main_ended = 1, ///< The process itself has ended; what it left behind is being killed.
  gone = 2,       ///< Nothing of it is left. The last report of a number; `outcome` counts if `main_ended` never came.
};

struct keeper_report {
  keeper_report_kind kind = keeper_report_kind::gone;
  std::uint32_t outcome = 0; ///< A process_outcome.
  process_number number = 0;
  std::int32_t code = 0;  ///< Exit code, signal or, of `not_started`, errno.
  std::uint32_t step = 0; ///< Of `not_started`: a start_step.
};

/// Where starting failed.
enum class start_step : std::uint32_t { fork = 1, directory = 2, program = 3, isolation = 4, spec = 5 };

/// Words for a failed start.
[[nodiscard]] std::string describe_start_failure(start_step step, int error_number);

/// The descriptor at which a keeper finds its socket.
inline constexpr int keeper_socket = 3;

/// A spec as bytes, without timeouts, which are the server's business.
[[nodiscard]] std::string encode_spec(const process_spec& spec);
[[nodiscard]] std::optional<process_spec> decode_spec(std::string_view bytes);

} // namespace penstock
