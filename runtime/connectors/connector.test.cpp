#include "runtime/connectors/connector.hpp"

#include "runtime/connectors/files_path.hpp"
#include "runtime/connectors/open_beneath.hpp"
#include "runtime/engines/testing.hpp"
#include "runtime/model/json.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

using namespace penstock;
namespace fs = std::filesystem;

namespace {

void write_text(const std::string& path, const std::string& text) {
  fs::create_directories(fs::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

std::string read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// The rows a source makes of a config, or its error.
std::string source_rows(engine_fixture& f, const std::string& config) {
  auto request = f.request(task_type::source, config);
  const auto result = f.run(request);
  if (result.outcome != attempt_outcome::succeeded) return result.why.message;
  return write_json(f.rows_of("from task", {f.table(request)}));
}

/// Something for sinks to write.
input_table three_rows(engine_fixture& f) {
  auto made =
    f.request(task_type::sql, R"({"sql": "select i, 'r' || i as name from range(3) r(i) order by i"})", "rows");
  REQUIRE(f.run(made).outcome == attempt_outcome::succeeded);
  return f.table(made);
}

attempt_request sink(engine_fixture& f, const std::string& config) {
  auto request = f.request(task_type::sink, config, "out");
  request.fields.config.set("connector", "file");
  request.fields.inputs = {three_rows(f)};
  return request;
}

} // namespace

TEST_CASE("rows of a definition become a table", "[connectors][inline]") {
  engine_fixture f;
  CHECK(source_rows(f, R"({"connector": "inline", "rows": [{"a": 1, "b": "x"}, {"a": 2, "b": null}]})") ==
        R"([{"a":1,"b":"x"},{"a":2,"b":null}])");
  CHECK(source_rows(f, R"({"connector": "inline", "columns": ["a", "b"], "rows": [[1, "x"], [2, "y"]]})") ==
        R"([{"a":1,"b":"x"},{"a":2,"b":"y"}])");
  CHECK(source_rows(f, R"({"connector": "inline", "columns": {"a": "VARCHAR"}, "rows": [{"a": 1}]})") ==
        R"([{"a":"1"}])");
  CHECK(source_rows(f, R"({"connector": "inline", "columns": ["a"], "rows": []})") == "[]");
}

TEST_CASE("what is wrong with inline rows is said", "[connectors][inline]") {
  engine_fixture f;
  CHECK(source_rows(f, R"({"connector": "inline"})") == "The source 'inline' needs 'rows', a list of objects.");
  CHECK(source_rows(f, R"({"connector": "inline", "rows": []})") ==
        "'rows' is empty; name its 'columns' to make a table without rows.");
  CHECK(source_rows(f, R"({"connector": "inline", "rows": [{"a": 1}, 7]})") ==
        "'rows[1]' must be an object, or with 'columns' a list of values.");
  CHECK(source_rows(f, R"({"connector": "inline", "columns": ["a"], "rows": [[1, 2]]})") ==
        "'rows[0]' must be a list of 1 values.");
  CHECK(source_rows(f, R"({"connector": "hubspot"})") ==
        "This server has no connector 'hubspot' that can be a source; it has inline, file.");
  CHECK(f.run(task_type::sink, R"({"connector": "inline"})").why.message ==
        "This server has no connector 'inline' that can be a sink; it has file.");
}

TEST_CASE("files of every format are read", "[connectors][file]") {
  engine_fixture f;
  const std::string dir = f.files();
  write_text(dir + "/a.csv", "a,b\n1,x\n2,\"y, z\"\n");
  write_text(dir + "/sub/b.tsv", "a\tb\n1\tx\n");
  write_text(dir + "/c.jsonl", "{\"a\":1}\n{\"a\":2}\n");
  write_text(dir + "/d.json", "[{\"a\":1},{\"a\":2}]");
  write_text(dir + "/e.txt", "1;x\n");
  write_text(dir + "/empty.csv", "");
  REQUIRE(std::system(("gzip -c " + dir + "/a.csv > " + dir + "/g.csv.gz").c_str()) == 0);
  REQUIRE(std::system(("gzip -c " + dir + "/c.jsonl > " + dir + "/h.jsonl.gz").c_str()) == 0);
  CHECK(source_rows(f, R"({"connector": "file", "path": "a.csv"})") == R"([{"a":1,"b":"x"},{"a":2,"b":"y, z"}])");
  CHECK(source_rows(f, R"({"connector": "file", "path": "sub/b.tsv"})") == R"([{"a":1,"b":"x"}])");
  CHECK(source_rows(f, R"({"connector": "file", "path": "c.jsonl"})") == R"([{"a":1},{"a":2}])");
  CHECK(source_rows(f, R"({"connector": "file", "path": "d.json"})") == R"([{"a":1},{"a":2}])");
  CHECK(source_rows(
          f, R"({"connector": "file", "path": "e.txt", "format": "csv", "delimiter": ";", "columns": ["n", "s"]})") ==
        R"([{"n":1,"s":"x"}])");
  CHECK(source_rows(f, R"({"connector": "file", "path": "g.csv.gz"})") == R"([{"a":1,"b":"x"},{"a":2,"b":"y, z"}])");
  CHECK(source_rows(f, R"({"connector": "file", "path": "h.jsonl.gz"})") == R"([{"a":1},{"a":2}])");
  CHECK(source_rows(f, R"({"connector": "file", "path": "empty.csv", "columns": ["a"]})") == "[]");
  REQUIRE(f.run(sink(f, R"({"path": "f.parquet"})")).outcome == attempt_outcome::succeeded);
  CHECK(source_rows(f, R"({"connector": "file", "path": "f.parquet"})") ==
        R"([{"i":0,"name":"r0"},{"i":1,"name":"r1"},{"i":2,"name":"r2"}])");
}

TEST_CASE("paths that lead elsewhere are refused", "[connectors][file][secret]") {
  engine_fixture f;
  const std::string dir = f.files();
  write_text(f.directory.path() + "/outside.csv", "secret\ncanary\n");
  write_text(dir + "/in.csv", "a\n1\n");
  fs::create_symlink(f.directory.path() + "/outside.csv", dir + "/link.csv");
  fs::create_symlink(f.directory.path(), dir + "/up");
  fs::create_symlink("in.csv", dir + "/good.csv");
  const auto refused = [&](const std::string& path) {
    return source_rows(f, R"({"connector": "file", "path": ")" + path + "\"}");
  };
  CHECK(refused("../outside.csv") == "The path '../outside.csv' holds '..', which is not allowed.");
  CHECK(refused("sub/../../outside.csv").find("holds '..'") != std::string::npos);
  CHECK(refused("/etc/passwd") ==
        "The path '/etc/passwd' is absolute; name it relative to the server's files directory.");
  CHECK(refused("link.csv") == "The path 'link.csv' leads out of the server's files directory.");
  CHECK(refused("up/outside.csv") == "The path 'up/outside.csv' leads out of the server's files directory.");
  CHECK(refused("*.csv") == "The path '*.csv' holds one of * ? [, which stand for several files.");
  CHECK(refused("no.csv") == "The file 'no.csv' is not there, or is not a file.");
  CHECK(refused("in") == "The file 'in' is not there, or is not a file.");
  CHECK(refused("sub/") == "The path 'sub/' does not name a file.");
  CHECK(refused("good.csv") == R"([{"a":1}])");
  CHECK(f.run(sink(f, R"({"path": "up/new.csv"})")).why.message ==
        "The path 'up/new.csv' leads out of the server's files directory.");
  CHECK_FALSE(check_files_name("", "a"));
  // In the way of a sink: the file that a link points to stays as it is.
  CHECK(f.run(sink(f, R"({"path": "link.csv"})")).why.message ==
        "The path 'link.csv' is a symbolic link, which is not written through.");
  CHECK(read_text(f.directory.path() + "/outside.csv") == "secret\ncanary\n");
}

TEST_CASE("whatever changes meanwhile, nothing outside is opened", "[connectors][file][secret]") {
  engine_fixture f;
  const std::string dir = f.files(), outside = f.directory.path() + "/outside";
  write_text(outside + "/a.csv", "secret\ncanary\n");
  write_text(dir + "/real/a.csv", "a\n1\n");
  const descriptor root(::open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // Checked and then replaced, as somebody may do while a task is under way.
  auto entry = open_files_entry(dir, "real/a.csv");
  REQUIRE(entry);
  auto place = open_files_place(dir, "real/b.csv");
  REQUIRE(place);
  fs::rename(dir + "/real", dir + "/was");
  fs::create_directory_symlink(outside, dir + "/real");
  for (const auto open : {&open_beneath, &walk_beneath}) {
    CHECK_FALSE(open(root.get(), "real/a.csv", O_RDONLY));
    CHECK_FALSE(open(root.get(), "was/../../outside/a.csv", O_RDONLY));
    CHECK(open(root.get(), "was/a.csv", O_RDONLY));
    CHECK(open(root.get(), "./was//a.csv", O_RDONLY));
    CHECK(open(root.get(), "was/no.csv", O_RDONLY).error() == ENOENT);
  }
  CHECK(walk_beneath(root.get(), "real/a.csv", O_RDONLY).error() == ELOOP);
  CHECK(entry->bytes == 4);
  write_text(f.directory.path() + "/made", "made");
  REQUIRE(put_file(f.directory.path() + "/made", *place));
  CHECK(read_text(dir + "/was/b.csv") == "made");
  CHECK_FALSE(fs::exists(outside + "/b.csv"));
  fs::create_symlink(outside + "/a.csv", dir + "/was/b.csv.link");
  CHECK_FALSE(walk_beneath(root.get(), "was/b.csv.link", O_RDONLY));
}

TEST_CASE("a pipe is no file, and nobody waits for it", "[connectors][file]") {
  engine_fixture f;
  REQUIRE(::mkfifo((f.files() + "/pipe.csv").c_str(), 0600) == 0);
  CHECK(source_rows(f, R"({"connector": "file", "path": "pipe.csv"})") ==
        "The file 'pipe.csv' is not there, or is not a file.");
}

TEST_CASE("errors of a file name it as the definition does", "[connectors][file]") {
  engine_fixture f;
  write_text(f.files() + "/sub/bad.parquet", "no parquet at all");
  const std::string words = source_rows(f, R"({"connector": "file", "path": "sub/bad.parquet"})");
  CHECK_THAT(words, Catch::Contains("'sub/bad.parquet'"));
  CHECK_THAT(words, !Catch::Contains("/proc/"));
}

TEST_CASE("csv that cannot be read names its line, and no SQL that the user never wrote", "[connectors][file][csv]") {
  engine_fixture f;
  write_text(f.files() + "/sub/a.csv", "a,b\n1,2\n3,4,5\n");
  REQUIRE(std::system(("gzip -k " + f.files() + "/sub/a.csv").c_str()) == 0);
  for (const std::string path : {"sub/a.csv", "sub/a.csv.gz"})
    CHECK(source_rows(f, R"({"connector": "file", "path": ")" + path + "\"}") ==
          "Line 3 of '" + path + "' has 3 fields where the heading has 2.");
  write_text(f.files() + "/a.jsonl", "{\"a\": 1}\n{\"a\": \n");
  const auto words = source_rows(f, R"({"connector": "file", "path": "a.jsonl"})");
  CHECK_THAT(words, Catch::Contains("'a.jsonl'") || Catch::Contains("\"a.jsonl\""));
  CHECK_THAT(words, !Catch::Contains("LINE 1"));
}

TEST_CASE("a sink without a path makes the run's output file", "[connectors][file][sink]") {
  engine_fixture f;
  const std::pair<std::string, std::string> expected[] = {
    {"csv", "i,name\n0,r0\n1,r1\n2,r2\n"},
    {"jsonl", "{\"i\":0,\"name\":\"r0\"}\n{\"i\":1,\"name\":\"r1\"}\n{\"i\":2,\"name\":\"r2\"}\n"},
    {"json", "[\n\t{\"i\":0,\"name\":\"r0\"},\n\t{\"i\":1,\"name\":\"r1\"},\n\t{\"i\":2,\"name\":\"r2\"}\n]\n"},
  };
  for (const auto& [format, text] : expected) {
    CAPTURE(format);
    auto request = sink(f, R"({"format": ")" + format + "\"}");
    const auto result = f.run(request);
    INFO(result.why.message);
    REQUIRE(result.outcome == attempt_outcome::succeeded);
    CHECK(result.rows == 3);
    CHECK(result.has_output_file);
    REQUIRE(result.artifacts.size() == 1);
    CHECK(result.artifacts[0].name == "output." + format);
    CHECK(result.artifacts[0].path == request.output_path + "/output." + format);
    CHECK(result.artifacts[0].bytes == text.size());
    CHECK(read_text(f.settings.data_dir + "/" + result.artifacts[0].path) == text);
  }
  CHECK(f.run(sink(f, "{}")).artifacts[0].name == "output.parquet");
  auto plain = sink(f, R"({"format": "csv", "header": false, "delimiter": ";"})");
  CHECK(read_text(f.settings.data_dir + "/" + f.run(plain).artifacts.at(0).path) == "0;r0\n1;r1\n2;r2\n");
}

