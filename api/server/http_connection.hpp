#pragma once

#include "api/application.hpp"
#include "api/request.hpp"
#include "api/response.hpp"
#include "api/server/body_reader.hpp"
#include "api/server/body_share.hpp"
#include "api/server/file_transfer.hpp"
#include "api/server/head_parser.hpp"
#include "api/server/io_loop.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace penstock {

/// One client's HTTP connection: reads a request, has it handled, writes its response, and goes on with the next.
/// Belongs to the thread of its loop, but for `answer`.
class http_connection final : public response_sink, public std::enable_shared_from_this<http_connection> {
public:
  http_connection(std::shared_ptr<io_loop> loop, tcp_socket socket);

  void start();
  void close();
  /// Ends behind the request under way, at once if there is none.
  void finish_soon();
  void check_deadline(io_loop::clock::time_point now);
  /// Refuses the request under way if it came with this API key.
  void end_key(api_key_id ended);

  void answer(std::uint64_t exchange, response&& r) override;
  /// `answer` on the loop's thread.
  void take_answer(std::uint64_t exchange, response&& r);

  std::size_t place_in_loop = 0;

private:
  enum class phase : std::uint8_t {
    reading_head,
    reading_body,
    handling, ///< Waits for `answer`.
    writing,
    lingering, ///< Everything is said; reads to nowhere until the client closes, so that no reset eats the answer.
    closed,
  };

  /// Goes on as far as it can without waiting.
  void advance();
  bool step_head();
  bool step_body();
  bool step_write();
  bool step_linger();

  void begin_request(std::string_view block);
  void dispatch();
  void refuse_ended();
  void respond(response&& r);
  void respond_and_close(response&& r);
  void refuse_malformed(const error& e);
  void finish_response();
  void upgrade(response&& r);
  void send_continue();

  [[nodiscard]] bool client_is_gone();
  /// The request under way was let in by its credentials.
  [[nodiscard]] bool is_authenticated() const noexcept;
  void read_more(std::size_t room);
  void wait_writable();
  [[nodiscard]] std::string_view unread() const noexcept { return {in_.data() + in_begin_, in_end_ - in_begin_}; }
  void set_deadline(std::chrono::milliseconds after) noexcept;
  void extend_deadline(std::size_t moved, std::chrono::milliseconds after) noexcept;

  std::shared_ptr<io_loop> loop_;
  const application& app_;
  tcp_socket socket_;
  phase phase_ = phase::reading_head;
  bool advancing_ = false; ///< `advance` is on the stack.
  bool waiting_ = false;   ///< A read or a wait for the socket is under way.
  bool closing_ = false;   ///< No request after this one.
  bool counted_ = false;   ///< Among the requests in flight.
  io_loop::clock::time_point deadline_;
  std::size_t moved_ = 0; ///< Bytes since the deadline was last put off.

  std::string in_; ///< Bytes read: `[in_begin_, in_end_)` are not used yet.
  std::size_t in_begin_ = 0;
  std::size_t in_end_ = 0;
  std::size_t scanned_ = 0; ///< Of the unread bytes, searched for the end of a head.

  std::string head_; ///< The head under way; `request_` has views of it.
  request request_;
  request_head facts_;
  application::admission admission_;
  body_reader body_;
  body_share share_; ///< Of `body_`.
  std::string request_id_;
  std::string remote_address_;
  std::uint64_t exchange_ = 0;
  io_loop::clock::time_point handled_at_;

  std::string out_;
  std::size_t out_begin_ = 0;
  file_transfer file_;
};

} // namespace penstock
