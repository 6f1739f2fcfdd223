#include "runtime/connectors/connector.hpp"
#include "runtime/connectors/files_path.hpp"
#include "runtime/connectors/table_file.hpp"

#include <filesystem>

namespace penstock {

namespace fs = std::filesystem;

namespace {

std::string text_of(const value& config, std::string_view key) {
  const value* v = config.find(key);
  return v && v->as_string() ? *v->as_string() : std::string{};
}

/// The input a sink writes: `from`, or the only one there is.
result<std::string> written_table(const attempt_request& request) {
  const std::string from = text_of(request.config, "from");
  std::string known;
  for (const auto& input : request.inputs) {
    known += (known.empty() ? "" : ", ") + input.name;
    if (input.name != from && !(from.empty() && request.inputs.size() == 1)) continue;
    if (input.files.empty())
      return fail(errc::task_failed, "The task '" + input.name + "' has no output table to write.");
    return input.name;
  }
  if (request.inputs.empty())
    return fail(errc::invalid_argument, "The sink needs a task to write the output of: name it in 'needs'.");
  if (from.empty())
    return fail(errc::invalid_argument, "The sink needs several tasks; say in 'from' which to write: " + known + ".");
  return fail(errc::invalid_argument,
              "'from' names '" + from + "', which is not among the tasks it needs: " + known + ".");
}

/// `path` relative to the data directory; empty if it lies elsewhere.
std::string relative_to(const std::string& path, const std::string& data_dir) {
  std::error_code error;
  const fs::path relative = fs::path(path).lexically_relative(fs::weakly_canonical(data_dir, error));
  return error || relative.empty() || *relative.begin() == ".." ? std::string{} : relative.generic_string();
}

} // namespace

result<source_reading> read_file(const attempt_request& request, const engine_settings& settings) {
  const std::string name = text_of(request.config, "path");
  if (name.empty())
    return fail(errc::invalid_argument, "The source 'file' needs a 'path' below the server's files directory.");
  auto path = path_below(settings.files_dir, name);
  if (!path) return unexpected(path.error());
  std::error_code error;
  if (!fs::is_regular_file(*path, error))
    return fail(errc::task_failed, "The file '" + name + "' is not there, or is not a file.");
  const auto ending = format_of_path(name);
  if (!ending && !request.config.find("format"))
    return fail(errc::invalid_argument,
                "The format of '" + name + "' is not clear from its name; give 'format': csv, json, jsonl or parquet.");
  auto how = table_format_from(request.config, ending.value_or(""));
  if (!how) return unexpected(how.error());
  if (name.find(".tsv") != std::string::npos && !request.config.find("delimiter")) how->delimiter = "\t";
  const bool is_empty = fs::file_size(*path, error) == 0 && how->format != "parquet";
  if (is_empty) return source_reading{empty_table_query(*how), {}};
  return source_reading{table_query(*how, *path), {*path}};
}

result<sink_writing> write_file(const attempt_request& request, const engine_settings& settings) {
  auto table = written_table(request);
  if (!table) return unexpected(table.error());
  const std::string name = text_of(request.config, "path");
  auto how = table_format_from(request.config, format_of_path(name).value_or("parquet"));
  if (!how) return unexpected(how.error());
  sink_writing out;
  out.query = "SELECT * FROM " + quote_name(*table);
  out.format = how->format;
  if (out.format == "csv")
    out.options =
      std::string(", HEADER ") + (how->header ? "true" : "false") + ", DELIMITER " + quote_text(how->delimiter);
  if (name.empty()) {
    out.name = "output." + out.format;
    out.temporary_file = request.work_dir + "/" + out.name;
    out.final_file = request.output_dir + "/" + out.name;
    out.path = request.output_path + "/" + out.name;
    return out;
  }
  auto path = path_below(settings.files_dir, name);
  if (!path) return unexpected(path.error());
  std::error_code error;
  const fs::path target(*path);
  fs::create_directories(target.parent_path(), error);
  if (error) return fail(errc::io_failed, "The directory of '" + name + "' cannot be made: " + error.message() + ".");
  if (fs::is_directory(target, error)) return fail(errc::invalid_argument, "The path '" + name + "' is a directory.");
  out.name = target.filename().string();
  out.temporary_file =
    (target.parent_path() / ("." + out.name + "." + to_text(request.ref.run) + "." + std::to_string(request.ref.task) +
                             "." + std::to_string(request.ref.item) + ".part"))
      .string();
  out.final_file = target.string();
  out.path = relative_to(out.final_file, settings.data_dir);
  return out;
}

} // namespace penstock
