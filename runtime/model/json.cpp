#include "runtime/model/json.hpp"

#include "runtime/model/text_cursor.hpp"
#include "runtime/model/utf8.hpp"
#include "runtime/model/value_builder.hpp"

#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

namespace penstock {

namespace {

constexpr unsigned parse_flags = rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag;

/// Takes the events of RapidJSON's reader. A value's place is the first byte behind the event before it that is neither
/// white space nor a separator, because a handler learns only where a token ends.
class json_handler {
public:
  json_handler(std::string_view text, const rapidjson::MemoryStream& stream, const json_limits& limits)
      : text_(text), stream_(stream), cursor_(text), builder_({limits.depth_max, limits.nodes_max}),
        takes_nul_(limits.takes_nul) {}

  [[nodiscard]] value_builder& builder() noexcept { return builder_; }
  [[nodiscard]] text_cursor& cursor() noexcept { return cursor_; }

  bool Null() { return builder_.scalar(value{}, place_of_token()); }
  bool Bool(bool v) { return builder_.scalar(value{v}, place_of_token()); }
  bool Int(int v) { return builder_.scalar(value{v}, place_of_token()); }
  bool Uint(unsigned v) { return builder_.scalar(value{std::int64_t{v}}, place_of_token()); }
  bool Int64(std::int64_t v) { return builder_.scalar(value{v}, place_of_token()); }
  bool Uint64(std::uint64_t v) {
    if (v > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return refuse_integer();
    return builder_.scalar(value{static_cast<std::int64_t>(v)}, place_of_token());
  }

  bool Double(double approximate) {
    const std::size_t start = start_of_token();
    const std::string_view written = text_.substr(start, stream_.Tell() - start);
    // RapidJSON turns integers that are too large for it into rounded doubles.
    if (written.find_first_of(".eE") == std::string_view::npos) return refuse_integer();
    double exact = 0;
    const auto parsed = std::from_chars(written.data(), written.data() + written.size(), exact);
    if (parsed.ec != std::errc{}) exact = approximate; // Underflow is zero; overflow is caught below.
    if (!std::isfinite(exact)) return refuse("the number is too large");
    return builder_.scalar(value{exact}, place_of_token());
  }

  bool RawNumber(const char*, rapidjson::SizeType, bool) { return false; } // Only with another parse flag.

  bool String(const char* text, rapidjson::SizeType size, bool) {
    if (!check_text({text, size})) return false;
    return builder_.scalar(value{std::string(text, size)}, place_of_token());
  }

  bool Key(const char* text, rapidjson::SizeType size, bool) {
    if (!check_text({text, size})) return false;
    return builder_.key(std::string(text, size), place_of_token());
  }

  bool StartObject() { return start(); }
  bool StartArray() { return start(); }
  bool EndObject(rapidjson::SizeType) {
    token_end_ = stream_.Tell() + 1;
    return builder_.end_object();
  }
  bool EndArray(rapidjson::SizeType) {
    token_end_ = stream_.Tell() + 1;
    return builder_.end_list();
  }

private:
  bool start() {
    // Called with the bracket not yet taken.
    token_end_ = stream_.Tell() + 1;
    return builder_.begin(cursor_.at(stream_.Tell()));
  }

  [[nodiscard]] std::size_t start_of_token() const noexcept {
    std::size_t i = token_end_;
    while (i < text_.size() && std::strchr(" \t\r\n,:", text_[i]) != nullptr) ++i;
    return i;
  }

  value::place place_of_token() noexcept {
    const value::place at = cursor_.at(start_of_token());
    token_end_ = stream_.Tell();
    return at;
  }

  /// Two things an escape can say that a text of ours cannot hold; RapidJSON 1.1 lets both pass.
  bool check_text(std::string_view text) {
    if (!takes_nul_ && text.find('\0') != std::string_view::npos) return refuse("a text must not contain \\u0000");
    for (std::size_t i = text.find('\xED'); i != std::string_view::npos; i = text.find('\xED', i + 1))
      if (i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) >= 0xA0)
        return refuse("a \\u escape names half of a surrogate pair");
    return true;
  }

  bool refuse(const char* message) { return builder_.refuse(errc::invalid_argument, place_of_token(), message); }
  bool refuse_integer() { return refuse("the integer does not fit in 64 bits"); }

