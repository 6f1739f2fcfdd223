#include "runtime/engines/csv_words.hpp"

#include "runtime/engines/sql_job.hpp"

#include <charconv>

namespace penstock {

namespace {

std::string packed_option(const tabular_file& csv) {
  return csv.format.compression.empty() ? "" : ", compression=" + quote_text(csv.format.compression);
}

/// The number that follows `before`; nothing if there is none.
std::optional<std::uint64_t> number_behind(std::string_view text, std::string_view before) {
  const auto at = text.find(before);
  if (at == std::string_view::npos) return std::nullopt;
  std::uint64_t number = 0;
  const char* begin = text.data() + at + before.size();
  const auto parsed = std::from_chars(begin, text.data() + text.size(), number);
  return parsed.ec == std::errc{} ? std::optional(number) : std::nullopt;
}

std::string fields(std::uint64_t count) { return std::to_string(count) + (count == 1 ? " field" : " fields"); }

/// The line of `words` that says what is wrong, behind the one that quotes the file, which may have several.
std::string reason_of(std::string_view words) {
  for (const std::string_view known :
       {"Error when converting", "Value with unterminated quote", "Invalid unicode", "Maximum line size"})
    if (const auto at = words.find(known); at != std::string_view::npos)
      return std::string{words.substr(at, words.find('\n', at) - at)};
  return {};
}

} // namespace

std::string csv_lines_query(const tabular_file& csv, std::uint64_t skipped) {
  return "SELECT l FROM read_csv(" + quote_text(csv.path) +
         ", auto_detect=false, header=false, delim='', quote='', escape='', columns={'l':'VARCHAR'}, skip=" +
         std::to_string(skipped) + packed_option(csv) + ")";
}

std::string csv_strict_query(const tabular_file& csv, std::uint64_t skipped, std::size_t columns) {
  std::string named;
  for (std::size_t i = 0; i < columns; ++i) named += (i > 0 ? ",'c" : "'c") + std::to_string(i) + "':'VARCHAR'";
  return "SELECT count(*) FROM read_csv(" + quote_text(csv.path) +
         ", auto_detect=false, header=" + (csv.format.header ? "true" : "false") +
         ", delim=" + quote_text(csv.format.delimiter) + ", quote='\"', escape='\"', columns={" + named +
         "}, skip=" + std::to_string(skipped) + packed_option(csv) + ")";
}

std::optional<std::size_t> count_csv_fields(std::string_view line, std::string_view delimiter) {
  std::size_t count = 1;
  bool quoted = false;
  for (std::size_t i = 0; i < line.size();) {
    if (line[i] == '"') quoted = !quoted; // A quote inside is written twice, which changes it twice.
    const bool ends = !quoted && line.substr(i).starts_with(delimiter);
    count += ends ? 1 : 0;
    i += ends ? delimiter.size() : 1;
  }
  return quoted ? std::nullopt : std::optional(count);
}

std::optional<std::string> csv_mistake(const std::string& words, const tabular_file& csv) {
  const auto line = number_behind(words, "CSV Error on Line: ");
  if (!line) return std::nullopt;
  const std::string place = "Line " + std::to_string(*line) + " of " + csv.name;
  const auto expected = number_behind(words, "Expected Number of Columns: "), found = number_behind(words, " Found: ");
  if (expected && found) {
    const bool named = !csv.format.columns.empty() && *expected == csv.format.columns.size();
    const std::string_view what = named               ? "'columns' names "
                                  : csv.format.header ? "the heading has "
                                                      : "the first line has ";
    return place + " has " + fields(*found) + " where " + std::string{what} + std::to_string(*expected) + ".";
  }
  std::string reason = reason_of(words);
  if (reason.empty()) return place + " cannot be read as CSV.";
  return place + " cannot be read as CSV: " + reason + (reason.ends_with('.') ? "" : ".");
}

} // namespace penstock
