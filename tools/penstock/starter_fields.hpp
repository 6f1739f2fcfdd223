#pragma once

#include "tools/penstock/commands.hpp"

/// What the commands on schedules, backfills, dependencies and calendars share.
namespace penstock::cli {

inline constexpr std::string_view scheduler_path = "/api/v1/scheduler/";

/// Sets `field` to the option's text, if it was given.
void take_text(const command_context& with, std::string_view option, std::string_view field, value& body);
/// The same in capitals with `_` for `-`, as the server spells its words.
void take_word(const command_context& with, std::string_view option, std::string_view field, value& body);
/// @returns `exit_code::usage` for anything but a whole number
[[nodiscard]] outcome<void> take_number(const command_context& with, std::string_view option, std::string_view field,
                                        value& body);
/// A switch, also as `--option=false`. @returns `exit_code::usage` for anything but true and false
[[nodiscard]] outcome<void> take_switch(const command_context& with, std::string_view option, std::string_view field,
                                        value& body);
/// The `--param`s of a pipeline's runs to come; warns of those that it does not declare.
[[nodiscard]] outcome<void> take_parameters(command_context& with, const std::string& pipeline, std::string_view field,
                                            value& body);

/// All entries of a list that is given out in pages.
/// @param members what each entry must have
[[nodiscard]] outcome<value::list> fetch_all(api_client& api, const std::string& path,
                                             const std::vector<needed_member>& members);

/// The name of a pipeline, or its id if it has none here.
[[nodiscard]] std::string name_in(const std::map<std::string, std::string>& names, const std::string& id);

/// `2026-01-31 02:00 Europe/Warsaw`; in UTC if this machine does not know the zone, "-" for nothing.
[[nodiscard]] std::string show_in_zone(std::string_view rfc3339, const std::string& zone);

} // namespace penstock::cli
