#include "api/metrics.hpp"

#include "api/router.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <array>
#include <charconv>
#include <deque>
#include <map>
#include <mutex>

namespace penstock {
namespace {

constexpr std::size_t class_count = 6; ///< Status classes 1xx to 5xx by their first digit.

const prometheus::Histogram::BucketBoundaries& latency_bounds() {
  static const prometheus::Histogram::BucketBoundaries bounds{0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                                              0.1,     0.25,   0.5,   1,      2.5,   10,   60};
  return bounds;
}

std::string status_class(std::size_t digit) { return std::string(1, static_cast<char>('0' + digit)) + "xx"; }

std::size_t class_of(int status) noexcept {
  const auto digit = static_cast<std::size_t>(status / 100);
  return digit < class_count ? digit : 5;
}

void append_number(std::string& out, double v) {
  std::array<char, 32> digits{};
  out.append(digits.data(), std::to_chars(digits.begin(), digits.end(), v).ptr);
}

/// Lines of `figures`, whose names may carry labels. A map's order keeps the lines of one name together.
void append_figures(std::string& out, const std::map<std::string, double>& figures, std::string_view type) {
  std::string_view last;
  for (const auto& [name, v] : figures) {
    const auto bare = std::string_view{name}.substr(0, name.find('{'));
    if (bare != last) out.append("# TYPE ").append(bare).append(" ").append(type).append("\n");
    last = bare;
    out.append(name).append(" ");
    append_number(out, v);
    out += '\n';
  }
}

void append_histograms(std::string& out, const std::map<std::string, figure_histogram>& histograms) {
  for (const auto& [name, h] : histograms) {
    out.append("# TYPE ").append(name).append(" histogram\n");
    std::uint64_t below = 0;
    const auto line = [&](std::string_view bound) {
      out.append(name).append("_bucket{le=\"").append(bound).append("\"} ").append(std::to_string(below)) += '\n';
    };
    for (std::size_t i = 0; i < figure_histogram::bounds.size(); ++i) {
      below += h.counts[i];
      std::string bound;
      append_number(bound, figure_histogram::bounds[i]);
      line(bound);
    }
    below += h.counts.back();
    line("+Inf");
    out.append(name).append("_sum ");
    append_number(out, h.sum);
    out.append("\n").append(name).append("_count ").append(std::to_string(below)) += '\n';
  }
}

} // namespace

struct http_metrics::impl {
  /// What is known of a route from its first answer on: most servers use a tenth of the routes, and who asks for the figures
  /// holds up other requests for as long as it takes to write them. All classes then, so that a first failure is seen as a
  /// step from 0.
  struct row_metrics {
    prometheus::Labels labels;
    std::once_flag made;
    std::array<prometheus::Counter*, class_count> requests{};
    prometheus::Histogram* latency = nullptr;
  };

  void make(row_metrics& row) const {
    // Classes that no route of ours answers with are left out.
    for (std::size_t digit = 2; digit < class_count; ++digit) {
      auto labels = row.labels;
      labels.emplace("status", status_class(digit));
      row.requests[digit] = &requests->Add(labels);
    }
    row.requests[1] = row.requests[0] = row.requests[2];
    row.latency = &latency->Add(row.labels, latency_bounds());
  }

