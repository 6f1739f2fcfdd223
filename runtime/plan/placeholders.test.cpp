#include "runtime/plan/placeholders.hpp"

#include "runtime/model/json.hpp"

#include <catch2/catch.hpp>

using namespace penstock;

namespace {

value json(std::string_view text) { return read_json(text).value(); }

/// `text` with everything it may name bound, as JSON; the message of a failure.
std::string substituted(std::string_view text) {
  const value params =
    json(R"({"n":5,"f":1.0,"b":true,"z":null,"s":"a\"b","l":[1,"x"],"o":{"deep":{"er":7}},"a-b":1})");
  const value run = json(R"({"id":"r1","logical_time":"2026-01-31T00:00:00.000Z"})");
  const value item = json(R"({"column":"c"})");
  const value connection = json(R"({"db":{"host":"h"}})");
  const auto made = substitute(json(text), {.params = &params, .run = &run, .item = &item, .connection = &connection});
  return made ? write_json(*made) : made.error().message;
}

/// The first of what is wrong with a text.
std::string first_problem(const std::string& text) {
  const auto problems = check_placeholders(text);
  return problems.empty() ? std::string{} : problems.front();
}

} // namespace

TEST_CASE("a placeholder that is the whole text keeps its type", "[placeholders]") {
  CHECK(substituted(R"("{{ params.n }}")") == "5");
  CHECK(substituted(R"("{{params.f}}")") == "1.0");
  CHECK(substituted(R"("{{  params.l  }}")") == R"([1,"x"])");
  CHECK(substituted(R"("{{ params.z }}")") == "null");
  CHECK(substituted(R"("{{ params.o.deep.er }}")") == "7");
  CHECK(substituted(R"("{{ params.a-b }}")") == "1");
  CHECK(substituted(R"("{{ item }}")") == R"({"column":"c"})");
  CHECK(substituted(R"("{{ connection.db.host }}")") == "\"h\"");
}

TEST_CASE("a placeholder inside a text is written as text", "[placeholders]") {
  CHECK(substituted(R"("n={{ params.n }} f={{ params.f }} b={{ params.b }} z={{ params.z }}")") ==
        "\"n=5 f=1.0 b=true z=null\"");
  CHECK(substituted(R"("<{{ params.s }}{{ item.column }}>")") == R"("<a\"bc>")");
  CHECK(substituted(R"("{{ params.l }} {{ params.o }}")") == R"("[1,\"x\"] {\"deep\":{\"er\":7}}")");
  CHECK(substituted(R"("{{ run.id }}/{{ run.logical_time }}")") == "\"r1/2026-01-31T00:00:00.000Z\"");
}

TEST_CASE("placeholders are found in lists and objects, but not in keys", "[placeholders]") {
  CHECK(substituted(R"([1,{"{{ params.n }}":"{{ params.n }}","x":[null,"{{ params.b }}"]}])") ==
        R"([1,{"{{ params.n }}":5,"x":[null,true]}])");
  CHECK(substituted(R"("no { placeholder } here }}")") == R"("no { placeholder } here }}")");
}

TEST_CASE("what is put in is not read again", "[placeholders]") {
  const value params = json(R"({"a":"{{ params.b }}","b":"x"})");
  CHECK(*substitute(value{"<{{ params.a }}>"}, {.params = &params}).value().as_string() == "<{{ params.b }}>");
}

