#include "tools/penstock/commands.hpp"
#include "tools/penstock/fields.hpp"
#include "tools/penstock/text_format.hpp"

#include <charconv>

namespace penstock::cli {

namespace {

std::string path_of(const std::string& pool) { return "/v1/pools/" + encode(pool); }

outcome<exit_code> list(command_context& with) {
  const auto answer = with.api.get("/v1/pools", list_of({{"name"}}));
  if (!answer) return unexpected(answer.error());
  const auto pools = entries_of(*answer);
  if (with.as_json) {
    print_json(with.out, value{pools});
    return exit_code::ok;
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& pool : pools)
    rows.push_back({text_of(pool, "name"), std::to_string(int_of(pool, "limit", 0)),
                    std::to_string(int_of(pool, "held", 0)), show_time(text_of(pool, "updated_at"))});
  print_table(with, {"NAME", "LIMIT", "HELD", "CHANGED"}, rows, "pools");
  return exit_code::ok;
}

outcome<exit_code> set(command_context& with) {
  const auto& text = with.words[1];
  std::int64_t limit = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), limit);
  if (problem != std::errc{} || end != text.data() + text.size() || limit < 0)
    return give_up(exit_code::usage, "LIMIT is a whole number from 0, not \"" + text + "\"");
  value body;
  body.set("limit", limit);
  const auto answer = with.api.send("PUT", path_of(with.words[0]), object_with({{"name"}}), std::move(body));
  if (!answer) return unexpected(answer.error());
  if (with.as_json) print_json(with.out, data_of(*answer));
  else if (limit == 1) with.err << "at most 1 task of pool " << with.words[0] << " runs at a time\n";
  else with.err << "at most " << limit << " tasks of pool " << with.words[0] << " run at once\n";
  return exit_code::ok;
}

outcome<exit_code> remove(command_context& with) {
  const auto gone = with.api.send("DELETE", path_of(with.words[0]), answer_form{});
  if (!gone) return unexpected(gone.error());
  with.err << "pool " << with.words[0] << " has no limit any more\n";
  return exit_code::ok;
}

constexpr command_row rows[] = {
  {"pool", "list", "", 0, 0, "list the pools that have a limit", {}, &list},
  {"pool", "set", "POOL LIMIT", 2, 2, "limit how many tasks that name the pool run at once", {}, &set},
  {"pool", "delete", "POOL", 1, 1, "take a pool's limit away", {}, &remove},
};

} // namespace

std::span<const command_row> pool_commands() { return rows; }

} // namespace penstock::cli
