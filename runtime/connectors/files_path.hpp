#pragma once

#include "runtime/engines/descriptor.hpp"
#include "runtime/error.hpp"
#include "runtime/model/ids.hpp"

#include <cstdint>
#include <string>

namespace penstock {

/// What of the server's files directory a workspace has for itself, as all below means by `files_dir`: `default` for
/// workspace `default`, else its id. Empty if the server has no files directory.
[[nodiscard]] std::string files_directory_of(const std::string& server_files_dir, workspace_id workspace);

/// Whether a definition may name a file like this: relative, without `..`, and not a pattern. Looks at no file.
/// @returns `errc::invalid_argument` saying which rule was broken.
[[nodiscard]] result<void> check_files_name(const std::string& files_dir, const std::string& name);

/// A file below the files directory, opened for reading.
struct files_entry {
  descriptor file;
  std::uint64_t bytes = 0;
};

/// Opens a file that a definition names. What is opened lies below the files directory, whatever changes meanwhile.
/// @returns `errc::invalid_argument` for a name that is not allowed or leads out, `errc::task_failed` if there is no file.
[[nodiscard]] result<files_entry> open_files_entry(const std::string& files_dir, const std::string& name);

/// Where a file is to be put: the directory, held open, and the name in it.
struct files_place {
  descriptor directory;
  std::string name;
  std::string directory_path; ///< Absolute, without links, for people.
};

/// Makes the directories that lead to the file of this name below the files directory, and that one too.
/// @returns `errc::invalid_argument` for a name that is not allowed, leads out, or is a directory or a link already;
/// `errc::io_failed` if a directory cannot be made.
[[nodiscard]] result<files_place> open_files_place(const std::string& files_dir, const std::string& name);

/// Puts the file at `from` into its place, in one step for whoever looks, and syncs the directory.
/// @returns `errc::io_failed`.
[[nodiscard]] result<void> put_file(const std::string& from, const files_place& place);

} // namespace penstock
