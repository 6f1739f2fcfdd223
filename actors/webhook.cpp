#include "actors/webhook.hpp"

#include "actors/core/delivery_ledger.hpp"
#include "actors/core/delivery_target.hpp"

#include <caf/all.hpp>

#include <set>

namespace penstock {

namespace {

constexpr std::chrono::milliseconds sweep_every{500};
constexpr milliseconds clear_every{60'000};

/// The delivery core's outside. Answers come back to the actor as news, from whatever thread.
class caf_ports final : public delivery_ports {
public:
  caf_ports(webhook_actor::pointer self, webhook_setup& setup) : self_(self), setup_(setup) {}

  void post(delivery_id id, outbound_request request) override {
    setup_.client->send(std::move(request), [to = webhook_actor{self_}, id](result<outbound_response> response) {
      tell(to, delivery_news::answered{id, std::move(response)});
    });
  }

  void settle(partition_id p, std::vector<delivery_outcome> ended) override {
    submit(p, settle_deliveries{std::move(ended), [to = webhook_actor{self_}, p](result<void> stored) {
                                  tell(to, delivery_news::settled{p, std::move(stored)});
                                }});
  }

  void drop(partition_id p, const uuid& endpoint) override {
    submit(p, drop_deliveries{endpoint, [to = webhook_actor{self_}, p, endpoint](result<bool> more) {
                                tell(to, delivery_news::dropped{p, endpoint, std::move(more)});
                              }});
  }

  void disable(endpoint_id id, const std::string& because) override {
    setup_.submit(system_entity, disable_endpoint(id, because, [to = webhook_actor{self_}, id](const result<void>&) {
                    tell(to, delivery_news::disabled{id});
                  }));
  }

  void clear(partition_id p, timestamp before, std::string from) {
    submit(p, clear_events{before, std::move(from), [to = webhook_actor{self_}, p](result<std::string> next) {
                             tell(to, delivery_news::cleared{p, std::move(next)});
                           }});
  }

private:
  template <class What>
  static void tell(const webhook_actor& to, What what) {
    caf::anon_send(to, std::make_shared<delivery_news>(delivery_news{std::move(what)}));
  }
  void submit(partition_id p, delivery_command command) {
    setup_.submit(ledger_of(p, setup_.around->partition_count), std::move(command));
  }

  webhook_actor::pointer self_;
  webhook_setup& setup_;
};

struct webhook_state {
  webhook_setup setup;
  std::unique_ptr<caf_ports> ports;
  std::unique_ptr<delivery_core> core;
  std::uint64_t token = 0; ///< Of the one wake-up that counts; a delayed message can't be taken back.
  std::optional<timestamp> wakes_at;
  timestamp clears_at{};
  std::set<partition_id> clearing; ///< Where old events are being cleared.

  [[nodiscard]] timestamp now() const { return setup.clock->now(); }

  /// Sees to it that a wake-up comes when the core wants one.
  template <class Self>
  void plan(Self* self) {
    const auto next = core->next_wake();
    if (!next || (wakes_at && *wakes_at <= *next)) return;
    wakes_at = next;
    self->delayed_send(self, std::max(*next - now(), milliseconds{0}), wake_atom::value, ++token);
  }

  void take(delivery_news& news) {
    const auto at = now();
    if (auto* a = std::get_if<delivery_news::answered>(&news.what)) core->answered(a->id, a->response, at);
    else if (auto* s = std::get_if<delivery_news::settled>(&news.what)) core->settled(s->partition, s->stored, at);
    else if (auto* d = std::get_if<delivery_news::dropped>(&news.what))
      core->dropped(d->partition, d->endpoint, d->more, at);
    else if (auto* gone = std::get_if<delivery_news::disabled>(&news.what)) core->disabled(gone->id, at);
    else clear_on(std::get<delivery_news::cleared>(news.what));
  }

  void sweep() {
    {
      const std::lock_guard lock{setup.figures->mutex};
      setup.figures->now = core->figures();
    }
    if (now() < clears_at) return;
    clears_at = now() + clear_every;
    for (partition_id p = 1; p <= setup.around->partition_count; ++p)
      if (clearing.insert(p).second) ports->clear(p, now() - setup.around->webhooks.retention, {});
  }

  void clear_on(const delivery_news::cleared& step) {
    if (step.next && !step.next->empty())
      ports->clear(step.partition, now() - setup.around->webhooks.retention, *step.next);
    else clearing.erase(step.partition);
  }
};

webhook_actor::behavior_type webhook(webhook_actor::stateful_pointer<webhook_state> self,
                                     std::shared_ptr<webhook_setup> setup) {
  auto& st = self->state;
  st.setup = std::move(*setup);
  st.ports = std::make_unique<caf_ports>(self, st.setup);
  st.core = std::make_unique<delivery_core>(*st.setup.around, *st.ports);
  return {
    [self, &st](const keys::pending_delivery& delivery) {
      st.core->noticed(delivery, st.now());
      st.plan(self);
    },
    [self, &st](changed_atom) {
      st.core->registry_changed(st.now());
      st.plan(self);
    },
    [self, &st](start_atom) {
      st.core->start(st.now());
      st.plan(self);
      self->send(self, sweep_atom::value);
    },
    [self, &st](const delivery_news_ptr& news) {
      st.take(*news);
      st.plan(self);
    },
    [self, &st](wake_atom, std::uint64_t token) {
      if (token != st.token) return;
      st.wakes_at.reset();
      st.core->wake(st.now());
      st.plan(self);
    },
    [self, &st](sweep_atom) {
      st.sweep();
      self->delayed_send(self, sweep_every, sweep_atom::value);
    },
  };
}

} // namespace

webhook_actor spawn_webhook(caf::actor_system& sys, webhook_setup setup) {
  return sys.spawn(webhook, std::make_shared<webhook_setup>(std::move(setup)));
}

} // namespace penstock
