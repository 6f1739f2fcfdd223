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
  const std::string from = text_of(request.fields.config, "from");
  std::string known;
  for (const auto& input : request.fields.inputs) {
    known += (known.empty() ? "" : ", ") + input.name;
    if (input.name != from && !(from.empty() && request.fields.inputs.size() == 1)) continue;
    if (input.files.empty())
      return fail(errc::task_failed, "The task '" + input.name + "' has no output table to write.");
    return input.name;
  }
  if (request.fields.inputs.empty())
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
  const std::string name = text_of(request.fields.config, "path");
  if (name.empty())
    return fail(errc::invalid_argument, "The source 'file' needs a 'path' below the server's files directory.");
  // Opened to look at it; the SQL child opens it again, with the same care.
  const auto files_dir = files_directory_of(settings.files_dir, request.workspace);
  const auto entry = open_files_entry(files_dir, name);
  if (!entry) return unexpected(entry.error());
  const auto ending = format_of_path(name);
  if (!ending && !request.fields.config.find("format"))
    return fail(errc::invalid_argument,
                "The format of '" + name + "' is not clear from its name; give 'format': csv, json, jsonl or parquet.");
  auto how = table_format_from(request.fields.config, ending.value_or(""));
  if (!how) return unexpected(how.error());
  if (name.find(".tsv") != std::string::npos && !request.fields.config.find("delimiter")) how->delimiter = "\t";
  how->compression = compression_of_path(name);
  if (entry->bytes == 0 && how->format != "parquet") return source_reading{empty_table_query(*how), {}, {}};
  if (how->format == "csv")
    return source_reading{{}, {}, {{files_dir, name}}, tabular_file{guarded_path(0), "'" + name + "'", *how}};
  return source_reading{table_query(*how, guarded_path(0)), {}, {{files_dir, name}}};
}

result<sink_writing> write_file(const attempt_request& request, const engine_settings& settings) {
  auto table = written_table(request);
  if (!table) return unexpected(table.error());
  const std::string name = text_of(request.fields.config, "path");
  auto how = table_format_from(request.fields.config, format_of_path(name).value_or("parquet"));
  if (!how) return unexpected(how.error());
  sink_writing out;
  out.query = "SELECT * FROM " + quote_name(*table);
  out.format = how->format;
  if (out.format == "csv")
    out.options =
      std::string(", HEADER ") + (how->header ? "true" : "false") + ", DELIMITER " + quote_text(how->delimiter);
  out.temporary_file = request.work_dir + "/output." + out.format;
  if (name.empty()) {
    out.name = "output." + out.format;
    out.final_file = request.output_dir + "/" + out.name;
    out.path = request.output_path + "/" + out.name;
    return out;
  }
  auto place = open_files_place(files_directory_of(settings.files_dir, request.workspace), name);
  if (!place) return unexpected(place.error());
  out.name = place->name;
  out.path = relative_to(place->directory_path + "/" + place->name, settings.data_dir);
  out.place = std::make_shared<const files_place>(std::move(*place));
  return out;
}

} // namespace penstock
