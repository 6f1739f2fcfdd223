#include "runtime/engines/sql_check.hpp"

#include "runtime/engines/sql_children.hpp"
#include "runtime/model/json.hpp"

#include <chrono>

namespace penstock {

namespace {

constexpr std::size_t known_max = 1'024;
constexpr std::size_t known_text_bytes_max = 16u << 10;
constexpr auto first_answer_wait = std::chrono::seconds(20); // The library may have to be read from a slow disk.
constexpr auto answer_wait = std::chrono::seconds(5);
constexpr std::uint64_t parser_memory_bytes = 256u << 20;

} // namespace

struct sql_checker::conversation {
  process_number number = 0;
  bool has_answered = false; ///< Of the checker's thread.
  std::mutex mutex;
  std::condition_variable changed;
  std::string received;
  bool ended = false;
};

sql_checker::sql_checker(std::shared_ptr<process_starter> starter) : starter_(std::move(starter)) {}

sql_checker::~sql_checker() { close(); }

std::optional<std::string> sql_checker::operator()(const std::string& sql) {
  const std::lock_guard lock(mutex_);
  if (const auto found = known_.find(sql); found != known_.end()) return found->second;
  auto words = ask(sql);
  if (!child_) return std::nullopt;
  if (known_.size() >= known_max) known_.clear();
  if (sql.size() <= known_text_bytes_max) known_.emplace(sql, words);
  return words;
}

void sql_checker::open() {
  child_ = std::make_shared<conversation>();
  process_observer observer;
  observer.output = [child = child_](process_stream stream, std::string_view bytes) {
    if (stream != process_stream::out) return;
    const std::lock_guard lock(child->mutex);
    child->received.append(bytes);
    child->changed.notify_all();
  };
  observer.ended = [child = child_](const process_end&) {
    const std::lock_guard lock(child->mutex);
    child->ended = true;
    child->changed.notify_all();
  };
  child_->number = starter_->start(sql_child_spec(parser_memory_bytes, 0), std::move(observer));
}

void sql_checker::close() {
  if (child_) starter_->stop(child_->number);
  child_.reset();
}

/// Leaves no child behind that did not answer as it should.
std::optional<std::string> sql_checker::ask(const std::string& sql) {
  if (!child_) open();
  value question;
  question.set("parse", sql);
  starter_->send(child_->number, sql_frame(write_json(question)));
  std::optional<std::string> frame;
  {
    bool broken = false;
    std::unique_lock lock(child_->mutex);
    child_->changed.wait_for(lock, child_->has_answered ? answer_wait : first_answer_wait, [&] {
      frame = take_sql_frame(child_->received, broken);
      return frame || broken || child_->ended;
    });
  }
  const auto answer = frame ? read_json(*frame) : result<value>(fail(errc::unavailable, ""));
  const value* ok = answer ? answer->find("ok") : nullptr;
  if (!ok || !ok->as_bool() || !*ok->as_bool()) {
    close();
    return std::nullopt;
  }
  child_->has_answered = true;
  const value* words = answer->find("error");
  return words && words->as_string() ? std::optional(*words->as_string()) : std::nullopt;
}

} // namespace penstock
