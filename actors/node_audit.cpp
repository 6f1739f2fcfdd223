#include "actors/core/audit_reads.hpp"
#include "actors/node_impl.hpp"

// The node's operations on the audit log.
namespace penstock {

void node_impl::list_audit(const caller& who, audit_filter filter, std::uint32_t limit,
                           std::optional<audit_cursor> before, reply<audit_page> done) {
  answer_from_pool<audit_page>(std::move(done),
                               [this, workspace = who.workspace, filter = std::move(filter), limit, before] {
                                 return read_audit(*state_, around_.partition_count, workspace, filter, limit, before);
                               });
}

void node_impl::note_request(const caller& who, std::string_view object, std::string_view outcome) {
  auto what = record_of(who, std::string{object});
  if (outcome != audit_ok) what.result = outcome;
  refusals_.add(who.workspace, std::move(what), clock_->now());
}

} // namespace penstock
