#include "runtime/plan/sql_split.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>

namespace penstock {

namespace {

bool is_space(char c) noexcept { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v'; }

bool is_name_start(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}

bool is_name_part(char c) noexcept { return is_name_start(c) || (c >= '0' && c <= '9') || c == '$'; }

class sql_scanner {
public:
  explicit sql_scanner(std::string_view text) : text_(text) {}

  std::vector<sql_token> tokens() {
    std::vector<sql_token> found;
    while (at_ < text_.size()) {
      const std::size_t first = at_;
      kind_.reset();
      step();
      if (!kind_) continue;
      std::string_view text = text_.substr(first, at_ - first);
      if (kind_ == sql_token_kind::quoted_name) text = text.substr(1, text.find('"', 1) - 1);
      found.push_back({text, *kind_});
    }
    return found;
  }

  std::vector<std::string_view> statements() {
    while (at_ < text_.size()) step();
    close_statement(text_.size());
    return std::move(found_);
  }

private:
  void step() {
    const char c = text_[at_];
    if (c == ';') {
      kind_ = sql_token_kind::mark;
      close_statement(at_);
      start_ = ++at_;
      return;
    }
    if (is_space(c)) {
      ++at_;
      return;
    }
    if (starts_with("--")) return skip_past("\n", at_ + 2);
    if (starts_with("/*")) return skip_comment();
    has_code_ = true;
    if (c == '"') kind_ = sql_token_kind::quoted_name;
    if (c == '\'' || c == '"') return skip_quoted(c, false);
    if (c == '$') return skip_dollar();
    if (is_name_start(c)) return skip_name();
    kind_ = sql_token_kind::mark;
    ++at_;
  }

  [[nodiscard]] bool starts_with(std::string_view what) const noexcept { return text_.substr(at_).starts_with(what); }

  void skip_past(std::string_view what, std::size_t from) {
    const std::size_t found = text_.find(what, from);
    at_ = found == std::string_view::npos ? text_.size() : found + what.size();
  }

  void skip_comment() {
    std::size_t depth = 0;
    while (at_ < text_.size()) {
      if (starts_with("/*")) {
        ++depth;
        at_ += 2;
      } else if (starts_with("*/")) {
        at_ += 2;
        if (--depth == 0) return;
      } else {
        ++at_;
      }
    }
  }

  /// A doubled quote inside needs no care: it ends one quoted part and begins the next.
  void skip_quoted(char quote, bool backslash_escapes) {
    for (++at_; at_ < text_.size(); ++at_) {
      if (backslash_escapes && text_[at_] == '\\') ++at_;
      else if (text_[at_] == quote) break;
    }
    at_ = std::min(at_ + 1, text_.size());
  }

  /// `$tag$ … $tag$`; a lone `$`, or `$1`, is none.
  void skip_dollar() {
    std::size_t end = at_ + 1;
    if (end < text_.size() && is_name_start(text_[end]))
      while (end < text_.size() && is_name_part(text_[end]) && text_[end] != '$') ++end;
    if (end >= text_.size() || text_[end] != '$') {
      ++at_;
      return;
    }
    const std::string_view tag = text_.substr(at_, end + 1 - at_);
    skip_past(tag, end + 1);
  }

  void skip_name() {
    const std::size_t first = at_;
    while (at_ < text_.size() && is_name_part(text_[at_])) ++at_;
    const bool escapes = at_ - first == 1 && (text_[first] == 'e' || text_[first] == 'E');
    if (escapes && at_ < text_.size() && text_[at_] == '\'') return skip_quoted('\'', true);
    kind_ = sql_token_kind::name;
  }

  void close_statement(std::size_t end) {
    if (has_code_) {
      std::size_t first = start_;
      while (first < end && is_space(text_[first])) ++first;
      while (end > first && is_space(text_[end - 1])) --end;
      found_.push_back(text_.substr(first, end - first));
    }
    has_code_ = false;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t start_ = 0;
  bool has_code_ = false;
  std::optional<sql_token_kind> kind_; ///< Of what `step` came by; nothing: none of them.
  std::vector<std::string_view> found_;
};

} // namespace

std::vector<sql_token> sql_tokens(std::string_view text) { return sql_scanner{text}.tokens(); }

std::vector<std::string_view> split_sql(std::string_view text) { return sql_scanner{text}.statements(); }

} // namespace penstock