TEST_CASE("a sink with a path writes it whole or not at all", "[connectors][file][sink]") {
  engine_fixture f;
  const std::string file = f.files() + "/reports/today.csv";
  auto result = f.run(sink(f, R"({"path": "reports/today.csv"})"));
  INFO(result.why.message);
  REQUIRE(result.outcome == attempt_outcome::succeeded);
  CHECK(read_text(file) == "i,name\n0,r0\n1,r1\n2,r2\n");
  CHECK(result.artifacts.empty());
  CHECK(result.bytes == fs::file_size(file));
  auto checked = sink(f, R"({"path": "reports/today.csv", "header": false})");
  checked.fields.checks = {{"many", "select count(*) > 100 from out"}};
  CHECK(f.run(checked).why.message == "The check 'many' failed: its query returned false.");
  CHECK(read_text(file) == "i,name\n0,r0\n1,r1\n2,r2\n");
  CHECK(std::distance(fs::directory_iterator(f.files() + "/reports"), {}) == 1);
  CHECK(f.run(sink(f, R"({"path": "reports"})")).why.message == "The path 'reports' is a directory.");
}

TEST_CASE("a sink says which input it misses", "[connectors][file][sink]") {
  engine_fixture f;
  auto none = sink(f, "{}");
  none.fields.inputs.clear();
  CHECK(f.run(none).why.message == "The sink needs a task to write the output of: name it in 'needs'.");
  auto two = sink(f, "{}");
  two.fields.inputs.push_back({"other", two.fields.inputs[0].files});
  CHECK(f.run(two).why.message == "The sink needs several tasks; say in 'from' which to write: rows, other.");
  two.fields.config.set("from", "third");
  CHECK(f.run(two).why.message == "'from' names 'third', which is not among the tasks it needs: rows, other.");
  two.fields.config.set("from", "other");
  CHECK(f.run(two).outcome == attempt_outcome::succeeded);
  auto empty = sink(f, "{}");
  empty.fields.inputs = {{"rows", {}}};
  CHECK(f.run(empty).why.message == "The task 'rows' has no output table to write.");
}

TEST_CASE("each workspace has files of its own", "[connectors][file]") {
  engine_fixture f;
  write_text(f.files() + "/a.csv", "n\n1\n");
  const workspace_id other{make_uuid7(from_ms(5), 1, 2)};
  auto source = f.request(task_type::source, R"({"connector": "file", "path": "a.csv"})");
  source.workspace = other;
  auto result = f.run(source);
  CHECK(result.outcome == attempt_outcome::failed);
  CHECK(result.why.message.find("'a.csv' is not there") != std::string::npos);

  auto written = sink(f, R"({"path": "a.csv"})");
  written.workspace = other;
  result = f.run(std::move(written));
  INFO(result.why.message);
  REQUIRE(result.outcome == attempt_outcome::succeeded);
  CHECK(fs::exists(f.settings.files_dir + "/" + to_text(other) + "/a.csv"));
  CHECK(fs::file_size(f.files() + "/a.csv") == 4);
  CHECK(f.run(std::move(source)).outcome == attempt_outcome::succeeded);

  auto leading_out = f.request(task_type::source, R"({"connector": "file", "path": "../default/a.csv"})");
  leading_out.workspace = other;
  CHECK(f.run(std::move(leading_out)).outcome == attempt_outcome::failed);
}
