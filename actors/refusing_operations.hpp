#pragma once

#include "actors/operations.hpp"

namespace penstock {

/// `Base` with every schedule operation refused with `errc::unavailable`: for stand-ins that need only some of them.
template <class Base>
class refusing_schedules : public Base {
public:
  using Base::Base;

  void create_schedule(const caller&, pipeline_id, schedule_draft, request_key, reply<schedule_view> done) override {
    refuse(done);
  }
  void update_schedule(const caller&, schedule_id, schedule_draft, reply<schedule_view> done) override { refuse(done); }
  void pause_schedule(const caller&, schedule_id, bool, reply<schedule_view> done) override { refuse(done); }
  void delete_schedule(const caller&, schedule_id, reply<void> done) override { refuse(done); }
  void get_schedule(const caller&, schedule_id, reply<schedule_view> done) override { refuse(done); }
  void list_schedules(const caller&, schedule_filter, page, reply<listing<schedule_view>> done) override {
    refuse(done);
  }
  void preview_schedule(const caller&, preview_request, reply<std::vector<timestamp>> done) override { refuse(done); }
  void create_backfill(const caller&, backfill_draft, request_key, reply<backfill_view> done) override { refuse(done); }
  void get_backfill(const caller&, backfill_id, reply<backfill_view> done) override { refuse(done); }
  void list_backfills(const caller&, std::optional<pipeline_id>, page, reply<listing<backfill_view>> done) override {
    refuse(done);
  }
  void change_backfill(const caller&, backfill_id, backfill_action, reply<backfill_view> done) override {
    refuse(done);
  }
  void add_dependency(const caller&, dependency_draft, request_key, reply<dependency_record> done) override {
    refuse(done);
  }
  void remove_dependency(const caller&, dependency_id, reply<void> done) override { refuse(done); }
  void dependencies_of(const caller&, pipeline_id, reply<dependency_graph> done) override { refuse(done); }
  void put_calendar(const caller&, calendar_record, reply<calendar_record> done) override { refuse(done); }
  void delete_calendar(const caller&, std::string, reply<void> done) override { refuse(done); }
  void list_calendars(const caller&, reply<std::vector<calendar_record>> done) override { refuse(done); }
  void put_pool(const caller&, pool_record, reply<pool_view> done) override { refuse(done); }
  void delete_pool(const caller&, std::string, reply<void> done) override { refuse(done); }
  void list_pools(const caller&, reply<std::vector<pool_view>> done) override { refuse(done); }

private:
  template <class T>
  static void refuse(const reply<T>& done) {
    done(fail(errc::unavailable, "there are no schedules here"));
  }
};

/// The same for webhooks.
template <class Base>
class refusing_webhooks : public Base {
public:
  using Base::Base;

  void create_endpoint(const caller&, endpoint_draft, reply<endpoint_view> done) override { refuse(done); }
  void update_endpoint(const caller&, endpoint_id, endpoint_draft, reply<endpoint_view> done) override { refuse(done); }
  void delete_endpoint(const caller&, endpoint_id, reply<void> done) override { refuse(done); }
  void get_endpoint(const caller&, endpoint_id, reply<endpoint_view> done) override { refuse(done); }
  void list_endpoints(const caller&, page, reply<listing<endpoint_view>> done) override { refuse(done); }
  void rotate_secret(const caller&, endpoint_id, std::optional<std::string>, milliseconds,
                     reply<endpoint_view> done) override {
    refuse(done);
  }
  void test_endpoint(const caller&, endpoint_id, reply<delivery_attempt> done) override { refuse(done); }
  void list_deliveries(const caller&, const uuid&, page, reply<listing<delivery_record>> done) override {
    refuse(done);
  }
  void redeliver(const caller&, delivery_id, reply<delivery_record> done) override { refuse(done); }
  void register_trigger(const caller&, trigger_draft, reply<trigger_record> done) override { refuse(done); }
  void list_triggers(const caller&, page, reply<listing<trigger_record>> done) override { refuse(done); }
  void delete_trigger(const caller&, trigger_id, reply<void> done) override { refuse(done); }
  bool is_signed_by(trigger_id, std::string_view, std::string_view) const override { return false; }
  std::optional<caller> signer(trigger_id) const override { return std::nullopt; }
  void trigger_run(trigger_request, reply<triggered_run> done) override { refuse(done); }
  void take_callback(trigger_callback, reply<void> done) override { refuse(done); }

private:
  template <class T>
  static void refuse(const reply<T>& done) {
    done(fail(errc::unavailable, "there are no webhooks here"));
  }
};

} // namespace penstock
