#include "api/query_fields.hpp"

#include "api/router.hpp"
#include "runtime/model/utf8.hpp"

#include <algorithm>
#include <charconv>

namespace penstock {
namespace {

constexpr std::size_t entries_max = 100;

bool decode(std::string_view text, std::string& out) {
  std::string spaced{text};
  std::replace(spaced.begin(), spaced.end(), '+', ' ');
  return percent_decode(spaced, out) && find_invalid_utf8(out) == std::string_view::npos;
}

} // namespace

query_fields::query_fields(std::string_view query, request_problems& problems) : problems_(problems) {
  while (!query.empty()) {
    const auto end = std::min(query.find('&'), query.size());
    const auto part = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (part.empty()) continue;
    if (entries_.size() == entries_max) {
      problems_.add("", "the query has more than 100 parameters");
      return;
    }
    const auto equals = std::min(part.find('='), part.size());
    std::pair<std::string, std::string> entry;
    if (!decode(part.substr(0, equals), entry.first) ||
        !decode(part.substr(std::min(equals + 1, part.size())), entry.second)) {
      problems_.add("", "the query is not valid percent-encoded UTF-8");
      return;
    }
    if (find(entry.first)) problems_.add(entry.first, "is given twice");
    else entries_.push_back(std::move(entry));
  }
}

const std::string* query_fields::find(std::string_view name) const noexcept {
  for (const auto& [key, v] : entries_)
    if (key == name) return &v;
  return nullptr;
}

std::optional<std::string> query_fields::text(std::string_view name) const {
  const auto* v = find(name);
  if (!v || v->empty()) return std::nullopt;
  return *v;
}

std::optional<uuid> query_fields::id(std::string_view name) const {
  const auto v = text(name);
  if (!v) return std::nullopt;
  auto parsed = parse_uuid(*v);
  if (!parsed) problems_.add(std::string{name}, "must be a UUID such as 9c1f0e2a-1111-7222-8333-444455556666");
  return parsed;
}

std::optional<bool> query_fields::boolean(std::string_view name) const {
  const auto v = text(name);
  if (!v) return std::nullopt;
  if (*v == "true") return true;
  if (*v != "false") problems_.add(std::string{name}, "must be true or false");
  return false;
}

std::uint64_t query_fields::number(std::string_view name, std::uint64_t fallback, std::uint64_t low,
                                   std::uint64_t held_to) const {
  const auto v = text(name);
  if (!v) return fallback;
  std::uint64_t n = 0;
  const auto [end, ec] = std::from_chars(v->data(), v->data() + v->size(), n);
  const bool is_number = end == v->data() + v->size() && end != v->data();
  if (is_number && ec == std::errc::result_out_of_range) return held_to;
  if (!is_number || ec != std::errc{} || n < low) {
    problems_.add(std::string{name},
                  "must be a whole number of at least " + std::to_string(low) + ", is \"" + *v + "\"");
    return fallback;
  }
  return std::min(n, held_to);
}

} // namespace penstock
