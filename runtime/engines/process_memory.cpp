#include "runtime/engines/process.hpp"

namespace penstock {

process_number memory_process_starter::start(process_spec spec, process_observer observer) {
  const std::lock_guard lock(mutex_);
  ++last_;
  started_[last_].spec = std::move(spec);
  observers_[last_] = std::move(observer);
  return last_;
}

void memory_process_starter::send(process_number number, std::string bytes) {
  const std::lock_guard lock(mutex_);
  if (observers_.contains(number)) started_[number].input += bytes;
}

void memory_process_starter::stop(process_number number) {
  const std::lock_guard lock(mutex_);
  if (observers_.contains(number)) started_[number].stopped = true;
}

std::map<process_number, memory_process_starter::started> memory_process_starter::all() const {
  const std::lock_guard lock(mutex_);
  return started_;
}

void memory_process_starter::emit(process_number number, process_stream stream, std::string_view bytes) {
  std::unique_lock lock(mutex_);
  const auto found = observers_.find(number);
  if (found == observers_.end() || !found->second.output) return;
  const auto output = found->second.output;
  lock.unlock();
  output(stream, bytes);
}

void memory_process_starter::end(process_number number, process_end how) {
  std::unique_lock lock(mutex_);
  auto node = observers_.extract(number);
  if (node.empty()) return;
  how.stopped = how.stopped || started_[number].stopped;
  lock.unlock();
  if (node.mapped().ended) node.mapped().ended(how);
}

} // namespace penstock