TEST_CASE("a text in quotes stands for itself, braces and all", "[placeholders]") {
  const auto text = [](const std::string& written) {
    const value params = json(R"({"n":5})");
    return *substitute(value{written}, {.params = &params}).value().as_string();
  };
  CHECK(text(R"({{ "{{" }}.Names}} {{params.n}})") == "{{.Names}} 5");
  CHECK(text(R"({{'{{'}})") == "{{");
  CHECK(text(R"(<{{ "{{ params.n }}" }}>)") == "<{{ params.n }}>");
  CHECK(text(R"({{ "it's" }}{{ 'a "b"' }}{{ "" }})") == R"(it'sa "b")");
  CHECK(text(R"({{ "no\nescape" }})") == R"(no\nescape)");
  CHECK(check_placeholders(R"({{ "{{" }} {{ '}}' }} {{ "" }})").empty());
  CHECK(placeholder_paths(R"({{ "params.x" }}{{ params.n }})") == std::vector<std::string_view>{"params.n"});
  CHECK(replace_placeholders(R"(select '{{ "{{" }}', {{ params.n }})", "?") == "select '{{', ?");
  CHECK(is_placeholder(R"({{ "a }} b" }})"));
}

TEST_CASE("a placeholder that means nothing is an error that names it", "[placeholders]") {
  CHECK(substituted(R"("{{ params.m }}")") == "`{{ params.m }}` means nothing here: there is no `params.m`");
  CHECK(substituted(R"("{{ params.o.deep.down }}")") ==
        "`{{ params.o.deep.down }}` means nothing here: there is no `params.o.deep.down`");
  CHECK(substituted(R"("{{ params.n.x }}")") == "`{{ params.n.x }}` means nothing here: there is no `params.n.x`");
  CHECK(substitute(value{"{{ item }}"}, {}).error().message == "`{{ item }}` means nothing here: there is no `item`");
  CHECK(substitute(value{"{{ item }}"}, {}).error().code == errc::invalid_argument);
}

TEST_CASE("malformed placeholders are seen before anything is bound", "[placeholders]") {
  CHECK(first_problem("{{ params.a }} {{run.id}} {{ item }} {{ item.a }} {{ connection.x.y }}").empty());
  CHECK(check_placeholders("none } here").empty());
  const std::string escape = R"(; for the text `{{` itself write `{{ "{{" }}`)";
  CHECK(first_problem("{{ params.a") == "`{{` is not closed by `}}`" + escape);
  CHECK(first_problem("{{ item }} {{ env.HOME }}") ==
        "`{{ env.HOME }}` begins with none of params, run, item, connection" + escape);
  CHECK(first_problem("{{}}") == "`{{  }}` begins with none of params, run, item, connection" + escape);
  for (const std::string bad : {R"({{ "abc }})", R"({{ "a" + "b" }})", R"({{ "a' }})", R"({{ 'a' b }})"})
    CHECK(first_problem(bad).ends_with("begins with none of params, run, item, connection" + escape));
  CHECK(first_problem(R"({{ "abc" )").starts_with("`{{` is not closed by `}}`"));
  CHECK(first_problem("{{ params }}") == "`{{ params }}` needs a name behind `params.`");
  for (const std::string bad :
       {"{{ params.a + 1 }}", "{{ params..a }}", "{{ params.a. }}", "{{ params.a['b'] }}", "{{ item. }}"})
    CHECK(first_problem(bad).ends_with("is not names with dots between them; nothing else is evaluated"));
  CHECK(check_placeholders("{{ env.A }} {{ params.n }} {{ params. }} {{ item").size() == 3);
}

TEST_CASE("what placeholders put in has a limit", "[placeholders]") {
  value params;
  params.set("large", std::string(1u << 20, 'x'));
  params.set("deep", value::list(20'000, value{value::list(10)}));
  const placeholder_scope scope{.params = &params};
  std::string many;
  for (int i = 0; i < 1'000; ++i) many += "{{params.large}}";
  for (const value& v : {value{many}, value{value::list(1'000, value{"{{params.large}}"})},
                         value{value::list(1'000, value{"{{params.deep}}"})}}) {
    const auto made = substitute(v, scope);
    REQUIRE_FALSE(made);
    CHECK(made.error().code == errc::too_large);
    CHECK(made.error().message.find("more than 16 MiB") != std::string::npos);
  }
  CHECK(substitute(value{many.substr(0, 10 * std::string_view{"{{params.large}}"}.size())}, scope));
  placeholder_budget budget;
  CHECK(substitute(value{value::list(9, value{"{{params.large}}"})}, scope, budget));
  CHECK_FALSE(substitute(value{value::list(9, value{"{{params.large}}"})}, scope, budget));
}

TEST_CASE("texts around placeholders can be looked at", "[placeholders]") {
  CHECK(is_placeholder("{{ item }}"));
  CHECK_FALSE(is_placeholder("{{ item }} "));
  CHECK_FALSE(is_placeholder("{{ item }}{{ item }}"));
  CHECK_FALSE(is_placeholder("{{ item"));
  CHECK(placeholder_paths("{{ params.a }}-{{item}}-{{ x") == std::vector<std::string_view>{"params.a", "item"});
  CHECK(placeholder_paths("{{ env.A }}{{ params.a b }}{{ params.a }}") == std::vector<std::string_view>{"params.a"});
  CHECK(replace_placeholders("a {{ params.a }}{{item}} b {{ x", "?") == "a ?? b {{ x");
}

TEST_CASE("truth follows what people mean by it", "[placeholders]") {
  for (const auto* text : {"null", "false", "0", "0.0", "\"\"", "\"false\"", "\"0\"", "[]", "{}"})
    CHECK_FALSE(is_truthy(json(text)));
  for (const auto* text : {"true", "1", "-0.5", "\"no\"", "\"true\"", "[0]", "{\"a\":0}"}) CHECK(is_truthy(json(text)));
}
