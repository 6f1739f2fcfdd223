#include "runtime/engines/keeper_protocol.hpp"

#include <cerrno>
#include <cstring>

namespace penstock {

namespace {

void put_number(std::string& out, std::uint64_t v) { out.append(reinterpret_cast<const char*>(&v), sizeof v); }

void put_text(std::string& out, std::string_view text) {
  put_number(out, text.size());
  out.append(text);
}

void put_texts(std::string& out, const std::vector<std::string>& texts) {
  put_number(out, texts.size());
  for (const auto& text : texts) put_text(out, text);
}

/// Reads what the functions above wrote; `ok` turns false at the first thing missing.
struct spec_reader {
  std::string_view rest;
  bool ok = true;

  std::uint64_t number() {
    std::uint64_t v = 0;
    if (rest.size() < sizeof v) {
      ok = false;
      return 0;
    }
    std::memcpy(&v, rest.data(), sizeof v);
    rest.remove_prefix(sizeof v);
    return v;
  }

  std::string text() {
    const std::uint64_t size = number();
    if (!ok || size > rest.size()) {
      ok = false;
      return {};
    }
    std::string out(rest.substr(0, size));
    rest.remove_prefix(size);
    return out;
  }

  std::vector<std::string> texts() {
    std::vector<std::string> out;
    for (std::uint64_t count = number(); ok && count > 0; --count) out.push_back(text());
    return out;
  }
};

} // namespace

std::string encode_spec(const process_spec& spec) {
  std::string out;
  put_texts(out, spec.arguments);
  put_texts(out, spec.environment);
  put_text(out, spec.directory);
  put_texts(out, spec.hidden_directories);
  put_texts(out, spec.readable_directories);
  put_number(out, spec.limits.data_bytes);
  put_number(out, spec.limits.file_bytes);
  put_number(out, spec.limits.open_files);
  return out;
}

std::optional<process_spec> decode_spec(std::string_view bytes) {
  spec_reader in{bytes};
  process_spec spec;
  spec.arguments = in.texts();
  spec.environment = in.texts();
  spec.directory = in.text();
  spec.hidden_directories = in.texts();
  spec.readable_directories = in.texts();
  spec.limits.data_bytes = in.number();
  spec.limits.file_bytes = in.number();
  spec.limits.open_files = in.number();
  if (!in.ok || !in.rest.empty()) return std::nullopt;
  return spec;
}

std::string describe_start_failure(start_step step, int error_number) {
  const auto because = [&](std::string text) { return text + ": " + std::strerror(error_number); };
  switch (step) {
    case start_step::fork: return because("no further process could be made");
    case start_step::directory: return because("its directory cannot be entered");
    case start_step::program:
      if (error_number == E2BIG)
        return "its command or environment is larger than the system takes (128 KiB for one text, 2 MiB for all)";
      return because("its program cannot be executed");
    case start_step::isolation: return because("it could not be isolated");
    case start_step::spec: return because("its description cannot be read");
  }
  return because("it could not be started");
}

std::string describe(const process_end& end) {
  switch (end.outcome) {
    case process_outcome::exited: return "exited with code " + std::to_string(end.code);
    case process_outcome::signalled:
      if (!end.why.empty()) return "was killed: " + end.why;
      return "was killed by signal " + std::to_string(end.code) + " (" + ::strsignal(end.code) + ")";
    case process_outcome::not_started: return "could not be started: " + end.why;
  }
  return "ended";
}

} // namespace penstock
