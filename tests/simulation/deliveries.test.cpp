#include "tests/simulation/world.hpp"

#include "actors/core/events.hpp"
#include "actors/core/reads.hpp"
#include "actors/core/sealed_records.hpp"
#include "actors/core/system_core.hpp"

#include <algorithm>
#include <array>
#include <set>

using namespace penstock;
using simulation::world;

namespace {

constexpr std::size_t seed_count = 300;
constexpr partition_id partitions = 3;
constexpr int gone = 410;

constexpr const char* quick = R"(
version: 1
tasks:
  - { id: a, type: noop }
)";

const std::string& header_of(const outbound_request& request, std::string_view name) {
  const auto found = std::ranges::find(request.headers, name, [](const auto& header) { return header.first; });
  REQUIRE(found != request.headers.end());
  return found->second;
}

/// A world with endpoints that change, whose receivers answer as chance has it, and who sees all that is posted.
struct delivery_world : world {
  explicit delivery_world(std::uint64_t seed) : world(seed) {
    booted = [this] { listen(); };
    listen();
  }

  struct event_at_endpoint {
    std::string event;
    std::string url;
    auto operator<=>(const event_at_endpoint&) const = default;
  };

  void listen() {
    node->posted = [this](delivery_id id, const outbound_request& request) { check_post(id, request); };
    node->receiver = [this](const outbound_request& request) { return answer(request); };
  }

  void settle_all() {
    settle();
    for (const auto& [id, record] : endpoints())
      if (!record.enabled) silent.insert(record.url);
  }

  std::map<endpoint_id, endpoint_record> endpoints() {
    auto tables = load_system_tables(node->state());
    REQUIRE(tables);
    return tables->endpoints();
  }

  void change_system(const std::function<void(system_draft&)>& change) {
    must<void>(system_entity, [&](reply<void> done) {
      auto decide = [change](system_draft& draft, timestamp) -> result<void> {
        change(draft);
        return {};
      };
      return system_change{std::move(decide), std::move(done)};
    });
  }

  endpoint_record add_endpoint(std::string url, std::vector<event_type> events) {
    endpoint_record record;
    record.id = endpoint_id{make_uuid7(clock.now(), 0, random.next())};
    record.workspace = default_workspace;
    record.url = std::move(url);
    record.events = std::move(events);
    record.sealed_secret = node->around().seals.seal(place_of(record), "the secret");
    record.retries_max = 3;
    change_system([&](system_draft& draft) { draft.put(record); });
    return record;
  }
  void enable(endpoint_record record, bool enabled) {
    if (enabled) silent.erase(record.url);
    record.enabled = enabled;
    change_system([&](system_draft& draft) { draft.put(record); });
    if (!enabled) silent.insert(record.url);
  }
  void remove(const endpoint_record& record) {
    change_system([&](system_draft& draft) { draft.erase(record.id); });
    silent.insert(record.url);
  }

  result<outbound_response> answer(const outbound_request& request) {
    const auto dice = random.next() % 10;
    if (dice < 2) return fail(errc::timed_out, "no answer");
    outbound_response out;
    out.status = dice < 4 ? 500 : 200;
    if (dice == 3) out.headers.emplace_back("retry-after", "30");
    if (leaving.contains(request.url) && dice == 9) out.status = gone;
    if (out.status == 200) succeeded.insert({header_of(request, "webhook-id"), request.url});
    return out;
  }

  delivery_record stored(delivery_id id) {
    for (partition_id p = 1; p <= partitions; ++p)
      if (auto found = read<delivery_record>(keys::delivery(p, id))) return *found;
    FAIL("a delivery that is not in the store");
    return {};
  }
  template <class Record>
  std::optional<Record> read(const std::string& key) {
    std::string bytes;
    if (!node->state().get(family::events, key, bytes)) return std::nullopt;
    auto record = codec::decode<Record>(bytes);
    REQUIRE(record);
    return std::move(*record);
  }

