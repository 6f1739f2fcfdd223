#pragma once

#include "actors/operations.hpp"

#include <optional>
#include <string>
#include <vector>

namespace penstock::test {

/// An audit log that keeps what is noted, for tests of the API; its pages are what a test sets.
template <class Base>
class fake_audit : public Base {
public:
  using Base::Base;

  struct noted {
    caller who;
    std::string object;
    std::string outcome;
  };
  std::vector<noted> audit_notes;
  audit_page next_audit_page;
  audit_filter last_audit_filter;
  std::uint32_t last_audit_limit = 0;
  std::optional<audit_cursor> last_audit_cursor;

  void list_audit(const caller&, audit_filter filter, std::uint32_t limit, std::optional<audit_cursor> before,
                  reply<audit_page> done) override {
    last_audit_filter = std::move(filter);
    last_audit_limit = limit;
    last_audit_cursor = before;
    done(next_audit_page);
  }
  void note_request(const caller& who, std::string_view object, std::string_view outcome) override {
    audit_notes.push_back({who, std::string{object}, std::string{outcome}});
  }
};

} // namespace penstock::test
