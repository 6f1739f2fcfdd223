#include "runtime/model/yaml.hpp"

#include "runtime/model/text_cursor.hpp"
#include "runtime/model/utf8.hpp"
#include "runtime/model/value_builder.hpp"

// Only the event parser of yaml-cpp is used: it builds no graph that would have to be walked.
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <set>
#include <sstream>
#include <utility>
#include <vector>

namespace penstock {

namespace {

/// Thrown through yaml-cpp, which has no other way to be stopped; the builder holds the reason.
struct refused {};

template <std::size_t N>
bool is_one_of(std::string_view text, const std::array<std::string_view, N>& words) {
  for (const std::string_view w : words)
    if (text == w) return true;
  return false;
}

bool all_of_digits(std::string_view text, std::string_view digits) {
  return !text.empty() && text.find_first_not_of(digits) == std::string_view::npos;
}

constexpr std::string_view decimal = "0123456789";
constexpr std::size_t problems_max = 100; // Of one text.

/// Whether `text`, without sign, is a number with fraction or exponent: (\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?
bool is_float(std::string_view text) {
  if (const std::size_t e = text.find_first_of("eE"); e != std::string_view::npos) {
    std::string_view exponent = text.substr(e + 1);
    if (!exponent.empty() && (exponent[0] == '-' || exponent[0] == '+')) exponent.remove_prefix(1);
    if (!all_of_digits(exponent, decimal)) return false;
    text = text.substr(0, e);
  }
  const std::size_t dot = text.find('.');
  const std::string_view whole = text.substr(0, dot);
  const std::string_view fraction = dot == std::string_view::npos ? std::string_view{} : text.substr(dot + 1);
  if (whole.empty()) return all_of_digits(fraction, decimal);
  return all_of_digits(whole, decimal) && (fraction.empty() || all_of_digits(fraction, decimal));
}

/// A plain scalar by the core schema of YAML 1.2 (section 10.3.2); nothing if it is a number that we do not take.
class plain_scalar {
public:
  /// @returns false with `why` set if the scalar is a number beyond our range.
  bool read(std::string_view text) {
    static constexpr std::array<std::string_view, 3> trues{"true", "True", "TRUE"};
    static constexpr std::array<std::string_view, 3> falses{"false", "False", "FALSE"};
    static constexpr std::array<std::string_view, 6> not_finite{".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN"};
    made = value{text};
    if (is_one_of(text, trues)) made = value{true};
    else if (is_one_of(text, falses)) made = value{false};
    const bool negative = text.starts_with('-');
    const std::string_view bare = negative || text.starts_with('+') ? text.substr(1) : text;
    if (bare.empty()) return true;
    if (is_one_of(bare, not_finite)) return refuse("NaN and infinity are not taken; quote it if it is meant as text");
    if (all_of_digits(bare, decimal)) return read_integer(bare, 10, negative);
    if (text.starts_with("0x") && all_of_digits(text.substr(2), "0123456789abcdefABCDEF"))
      return read_integer(text.substr(2), 16, false);
    if (text.starts_with("0o") && all_of_digits(text.substr(2), "01234567"))
      return read_integer(text.substr(2), 8, false);
    if (is_float(bare)) return read_float(bare, negative);
    return true;
  }

  value made;
  std::string why;

private:
  bool read_integer(std::string_view digits, int base, bool negative) {
    std::string signed_digits = negative ? "-" : "";
    signed_digits += digits;
    std::int64_t v = 0;
    const auto end = signed_digits.data() + signed_digits.size();
    if (std::from_chars(signed_digits.data(), end, v, base).ec != std::errc{})
      return refuse("the integer does not fit in 64 bits; quote it if it is meant as text");
    made = value{v};
    return true;
  }

  bool read_float(std::string_view digits, bool negative) {
    double v = 0;
    const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), v);
    // Out of range is either too large or so small that it is zero; a negative exponent tells which.
    if (parsed.ec == std::errc::result_out_of_range && digits.find("e-") == std::string_view::npos &&
        digits.find("E-") == std::string_view::npos)
      return refuse("the number is too large; quote it if it is meant as text");
    if (parsed.ec != std::errc{}) v = 0;
    made = value{negative ? -v : v};
    return true;
  }