  void check_post(delivery_id id, const outbound_request& request) {
    CHECK(!silent.contains(request.url));
    // What the store says now would be true after a crash, too.
    const auto delivery = stored(id);
    CHECK(delivery.status == delivery_status::pending);
    REQUIRE(delivery.next_at);
    CHECK(*delivery.next_at <= clock.now());
    if (delivery.tries > 0) check_delay(delivery);
    const auto event = read<event_record>(keys::event(partition_of(slot_of(id.raw), partitions), delivery.event));
    REQUIRE(event);
    CHECK(shown_id(event->id) == header_of(request, "webhook-id"));
    const auto run = penstock::read_record<run_record>(node->state(), keys::run(run_id{event->subject}));
    REQUIRE(run);
    CHECK(is_terminal(run->status));
    CHECK(request.body.find(to_text(run->id)) != std::string::npos);
    const auto [it, first] = bodies.try_emplace({shown_id(event->id), request.url}, request.body);
    CHECK(it->second == request.body);
    ++posts;
  }

  /// The delay doubles with each attempt, is at most a tenth off, and never shorter than the receiver asked for.
  void check_delay(const delivery_record& delivery) {
    const auto& limits = node->around().webhooks;
    const auto factor = std::int64_t{1} << (delivery.tries - 1);
    const auto waited = *delivery.next_at - delivery.attempts.back().at;
    CHECK(waited >= limits.retry_delay * factor * 9 / 10);
    CHECK(delivery.tries == delivery.attempts.size());
  }

  std::set<std::string> silent;  ///< Nothing may be posted there: switched off or deleted, and that was acknowledged.
  std::set<std::string> leaving; ///< Some day these answer 410.
  std::set<event_at_endpoint> succeeded;
  std::map<event_at_endpoint, std::string> bodies;
  int posts = 0;
};

template <class Record>
std::vector<Record> all(delivery_world& w, keys::event_kind kind) {
  std::vector<Record> out;
  for (partition_id p = 1; p <= partitions; ++p) {
    const auto any = kind == keys::event_kind::event ? keys::events_prefix(p) : keys::delivery(p, delivery_id{});
    const auto prefix = any.substr(0, keys::events_prefix(p).size());
    w.node->state().scan(family::events, prefix, keys::behind(prefix), [&](std::string_view, std::string_view bytes) {
      auto record = codec::decode<Record>(bytes);
      REQUIRE(record);
      out.push_back(std::move(*record));
      return true;
    });
  }
  return out;
}

std::size_t entries(delivery_world& w, const std::string& prefix) {
  std::size_t n = 0;
  w.node->state().scan(family::events, prefix, keys::behind(prefix),
                       [&](std::string_view, std::string_view) { return ++n > 0; });
  return n;
}

bool wants(const endpoint_record& endpoint, event_type type) {
  return std::ranges::find(endpoint.events, type) != endpoint.events.end();
}

