#include "api/http_server.hpp"

#include "api/application.hpp"
#include "api/server/io_loop.hpp"
#include "api/server/listener.hpp"
#include "api/surfaces/all.hpp"

#include <algorithm>
#include <thread>

namespace penstock {
namespace {

constexpr std::chrono::milliseconds drain_poll{5};

} // namespace

struct http_server::impl {
  impl(const http_settings& s, operations& ops, const std::shared_ptr<clock_source>& clock,
       std::shared_ptr<const jwt_key_file> keys)
      : settings(s), surfaces(all_surfaces()), app(settings, ops, clock, surfaces, std::move(keys)) {}

  http_settings settings;
  std::vector<surface> surfaces;
  application app;
  std::vector<std::shared_ptr<io_loop>> loops;
  std::shared_ptr<listener> door;
  std::shared_ptr<void> key_watch; ///< Closes what goes on with a key that is revoked.
  bool stopped = false;
};

http_server::http_server(std::unique_ptr<impl> i) : impl_(std::move(i)) {}

result<std::unique_ptr<http_server>> http_server::start(const http_settings& settings, operations& ops,
                                                        std::shared_ptr<clock_source> clock,
                                                        std::shared_ptr<random_source> random) {
  std::shared_ptr<jwt_key_file> keys;
  if (!settings.jwt_keys.empty()) {
    auto opened = jwt_key_file::open(settings.jwt_keys);
    if (!opened) return unexpected(std::move(opened).error());
    keys = std::move(*opened);
    keys->watch();
  }
  auto i = std::make_unique<impl>(settings, ops, clock, std::move(keys));
  for (std::size_t n = 0; n < std::max<std::size_t>(settings.threads, 1); ++n)
    i->loops.push_back(std::make_shared<io_loop>(i->app, clock, random->next()));
  i->door = std::make_shared<listener>(i->loops);
  if (auto bound = i->door->bind(settings.address, settings.port); !bound) return unexpected(bound.error());
  i->key_watch = ops.watch_keys([loops = i->loops](api_key_id ended) {
    for (const auto& loop : loops) loop->end_key(ended);
  });
  i->door->start();
  for (const auto& loop : i->loops) loop->start();
  return std::unique_ptr<http_server>{new http_server{std::move(i)}};
}

http_server::~http_server() { stop(std::chrono::milliseconds{0}); }

std::uint16_t http_server::port() const noexcept { return impl_->door->port(); }

void http_server::set_draining() noexcept { impl_->app.set_draining(); }

void http_server::stop(std::chrono::milliseconds grace) {
  if (impl_->stopped) return;
  impl_->stopped = true;
  set_draining();
  const auto began = std::chrono::steady_clock::now();
  const auto wait_for_none = [&](const std::atomic<std::int64_t>& figure, std::chrono::milliseconds at_most) {
    while (figure.load(std::memory_order_relaxed) > 0 && std::chrono::steady_clock::now() < began + at_most)
      std::this_thread::sleep_for(drain_poll);
  };
  // While requests are under way the door stays open, so that a load balancer hears that this node is not ready.
  wait_for_none(impl_->app.metrics().in_flight, grace / 2);
  impl_->door->stop();
  for (const auto& loop : impl_->loops) loop->drain();
  wait_for_none(impl_->app.metrics().connections, grace);
  for (const auto& loop : impl_->loops) loop->stop();
}

} // namespace penstock
