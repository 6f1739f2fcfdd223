#include "actors/core/audit_reads.hpp"

#include "actors/access_operations.hpp"
#include "runtime/model/codec.hpp"
#include "storage/keys.hpp"

#include <algorithm>
#include <deque>
#include <tuple>
#include <utility>

namespace penstock {

namespace {

/// What a page looks at, at most.
constexpr std::size_t entries_looked_at_max = 2'000;
constexpr std::size_t chunk_max = 100;

struct found_entry {
  keys::audit_place place;
  std::string bytes;
};

audit_cursor cursor_of(const keys::audit_place& place) { return {place.at, place.number, place.partition}; }

/// Newest first; of one instant in a fixed order.
bool comes_before(const audit_cursor& a, const audit_cursor& b) noexcept {
  return std::tie(a.at, a.number, a.partition) > std::tie(b.at, b.number, b.partition);
}

/// A partition's entries of a workspace, read in pieces.
class audit_stream {
public:
  audit_stream(const state_reader& state, std::string begin, std::string end, std::size_t chunk)
      : state_(state), next_(std::move(begin)), end_(std::move(end)), chunk_(chunk) {}

  /// @returns null at the end, or at an entry whose key does not read: then `failed`.
  [[nodiscard]] const found_entry* front() {
    if (held_.empty() && next_ < end_) read_on();
    return held_.empty() ? nullptr : &held_.front();
  }
  void pop() { held_.pop_front(); }
  [[nodiscard]] const std::optional<error>& failed() const noexcept { return failed_; }

private:
  void read_on() {
    const auto begin = std::exchange(next_, end_);
    state_.scan(family::audit, begin, end_, [&](std::string_view key, std::string_view bytes) {
      if (held_.size() == chunk_) {
        next_ = key;
        return false;
      }
      auto place = keys::audit_place::decode(key);
      if (!place) failed_ = std::move(place).error();
      else held_.push_back({*place, std::string{bytes}});
      return !failed_;
    });
  }

  const state_reader& state_;
  std::string next_;
  std::string end_;
  std::size_t chunk_;
  std::deque<found_entry> held_;
  std::optional<error> failed_;
};

std::vector<audit_stream> streams_of(const state_reader& state, partition_id partition_count, workspace_id workspace,
                                     const audit_filter& filter, std::size_t chunk,
                                     const std::optional<audit_cursor>& before) {
  std::vector<audit_stream> out;
  for (partition_id p = 0; p <= partition_count; ++p) {
    auto begin = filter.to ? keys::audit_until(p, workspace, *filter.to) : keys::audit_prefix(p, workspace);
    if (before) {
      auto at = keys::audit_place{p, workspace, before->at, before->number}.encode();
      // In a partition of a lower number the entry with the cursor's place is still to come.
      if (p >= before->partition) at += '\0';
      begin = std::max(begin, std::move(at));
    }
    auto end = keys::behind(keys::audit_prefix(p, workspace));
    if (filter.from) end = keys::audit_until(p, workspace, *filter.from - milliseconds{1});
    out.emplace_back(state, std::move(begin), std::move(end), chunk);
  }
  return out;
}

audit_stream* newest_of(std::vector<audit_stream>& streams) {
  audit_stream* out = nullptr;
  for (auto& stream : streams)
    if (const auto* entry = stream.front();
        entry && (!out || comes_before(cursor_of(entry->place), cursor_of(out->front()->place))))
      out = &stream;
  return out;
}

/// With everything that other fields say of it.
void complete(audit_record& what) {
  if (what.subject.empty() && what.key) what.subject = shown_id(*what.key);
  if (what.object.empty() && !what.object_id.is_nil()) what.object = to_text(what.object_id);
  if (what.result.empty()) what.result = audit_ok;
}

class matcher {
public:
  explicit matcher(const audit_filter& filter) : filter_(filter), id_(parse_uuid(filter.object)) {}

  [[nodiscard]] bool operator()(const audit_record& what) const {
    return is(filter_.subject, what.subject) && is(filter_.operation, what.operation) &&
           is(filter_.result, what.result) &&
           (is(filter_.object, what.object) || (id_ && parse_uuid(what.object) == id_) ||
            (id_ && what.made && what.made->raw == *id_));
  }

private:
  static bool is(const std::string& wanted, const std::string& there) { return wanted.empty() || wanted == there; }

  const audit_filter& filter_;
  std::optional<uuid> id_;
};

} // namespace

result<audit_page> read_audit(const state_reader& state, partition_id partition_count, workspace_id workspace,
                              const audit_filter& filter, std::uint32_t limit, std::optional<audit_cursor> before) {
  auto streams =
    streams_of(state, partition_count, workspace, filter, std::min<std::size_t>(limit + 1, chunk_max), before);
  const matcher matches{filter};
  audit_page out;
  for (std::size_t looked_at = 0; auto* stream = newest_of(streams); ++looked_at) {
    if (out.entries.size() == limit || looked_at == entries_looked_at_max) {
      out.next = before;
      return out;
    }
    const auto& [place, bytes] = *stream->front();
    auto what = codec::decode<audit_record>(bytes);
    if (!what) return unexpected(std::move(what).error());
    before = cursor_of(place);
    complete(*what);
    if (matches(*what)) out.entries.push_back({place.workspace, place.at, std::move(*what)});
    stream->pop();
  }
  for (const auto& stream : streams)
    if (stream.failed()) return unexpected(*stream.failed());
  return out;
}

} // namespace penstock