/// Each ended run has one event with one delivery for each of `always`, which were subscribed all the time.
void check_events(delivery_world& w, const std::vector<endpoint_record>& always) {
  std::map<uuid, std::vector<event_record>> by_subject;
  for (auto& event : all<event_record>(w, keys::event_kind::event)) by_subject[event.subject].push_back(event);
  std::map<std::pair<event_id, uuid>, std::size_t> deliveries;
  for (const auto& delivery : all<delivery_record>(w, keys::event_kind::delivery))
    ++deliveries[{delivery.event, delivery.endpoint}];
  const auto runs = reads{w.node->around()}.runs(default_workspace, {}, {100'000, 0});
  REQUIRE(runs);
  for (const auto& run : runs->entries) {
    const auto& record = run.record;
    REQUIRE(is_terminal(record.status));
    const auto type = record.status == run_status::succeeded ? event_type::job_completed : event_type::job_failed;
    const auto& events = by_subject[record.id.raw];
    REQUIRE(events.size() == 1);
    CHECK(events.front().type == type);
    for (const auto& endpoint : always)
      CHECK(deliveries.count({events.front().id, endpoint.id.raw}) == (wants(endpoint, type) ? 1u : 0u));
    by_subject.erase(record.id.raw);
  }
  CHECK(by_subject.empty());
  for (const auto& [which, count] : deliveries) CHECK(count == 1);
}

void check_deliveries(delivery_world& w, const std::vector<endpoint_record>& known,
                      const std::vector<endpoint_record>& always) {
  std::set<uuid> stayed;
  for (const auto& endpoint : always) stayed.insert(endpoint.id.raw);
  std::map<uuid, std::string> urls;
  for (const auto& endpoint : known) urls[endpoint.id.raw] = endpoint.url;
  std::map<uuid, std::int64_t> of_endpoint;
  for (const auto& delivery : all<delivery_record>(w, keys::event_kind::delivery)) {
    ++of_endpoint[delivery.endpoint];
    const delivery_world::event_at_endpoint which{shown_id(delivery.event), urls.at(delivery.endpoint)};
    CHECK(delivery.status != delivery_status::pending);
    if (delivery.status == delivery_status::delivered) CHECK(w.succeeded.contains(which));
    if (delivery.status != delivery_status::dropped) CHECK(w.bodies.contains(which));
    const bool is_gone = !delivery.attempts.empty() && delivery.attempts.back().response_status == gone;
    if (delivery.status == delivery_status::failed && !is_gone) CHECK(delivery.tries == 4);
    if (delivery.status == delivery_status::dropped) CHECK(!stayed.contains(delivery.endpoint));
  }
  for (partition_id p = 1; p <= partitions; ++p) {
    CHECK(entries(w, keys::pending_prefix(p)) == 0);
    CHECK(w.node->state().counter(family::counters, keys::counter_of(p, keys::counter_kind::pending_deliveries, {})) ==
          0);
  }
  for (const auto& endpoint : known) {
    std::int64_t counted = 0;
    std::size_t listed = 0;
    for (partition_id p = 1; p <= partitions; ++p) {
      counted += w.node->state().counter(
        family::counters, keys::counter_of(p, keys::counter_kind::deliveries_of_endpoint, endpoint.id.raw));
      listed += entries(w, keys::deliveries_of_endpoint(p, endpoint.id.raw));
    }
    CHECK(counted == of_endpoint[endpoint.id.raw]);
    CHECK(listed == static_cast<std::size_t>(counted));
  }
}

const std::vector<event_type> both{event_type::job_completed, event_type::job_failed};

} // namespace

SCENARIO("whatever is interrupted when, each end of a run is told to each subscriber, with the same bytes",
         "[simulation][webhook]") {
  int crashes = 0;
  int posts = 0;
  const auto seeds = simulation::seeds(seed_count);
  for (const auto seed : seeds) {
    CAPTURE(seed);
    delivery_world w{seed};
    std::vector<endpoint_record> always;
    always.push_back(w.add_endpoint("https://all.test/", both));
    always.push_back(w.add_endpoint("https://failures.test/", {event_type::job_failed}));
    auto known = always;
    known.push_back(w.add_endpoint("https://changing.test/", both));
    known.push_back(w.add_endpoint("https://leaving.test/", both));
    known.push_back(w.add_endpoint("https://deleted.test/", both));
    w.leaving.insert("https://leaving.test/");
    const std::array pipelines{w.make_pipeline("a", quick), w.make_pipeline("b", quick)};
    bool deleted = false;
    for (int i = 0; i < 300; ++i) {
      const auto dice = w.random.next() % 100;
      if (dice < 6) w.start(pipelines[w.random.next() % 2], "key-" + std::to_string(i));
      else if (dice < 7) w.enable(known[2], w.random.next() % 2 == 0);
      else if (dice < 8) w.enable(known[3], true);
      else if (dice < 9 && i > 150 && !std::exchange(deleted, true)) w.remove(known[4]);
      else w.live();
    }
    w.settle_all();
    check_events(w, always);
    check_deliveries(w, known, always);
    crashes += w.crashes;
    posts += w.posts;
  }
  if (seeds.size() == 1) return;
  CHECK(crashes > static_cast<int>(seeds.size()));
  CHECK(posts > 10 * static_cast<int>(seeds.size()));
}