  bool refuse(const char* message) {
    why = message;
    return false;
  }
};

/// Whether the quote at `begin` has one that closes it. yaml-cpp closes a text itself that is still open when the text
/// ends behind a line break.
bool is_closed(std::string_view text, std::size_t begin) noexcept {
  const char quote = text[begin];
  for (std::size_t i = begin + 1; i < text.size(); ++i) {
    if (quote == '"' && text[i] == '\\') ++i;
    else if (text[i] == quote && quote == '\'' && text.substr(i + 1).starts_with(quote)) ++i;
    else if (text[i] == quote) return true;
  }
  return false;
}

/// What becomes of a key that its object has already.
enum class repeats : std::uint8_t {
  refused,  ///< The first one, by the builder, once the object is read.
  collected ///< Each, while the rest is read on.
};

/// Takes the events of yaml-cpp's parser and refuses what a definition has no use for as soon as it comes.
class yaml_handler final : public YAML::EventHandler {
public:
  yaml_handler(std::string_view text, const yaml_limits& limits, repeats how)
      : text_(text), cursor_(text), builder_({limits.depth_max, limits.nodes_max}), repeats_(how) {}

  [[nodiscard]] value_builder& builder() noexcept { return builder_; }
  /// Where keys stand that their objects have already; only if they are collected.
  [[nodiscard]] const std::vector<problem>& repeated() const noexcept { return repeated_; }
  [[nodiscard]] std::size_t documents() const noexcept { return documents_; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ == 1) return;
    // yaml-cpp begins a document wherever something is left over.
    const bool marked =
      mark.pos >= 0 && text_.substr(std::min(text_.size(), static_cast<std::size_t>(mark.pos))).starts_with("---");
    refuse(mark,
           marked ? "only one document is taken" : "something follows the end of the document; check the indentation");
  }
  void OnDocumentEnd() override {}
  void OnAnchor(const YAML::Mark& mark, const std::string&) override { refuse(mark, "anchors are not taken"); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { refuse(mark, "aliases are not taken"); }

  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override {
    if (starts_with_tag(mark)) refuse_tag(mark);
    if (at_key()) refuse(mark, "a key must be text; quote it if it is meant as such");
    add(value{}, mark);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t, const std::string& text) override {
    const bool plain = tag == "?";
    // A quoted scalar's tag is "!" too, so one written out is told by the text.
    if ((!plain && tag != "!") || starts_with_tag(mark)) refuse_tag(mark);
    if (text.find('\0') != std::string::npos) refuse(mark, "a text must not contain a NUL");
    if (begins_with_quote(mark) && !is_closed(text_, static_cast<std::size_t>(mark.pos)))
      refuse(mark, "the quote is not closed");
    if (at_key()) return add_key(mark, plain, text);
    if (!plain) return add(value{text}, mark);
    plain_scalar scalar;
    if (!scalar.read(text)) refuse(mark, scalar.why);
    add(std::move(scalar.made), mark);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    begin(mark, tag, false);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t, YAML::EmitterStyle::value) override {
    begin(mark, tag, true);
  }
  void OnSequenceEnd() override { end(builder_.end_list()); }
  void OnMapEnd() override { end(builder_.end_object()); }

  [[nodiscard]] value::place place_of(const YAML::Mark& mark) {
    if (mark.is_null()) return {};
    const value::place at = cursor_.at(static_cast<std::size_t>(mark.pos));
    // The cursor only goes forward; the parser's own column counts bytes, but is right in most lines.
    if (static_cast<int>(at.line) == mark.line + 1) return at;
    return {static_cast<std::uint32_t>(mark.line + 1), static_cast<std::uint32_t>(mark.column + 1)};
  }

private:
  struct container {
    bool is_map = false;
    bool key_next = false;
    std::set<std::string, std::less<>> keys = {}; ///< Only if repeats are collected.
  };

  [[nodiscard]] bool at_key() const noexcept { return !open_.empty() && open_.back().key_next; }

  /// The character where a node begins; a NUL if there is none.
  [[nodiscard]] char first_of(const YAML::Mark& mark) const noexcept {
    const bool inside = mark.pos >= 0 && static_cast<std::size_t>(mark.pos) < text_.size();
    return inside ? text_[static_cast<std::size_t>(mark.pos)] : '\0';
  }
  [[nodiscard]] bool starts_with_tag(const YAML::Mark& mark) const noexcept { return first_of(mark) == '!'; }
  [[nodiscard]] bool begins_with_quote(const YAML::Mark& mark) const noexcept {
    return first_of(mark) == '"' || first_of(mark) == '\'';
  }

  void add_key(const YAML::Mark& mark, bool plain, const std::string& text) {
    if (plain && text == "<<") refuse(mark, "merge keys (`<<`) are not taken");
    const auto at = place_of(mark);
    open_.back().key_next = false;
    const bool is_repeat = repeats_ == repeats::collected && !open_.back().keys.insert(text).second;
    if (is_repeat) note_repeat(text, at);
    // Nobody can have written the name that a repeat gets, so the builder takes it.
    builder_.key(is_repeat ? text + '\0' + std::to_string(++names_made_) : text, at);
  }

  void note_repeat(const std::string& text, value::place at) {
    if (repeated_.size() >= problems_max) return;
    const std::string shown =
      text.size() <= 100 ? "key `" + text + "`" : "a key of " + std::to_string(text.size()) + " bytes";
    repeated_.push_back({"", shown + " appears twice in one object", at.line, at.column});
  }

  void add(value v, const YAML::Mark& mark) {
    if (!builder_.scalar(std::move(v), place_of(mark))) throw refused{};
    value_done();
  }

  void begin(const YAML::Mark& mark, const std::string& tag, bool is_map) {
    if (tag != "?" && !tag.empty()) refuse_tag(mark);
    if (at_key()) refuse(mark, "a key must be text, not a list or an object");
    if (!builder_.begin(place_of(mark))) throw refused{};
    open_.push_back({.is_map = is_map, .key_next = is_map});
  }

  void end(bool taken) {
    if (!taken) throw refused{};
    open_.pop_back();
    value_done();
  }

  void value_done() {
    if (!open_.empty()) open_.back().key_next = open_.back().is_map;
  }

  [[noreturn]] void refuse(const YAML::Mark& mark, const std::string& message) {
    builder_.refuse(errc::invalid_argument, place_of(mark), message);
    throw refused{};
  }
  [[noreturn]] void refuse_tag(const YAML::Mark& mark) { refuse(mark, "tags (`!…`) are not taken"); }

  std::string_view text_;
  text_cursor cursor_;
  value_builder builder_;
  std::vector<container> open_;
  std::size_t documents_ = 0;
  repeats repeats_;
  std::vector<problem> repeated_;
  std::size_t names_made_ = 0;
};

