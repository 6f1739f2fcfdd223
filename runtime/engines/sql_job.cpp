#include "runtime/engines/sql_job.hpp"

#include "runtime/engines/descriptor.hpp"

#include <fcntl.h>
#include <sodium.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace penstock {

namespace {

value texts_value(const std::vector<std::string>& texts) {
  value::list out;
  for (const auto& text : texts) out.emplace_back(text);
  return value(std::move(out));
}

/// Reads members of an object; `ok` turns false if one is missing or of another kind.
struct member_reader {
  const value& object;
  bool ok = true;

  std::string text(std::string_view key) { return text_of(object.find(key)); }

  std::uint64_t number(std::string_view key) {
    const value* v = object.find(key);
    ok = ok && v && v->as_int();
    return ok ? static_cast<std::uint64_t>(*v->as_int()) : 0;
  }

  bool flag(std::string_view key) {
    const value* v = object.find(key);
    ok = ok && v && v->as_bool();
    return ok && *v->as_bool();
  }

  std::vector<std::string> texts(std::string_view key) { return texts_of(object.find(key)); }

  std::string text_of(const value* v) {
    ok = ok && v && v->as_string();
    return ok ? *v->as_string() : std::string{};
  }

  std::vector<std::string> texts_of(const value* v) {
    std::vector<std::string> out;
    ok = ok && v && v->as_list();
    if (ok)
      for (const auto& item : *v->as_list()) out.push_back(text_of(&item));
    return out;
  }

  const value::list& list(std::string_view key) {
    static const value::list empty;
    const value* v = object.find(key);
    ok = ok && v && v->as_list();
    return ok ? *v->as_list() : empty;
  }
};

value csv_value(const tabular_file& csv) {
  value v;
  v.set("path", csv.path);
  v.set("name", csv.name);
  v.set("header", csv.format.header);
  v.set("delimiter", csv.format.delimiter);
  v.set("columns", texts_value(csv.format.columns));
  v.set("types", texts_value(csv.format.types));
  v.set("compression", csv.format.compression);
  return v;
}

tabular_file csv_from(member_reader& in) {
  tabular_file csv{in.text("path"), in.text("name"), {}};
  csv.format.format = "csv";
  csv.format.header = in.flag("header");
  csv.format.delimiter = in.text("delimiter");
  csv.format.columns = in.texts("columns");
  csv.format.types = in.texts("types");
  csv.format.compression = in.text("compression");
  return csv;
}

} // namespace

int guarded_descriptor(std::size_t number) noexcept {
  constexpr int first = 100; // Above whatever a child has open when a job begins.
  return first + static_cast<int>(number);
}

std::string guarded_path(std::size_t number) { return "/proc/self/fd/" + std::to_string(guarded_descriptor(number)); }

value to_value(const sql_job& job) {
  value v;
  v.set("directory", job.directory);
  value::list views, checks, guarded;
  for (const auto& file : job.guarded_files) {
    value one;
    one.set("directory", file.directory);
    one.set("name", file.name);
    guarded.push_back(std::move(one));
  }
  for (const auto& view : job.views) {
    value one;
    one.set("name", view.name);
    one.set("files", texts_value(view.files));
    views.push_back(std::move(one));
  }
  for (const auto& check : job.checks) {
    value one;
    one.set("name", check.name);
    one.set("sql", check.sql);
    checks.push_back(std::move(one));
  }
  v.set("views", std::move(views));
  v.set("readable_files", texts_value(job.readable_files));
  v.set("guarded_files", std::move(guarded));
  v.set("statements", texts_value(job.statements));
  v.set("is_users_sql", job.is_users_sql);
  v.set("csv", job.csv ? csv_value(*job.csv) : value{});
  v.set("other_tasks", texts_value(job.other_tasks));
  v.set("output_name", job.output_name);
  v.set("output_file", job.output_file);
  v.set("output_format", job.output_format);
  v.set("output_options", job.output_options);
  v.set("checks", std::move(checks));
  v.set("rows_max", static_cast<std::int64_t>(job.rows_max));
  v.set("memory_bytes", static_cast<std::int64_t>(job.memory_bytes));
  v.set("items_rows_max", static_cast<std::int64_t>(job.items_rows_max));
  v.set("items_bytes_max", static_cast<std::int64_t>(job.items_bytes_max));
  return v;
}