  std::string_view text_;
  const rapidjson::MemoryStream& stream_;
  text_cursor cursor_;
  value_builder builder_;
  bool takes_nul_;
  std::size_t token_end_ = 0;
};

/// RapidJSON's codes in our words.
const char* message_of(rapidjson::ParseErrorCode code) noexcept {
  switch (code) {
    case rapidjson::kParseErrorDocumentEmpty: return "the document is empty";
    case rapidjson::kParseErrorDocumentRootNotSingular: return "something follows the end of the document";
    case rapidjson::kParseErrorObjectMissName: return "expected a member's name in quotes";
    case rapidjson::kParseErrorObjectMissColon: return "expected `:` after a member's name";
    case rapidjson::kParseErrorObjectMissCommaOrCurlyBracket: return "expected `,` or `}` after a member";
    case rapidjson::kParseErrorArrayMissCommaOrSquareBracket: return "expected `,` or `]` after an element";
    case rapidjson::kParseErrorStringUnicodeEscapeInvalidHex: return "expected four hex digits after \\u";
    case rapidjson::kParseErrorStringUnicodeSurrogateInvalid: return "a \\u escape names half of a surrogate pair";
    case rapidjson::kParseErrorStringEscapeInvalid:
      return "a text has an unknown escape or an unescaped control character";
    case rapidjson::kParseErrorStringMissQuotationMark: return "a text has no closing quote";
    case rapidjson::kParseErrorStringInvalidEncoding: return "a text is not valid UTF-8";
    case rapidjson::kParseErrorNumberTooBig: return "the number is too large";
    case rapidjson::kParseErrorNumberMissFraction: return "expected a digit after the decimal point";
    case rapidjson::kParseErrorNumberMissExponent: return "expected a digit in the exponent";
    default: return "expected a value";
  }
}

void append_escape(std::string& out, unsigned char c) {
  switch (c) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\b': out += "\\b"; return;
    case '\f': out += "\\f"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: break;
  }
  constexpr char digits[] = "0123456789abcdef";
  out += "\\u00";
  out += digits[c >> 4];
  out += digits[c & 15];
}

void append_double(std::string& out, double v) {
  if (!std::isfinite(v)) {
    out += "null";
    return;
  }
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, v).ptr;
  const std::string_view digits{buffer, static_cast<std::size_t>(end - buffer)};
  out += digits;
  // So that it is read back as the kind of number it was.
  if (digits.find_first_of(".e") == std::string_view::npos) out += ".0";
}

/// Writes values; `indent` < 0 is compact. Recursion is bounded by the depth of values, which readers bound.
class json_writer {
public:
  json_writer(std::string& out, bool pretty) : out_(out), pretty_(pretty) {}

  void write(const value& v) {
    if (const auto* b = v.as_bool()) out_ += *b ? "true" : "false";
    else if (const auto* i = v.as_int()) append_integer(*i);
    else if (const auto* d = v.as_double()) append_double(out_, *d);
    else if (const auto* s = v.as_string()) append_json_string(out_, *s);
    else if (const auto* l = v.as_list()) write_list(*l);
    else if (const auto* o = v.as_object()) write_object(*o);
    else out_ += "null";
  }

private:
  void append_integer(std::int64_t v) {
    char buffer[24];
    out_.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, v).ptr);
  }

  void write_list(const value::list& items) {
    out_ += '[';
    ++depth_;
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (i != 0) out_ += ',';
      new_line();
      write(items[i]);
    }
    close(items.empty(), ']');
  }

  void write_object(const value::object& members) {
    out_ += '{';
    ++depth_;
    for (std::size_t i = 0; i < members.size(); ++i) {
      if (i != 0) out_ += ',';
      new_line();
      append_json_string(out_, members[i].first);
      out_ += pretty_ ? ": " : ":";
      write(members[i].second);
    }
    close(members.empty(), '}');
  }

  void close(bool empty, char bracket) {
    --depth_;
    if (!empty) new_line();
    out_ += bracket;
  }

  void new_line() {
    if (!pretty_) return;
    out_ += '\n';
    out_.append(2 * depth_, ' ');
  }

  std::string& out_;
  bool pretty_;
  std::size_t depth_ = 0;
};

} // namespace

result<value> read_json(std::string_view text, const json_limits& limits) {
  if (text.size() > limits.bytes_max)
    return fail(errc::too_large, "the JSON text has " + std::to_string(text.size()) + " bytes; at most " +
                                   std::to_string(limits.bytes_max) + " are taken");
  // RapidJSON takes a NUL for the end of the text, so what follows one would go unseen.
  if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos)
    return unexpected(error_at(errc::invalid_argument, text_cursor{text}.at(nul), "a NUL byte is not allowed"));

  rapidjson::MemoryStream stream(text.data(), text.size());
  json_handler handler(text, stream, limits);
  rapidjson::Reader reader;
  const rapidjson::ParseResult parsed = reader.Parse<parse_flags>(stream, handler);
  if (handler.builder().failure()) return unexpected(std::move(*handler.builder().failure()));
  // Its offset may lie before the last event's end, so the place is counted afresh.
  if (parsed.IsError())
    return unexpected(
      error_at(errc::invalid_argument, text_cursor{text}.at(parsed.Offset()), message_of(parsed.Code())));
  return handler.builder().take();
}

std::string write_json(const value& v) {
  std::string out;
  json_writer(out, false).write(v);
  return out;
}

std::string write_json_pretty(const value& v) {
  std::string out;
  json_writer(out, true).write(v);
  return out;
}

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  std::size_t plain = 0; // Start of what can be copied as it is.
  for (std::size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c < 0x80 && c != '"' && c != '\\') {
      ++i;
      continue;
    }
    const std::size_t length = c < 0x80 ? 0 : utf8_sequence_length(text.substr(i, 4));
    if (length != 0) {
      i += length;
      continue;
    }
    out.append(text, plain, i - plain);
    if (c < 0x80) append_escape(out, c);
    else out += "\xEF\xBF\xBD"; // U+FFFD: output of programs may hold any bytes, JSON may not.
    plain = ++i;
  }
  out.append(text, plain, text.size() - plain);
  out += '"';
}

} // namespace penstock