constexpr std::string_view end_in_quotes = "illegal EOF in scalar";

/// yaml-cpp's words where they need explaining; else as they are.
std::string message_of(const std::string& theirs) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 9> table{{
    {"illegal map value", "`: ` cannot stand here; check the indentation, or quote the text"},
    {"illegal block entry", "a list entry (`- `) cannot stand here; check the indentation, or quote the text"},
    {end_in_quotes, "the quote is not closed"},
    {"illegal document indicator in scalar", "`---` stands inside a quoted text; the quote before it is not closed"},
    {"end of sequence flow not found", "a list has no closing `]`"},
    {"end of map flow not found", "an object has no closing `}`"},
    {"end of map not found", "expected a key of this object; check the indentation"},
    {"end of sequence not found", "expected a list entry (`- `); check the indentation"},
    {"the referenced anchor is not defined", "aliases are not taken"},
  }};
  for (const auto& [text, ours] : table)
    if (theirs.starts_with(text)) return std::string{ours};
  return theirs;
}

/// Offset of a tab before or at `offset` where its line is indented; `npos` if there is none.
std::size_t find_tab_in_indentation(std::string_view text, std::size_t offset) noexcept {
  offset = std::min(offset, text.size());
  const std::size_t line_end_before = offset == 0 ? std::string_view::npos : text.rfind('\n', offset - 1);
  const std::size_t begin = line_end_before == std::string_view::npos ? 0 : line_end_before + 1;
  const std::size_t i = text.find_first_not_of(" -", begin);
  return i != std::string_view::npos && i <= offset && text[i] == '\t' ? i : std::string_view::npos;
}