  prometheus::Registry registry;
  prometheus::Family<prometheus::Counter>* requests = nullptr;
  prometheus::Family<prometheus::Histogram>* latency = nullptr;
  std::deque<row_metrics> rows;
  std::array<prometheus::Counter*, class_count> refused{};
  std::array<prometheus::Counter*, auth_failure_names.size()> failures{};
  std::array<prometheus::Counter*, 2> limited{};
  prometheus::Gauge* connections = nullptr;
  prometheus::Gauge* websockets = nullptr;
  prometheus::Gauge* in_flight = nullptr;
  prometheus::Gauge* body_bytes = nullptr;
};

http_metrics::http_metrics(const std::vector<routed>& rows, std::string_view version)
    : impl_(std::make_unique<impl>()) {
  auto& registry = impl_->registry;
  impl_->requests = &prometheus::BuildCounter()
                       .Name("penstock_http_requests_total")
                       .Help("Requests answered, by route; those that had none yet are left out.")
                       .Register(registry);
  impl_->latency = &prometheus::BuildHistogram()
                      .Name("penstock_http_request_duration_seconds")
                      .Help("From the last byte of a request to its answer.")
                      .Register(registry);
  for (const auto& target : rows)
    impl_->rows.emplace_back().labels = {{"method", std::string{to_text(target.row->method)}},
                                         {"route", std::string{target.row->pattern}}};
  auto& refusals = prometheus::BuildCounter()
                     .Name("penstock_http_refused_total")
                     .Help("Requests refused before a route took them: unknown, malformed, no room.")
                     .Register(registry);
  for (std::size_t digit = 4; digit < class_count; ++digit)
    impl_->refused[digit] = &refusals.Add({{"status", status_class(digit)}});
  for (std::size_t digit = 0; digit < 4; ++digit) impl_->refused[digit] = impl_->refused[4];
  auto& failures = prometheus::BuildCounter()
                     .Name("penstock_authentication_failures_total")
                     .Help("Requests whose credentials were refused, by reason.")
                     .Register(registry);
  for (std::size_t i = 0; i < auth_failure_names.size(); ++i)
    impl_->failures[i] = &failures.Add({{"reason", std::string{auth_failure_names[i]}}});
  auto& limits =
    prometheus::BuildCounter()
      .Name("penstock_rate_limited_total")
      .Help("Requests answered with 429: a caller's beyond its rate, an address's with refused credentials.")
      .Register(registry);
  impl_->limited = {&limits.Add({{"by", "caller"}}), &limits.Add({{"by", "address"}})};
  impl_->connections = &prometheus::BuildGauge()
                          .Name("penstock_http_connections")
                          .Help("Open client connections.")
                          .Register(registry)
                          .Add({});
  impl_->websockets =
    &prometheus::BuildGauge().Name("penstock_http_websockets").Help("Of these, WebSockets.").Register(registry).Add({});
  impl_->in_flight = &prometheus::BuildGauge()
                        .Name("penstock_http_requests_in_flight")
                        .Help("Requests being worked on.")
                        .Register(registry)
                        .Add({});
  impl_->body_bytes = &prometheus::BuildGauge()
                         .Name("penstock_http_body_bytes")
                         .Help("Bytes of request bodies in memory")
                         .Register(registry)
                         .Add({});
  prometheus::BuildGauge()
    .Name("penstock_build_info")
    .Help("Always 1; the version is the label.")
    .Register(registry)
    .Add({{"version", std::string{version}}})
    .Set(1);
}

http_metrics::~http_metrics() = default;

void http_metrics::answered(std::size_t index, int status, std::chrono::nanoseconds took) noexcept {
  auto& row = impl_->rows[index];
  std::call_once(row.made, [&] { impl_->make(row); });
  row.requests[class_of(status)]->Increment();
  row.latency->Observe(std::chrono::duration<double>(took).count());
}

void http_metrics::refused(int status) noexcept { impl_->refused[class_of(status)]->Increment(); }

void http_metrics::authentication_failed(auth_failure why) noexcept {
  impl_->failures[static_cast<std::size_t>(why)]->Increment();
}

void http_metrics::rate_limited(limited what) noexcept { impl_->limited[static_cast<std::size_t>(what)]->Increment(); }

std::string http_metrics::render(const node_figures& figures) const {
  impl_->connections->Set(static_cast<double>(connections.load(std::memory_order_relaxed)));
  impl_->websockets->Set(static_cast<double>(websockets.load(std::memory_order_relaxed)));
  impl_->body_bytes->Set(static_cast<double>(body_bytes.load(std::memory_order_relaxed)));
  impl_->in_flight->Set(static_cast<double>(in_flight.load(std::memory_order_relaxed)));
  auto out = prometheus::TextSerializer{}.Serialize(impl_->registry.Collect());
  append_figures(out, figures.gauges, "gauge");
  append_figures(out, figures.counters, "counter");
  append_histograms(out, figures.histograms);
  out += "# TYPE penstock_ready gauge\npenstock_ready ";
  out += figures.ready ? "1\n" : "0\n";
  return out;
}

} // namespace penstock
