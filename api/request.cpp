#include "api/request.hpp"

#include <algorithm>

namespace penstock {
namespace {

constexpr char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

} // namespace

std::string_view to_text(verb v) noexcept {
  switch (v) {
    case verb::get: return "GET";
    case verb::head: return "HEAD";
    case verb::post: return "POST";
    case verb::put: return "PUT";
    case verb::patch: return "PATCH";
    case verb::del: return "DELETE";
    case verb::options: return "OPTIONS";
    case verb::other: break;
  }
  return "OTHER";
}

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trimmed(std::string_view text) noexcept {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

bool path_values::add(std::string_view name, std::string value) {
  if (count_ == count_max) return false;
  entries_[count_].name = name;
  entries_[count_].value = std::move(value);
  ++count_;
  return true;
}

std::string_view path_values::operator[](std::string_view name) const noexcept {
  for (std::size_t i = 0; i < count_; ++i)
    if (entries_[i].name == name) return entries_[i].value;
  return {};
}

const std::string_view* request::header(std::string_view name) const noexcept {
  for (const auto& h : headers)
    if (equal_ignoring_case(h.name, name)) return &h.value;
  return nullptr;
}

std::string request::header_text(std::string_view name) const {
  const auto* v = header(name);
  return v ? std::string{*v} : std::string{};
}

} // namespace penstock