error error_of(const YAML::Exception& e, std::string_view text, yaml_handler& handler) {
  if (!e.mark.is_null())
    if (const auto tab = find_tab_in_indentation(text, static_cast<std::size_t>(e.mark.pos)); tab != text.npos)
      return error_at(errc::invalid_argument, text_cursor{text}.at(tab),
                      "a tab stands here; YAML is indented with spaces");
  return error_at(errc::invalid_argument, handler.place_of(e.mark), message_of(e.msg));
}

/// What yaml-cpp would take for the end of its input, guess as another encoding, or replace unseen.
std::optional<error> find_bad_byte(std::string_view text) {
  if (const std::size_t i = find_invalid_utf8(text); i != std::string_view::npos)
    return error_at(errc::invalid_argument, text_cursor{text}.at(i), "the text is not valid UTF-8");
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7F)
      return error_at(errc::invalid_argument, text_cursor{text}.at(i), "a control character is not allowed");
  }
  return std::nullopt;
}

/// What came of reading a text once.
struct reading {
  result<value> read;
  std::vector<problem> repeated;
  bool ends_in_quotes = false; ///< yaml-cpp then tells the end of the text, not where the quotes begin.
};

reading read_document(std::string_view text, const yaml_limits& limits, repeats how) {
  yaml_handler handler(text, limits, how);
  std::istringstream stream{std::string{text}};
  try {
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(handler)) {}
  } catch (const refused&) {
    return {unexpected(std::move(*handler.builder().failure())), handler.repeated()};
  } catch (const YAML::Exception& e) {
    return {unexpected(error_of(e, text, handler)), handler.repeated(), e.msg.starts_with(end_in_quotes)};
  }
  if (handler.documents() == 0)
    return {unexpected(error_at(errc::invalid_argument, {1, 1}, "the document is empty")), {}};
  return {handler.builder().take(), handler.repeated()};
}

/// One error of several problems, which stand in the order of the text.
error error_of(std::vector<problem> problems) {
  constexpr std::size_t told_max = 5;
  error e{errc::invalid_argument, {}, std::move(problems)};
  const std::size_t count = e.problems.size();
  if (count > 1) e.message = std::to_string(count) + " problems: ";
  for (std::size_t i = 0; i < std::min(count, told_max); ++i) {
    const problem& p = e.problems[i];
    e.message += (i == 0 ? "" : "; ") + error_at(e.code, {p.line, p.column}, p.message).message;
  }
  if (count > told_max) e.message += "; and " + std::to_string(count - told_max) + " more";
  return e;
}

/// Reads a text again that was refused, for what the first mistake hides: keys that are given twice, and where a quote
/// begins that is open at the end.
error all_mistakes(std::string_view text, const yaml_limits& limits, reading first) {
  const std::string longer = first.ends_in_quotes ? std::string{text} + "\n" : std::string{};
  reading again = read_document(first.ends_in_quotes ? longer : text, limits, repeats::collected);
  if (again.read && again.repeated.empty()) return std::move(first.read.error());
  if (!again.read && again.repeated.empty()) return std::move(again.read.error());
  if (!again.read && again.repeated.size() < problems_max)
    for (problem& p : again.read.error().problems) again.repeated.push_back(std::move(p));
  return error_of(std::move(again.repeated));
}

} // namespace

result<value> read_yaml(std::string_view text, const yaml_limits& limits) {
  if (text.size() > limits.bytes_max)
    return fail(errc::too_large, "the YAML text has " + std::to_string(text.size()) + " bytes; at most " +
                                   std::to_string(limits.bytes_max) + " are taken");
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  if (auto bad = find_bad_byte(text)) return unexpected(std::move(*bad));

  reading first = read_document(text, limits, repeats::refused);
  if (first.read || first.read.error().code != errc::invalid_argument) return std::move(first.read);
  return unexpected(all_mistakes(text, limits, std::move(first)));
}

} // namespace penstock
