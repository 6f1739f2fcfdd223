#include "runtime/plan/sql_tables.hpp"

#include "runtime/model/ascii.hpp"
#include "runtime/plan/sql_split.hpp"

#include <algorithm>
#include <array>

namespace penstock {

namespace {

/// A name in small letters, or a mark as it is.
struct word {
  std::string text;
  bool is_name = false;
  bool is_quoted = false; ///< So it is no keyword.
};

std::vector<word> words_of(std::string_view sql) {
  std::vector<word> words;
  for (const sql_token& token : sql_tokens(sql)) {
    words.push_back(
      {lower_ascii(token.text), token.kind != sql_token_kind::mark, token.kind == sql_token_kind::quoted_name});
  }
  return words;
}

class table_finder {
public:
  explicit table_finder(std::string_view sql) : words_(words_of(sql)) {}

  std::vector<std::string> run() {
    for (at_ = 0; at_ < words_.size(); ++at_) {
      if (is("table") || is("view")) note_made_table();
      else if (words_[at_].is_name) note_with();
      if ((is("from") && !is_part_of_expression()) || is("join")) read_tables();
    }
    std::sort(made_.begin(), made_.end());
    std::erase_if(read_, [&](const std::string& name) { return std::binary_search(made_.begin(), made_.end(), name); });
    std::sort(read_.begin(), read_.end());
    read_.erase(std::unique(read_.begin(), read_.end()), read_.end());
    return std::move(read_);
  }

private:
  static constexpr std::size_t looked_at = 100; // Words to either side, so that no text takes long.

  [[nodiscard]] const word* behind(std::size_t count) const noexcept {
    return at_ + count < words_.size() ? &words_[at_ + count] : nullptr;
  }
  /// Whether this keyword or mark stands there.
  [[nodiscard]] bool is(std::string_view text, std::size_t count = 0) const noexcept {
    const word* w = behind(count);
    return w && !w->is_quoted && w->text == text;
  }
  [[nodiscard]] bool is_name(std::size_t count) const noexcept {
    const word* w = behind(count);
    return w && w->is_name;
  }

  /// `x IS DISTINCT FROM y`, `extract(year FROM x)`.
  [[nodiscard]] bool is_part_of_expression() const noexcept {
    static constexpr std::array<std::string_view, 4> functions{"extract", "substring", "trim", "overlay"};
    if (at_ > 0 && words_[at_ - 1].text == "distinct") return true;
    std::size_t closed = 0;
    for (std::size_t i = at_; i > 1 && at_ - i < looked_at; --i) {
      if (words_[i - 1].text == ")") ++closed;
      else if (words_[i - 1].text == "(" && closed-- == 0)
        return std::find(functions.begin(), functions.end(), words_[i - 2].text) != functions.end();
    }
    return false;
  }

  /// `TABLE [IF NOT EXISTS] name`.
  void note_made_table() {
    const std::size_t name = is("if", 1) && is("not", 2) && is("exists", 3) ? 4 : 1;
    if (is_name(name)) made_.push_back(behind(name)->text);
  }

  /// `name [(column, …)] AS [[NOT] MATERIALIZED] (`.
  void note_with() {
    std::size_t as = 1;
    if (is("(", 1)) {
      for (as = 2; as < looked_at && !is(")", as) && !is("(", as);) ++as;
      ++as;
    }
    if (!is("as", as)) return;
    std::size_t bracket = as + 1;
    while (is("not", bracket) || is("materialized", bracket)) ++bracket;
    if (is("(", bracket)) made_.push_back(words_[at_].text);
  }

  /// Goes on to what stands behind the tables.
  void read_tables() {
    std::size_t next = 1;
    while (is_name(next)) {
      const std::string& name = behind(next)->text;
      ++next;
      if (is("(", next) || is(".", next)) break; // A function, or a table of a schema.
      read_.push_back(name);
      if (is("as", next)) ++next;
      if (is_name(next) && is(",", next + 1)) ++next; // Another name for it.
      if (!is(",", next)) break;
      ++next;
    }
    at_ += next - 1;
  }

  std::vector<word> words_;
  std::size_t at_ = 0;
  std::vector<std::string> read_;
  std::vector<std::string> made_;
};

} // namespace

std::vector<std::string> names_in_sql(std::string_view sql) {
  std::vector<std::string> names;
  for (word& w : words_of(sql))
    if (w.is_name) names.push_back(std::move(w.text));
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

std::vector<std::string> tables_in_sql(std::string_view sql) { return table_finder{sql}.run(); }

} // namespace penstock
