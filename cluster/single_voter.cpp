#include "cluster/consensus.hpp"

#include <algorithm>

namespace penstock {

namespace {

class single_voter final : public consensus {
public:
  single_voter(partition_id partition, store::partition_position position, log_writer& log)
      : partition_(partition), last_(position.index), committed_(position.index), log_(log) {}

  result<std::uint64_t> propose(timestamp clock, mutation_batch mutations) override {
    log_.append({partition_, ++last_, to_ms(clock), std::move(mutations)});
    return last_;
  }

  std::uint64_t on_durable(std::uint64_t index) override { return committed_ = std::max(committed_, index); }

private:
  partition_id partition_;
  std::uint64_t last_;
  std::uint64_t committed_;
  log_writer& log_;
};

} // namespace

std::unique_ptr<consensus> make_single_voter(partition_id partition, store::partition_position position,
                                             log_writer& log) {
  return std::make_unique<single_voter>(partition, position, log);
}

} // namespace penstock
