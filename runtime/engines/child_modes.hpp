#pragma once

#include <string>

namespace penstock {

/// First arguments that make this program a keeper of processes instead of what it usually is.
inline constexpr const char* process_keeper_mode = "--internal-process";
/// May follow: makes do without namespaces, as where they are forbidden.
inline constexpr const char* without_namespaces = "without-namespaces";
inline constexpr const char* sql_keeper_mode = "--internal-sql-child"; ///< Followed by the path of libduckdb.so.

inline constexpr const char* confinement_probe_mode = "--internal-probe";

/// Whether this system lets tasks be confined: hide everybody's data, and other processes, from a command. Found by trying,
/// in a process of its own.
/// @param program that calls `run_child_mode`.
[[nodiscard]] bool can_confine_tasks(const std::string& program);

/// To be called first in `main`: does the work of a hidden mode if the arguments name one.
/// A keeper ends without going back, for it owns nothing that wants tidying up.
/// @returns -1 if they name none and the program is to go on as usual; else an exit code.
[[nodiscard]] int run_child_mode(int argc, char** argv);

} // namespace penstock