std::optional<sql_job> sql_job_from(const value& v) {
  member_reader in{v};
  sql_job job;
  job.directory = in.text("directory");
  for (const auto& view : in.list("views")) {
    member_reader one{view};
    job.views.push_back({one.text("name"), one.texts("files")});
    in.ok = in.ok && one.ok;
  }
  for (const auto& check : in.list("checks")) {
    member_reader one{check};
    job.checks.push_back({one.text("name"), one.text("sql")});
    in.ok = in.ok && one.ok;
  }
  job.readable_files = in.texts("readable_files");
  for (const auto& file : in.list("guarded_files")) {
    member_reader one{file};
    job.guarded_files.push_back({one.text("directory"), one.text("name")});
    in.ok = in.ok && one.ok;
  }
  job.statements = in.texts("statements");
  job.is_users_sql = in.flag("is_users_sql");
  if (const value* csv = v.find("csv"); csv && !csv->is_null()) {
    member_reader one{*csv};
    job.csv = csv_from(one);
    in.ok = in.ok && one.ok;
  }
  job.other_tasks = in.texts("other_tasks");
  job.output_name = in.text("output_name");
  job.output_file = in.text("output_file");
  job.output_format = in.text("output_format");
  job.output_options = in.text("output_options");
  job.rows_max = in.number("rows_max");
  job.memory_bytes = in.number("memory_bytes");
  job.items_rows_max = in.number("items_rows_max");
  job.items_bytes_max = in.number("items_bytes_max");
  if (!in.ok) return std::nullopt;
  return job;
}

std::string sql_frame(std::string_view json) {
  const auto size = static_cast<std::uint32_t>(json.size());
  std::string out;
  out.reserve(json.size() + 4);
  for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<char>(size >> shift & 0xFF));
  out.append(json);
  return out;
}

std::optional<std::string> take_sql_frame(std::string& buffer, bool& broken) {
  if (buffer.size() < 4) return std::nullopt;
  std::uint32_t size = 0;
  for (std::size_t i = 0; i < 4; ++i) size |= std::uint32_t{static_cast<unsigned char>(buffer[i])} << (8 * i);
  broken = size > sql_frame_bytes_max;
  if (broken || buffer.size() - 4 < size) return std::nullopt;
  std::string frame = buffer.substr(4, size);
  buffer.erase(0, 4 + std::size_t{size});
  return frame;
}

result<file_digest> digest_file(const std::string& path) {
  const descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  const auto failed = [&] {
    return fail(errc::io_failed, "The file " + path + " cannot be read: " + std::strerror(errno));
  };
  if (!file) return failed();
  crypto_generichash_state state;
  ::crypto_generichash_init(&state, nullptr, 0, crypto_generichash_BYTES);
  std::array<unsigned char, 64u << 10> buffer;
  file_digest out;
  for (;;) {
    const ssize_t n = ::read(file.get(), buffer.data(), buffer.size());
    if (n < 0) return failed();
    if (n == 0) break;
    ::crypto_generichash_update(&state, buffer.data(), static_cast<unsigned long long>(n));
    out.bytes += static_cast<std::uint64_t>(n);
  }
  std::array<unsigned char, crypto_generichash_BYTES> hash;
  ::crypto_generichash_final(&state, hash.data(), hash.size());
  std::array<char, 2 * crypto_generichash_BYTES + 1> hex;
  ::sodium_bin2hex(hex.data(), hex.size(), hash.data(), hash.size());
  out.hash = hex.data();
  return out;
}

namespace {

std::string quoted(std::string_view text, char quote) {
  std::string out(1, quote);
  for (const char c : text) {
    out.push_back(c);
    if (c == quote) out.push_back(c);
  }
  out.push_back(quote);
  return out;
}

} // namespace

std::string quote_name(std::string_view text) { return quoted(text, '"'); }
std::string quote_text(std::string_view text) { return quoted(text, '\''); }

} // namespace penstock
