#include "evseal/manifest/json_file.hpp"

#include <catch2/catch.hpp>

#include "fixtures.hpp"

namespace {

using evseal::ErrorCode;
using evseal::manifest::load_json_file;
using evseal::manifest::parse_json;

std::string what_of(std::string_view text) {
  const auto document = parse_json(text, "f.json");
  return document ? "good" : document.error().what;
}

TEST_CASE("json file: a member given twice is refused where it stands") {
  const auto document =
      parse_json("{\n  \"id\": 1,\n  \"x\": [\n    {\"k\": 1, \"k\": 2}\n  ]\n}", "f.json");
  REQUIRE_FALSE(document.ok());
  CHECK(document.error().what == "f.json:4:14");
  CHECK(document.error().why == "member \"k\" was given before, in line 4");
  CHECK(document.error().code == ErrorCode::usage);
  CHECK(what_of("{\"a\": 1,\n \"a\": 1}") == "f.json:2:2");
  CHECK(what_of(R"({"a":1,"A":2,"b":{"a":3}})") == "good");
  CHECK(what_of("{\"a\": 12345,\n \"\\u0061\": 1}") == "f.json:2:2");  // the same name, escaped
}

TEST_CASE("json file: errors point at line and column") {
  CHECK(what_of("{\n  \"a\": 1,\n  \"b\" 2\n}") == "f.json:3:7");
  CHECK(what_of("{\"ü\": x}") == "f.json:1:7");  // counted in characters
  CHECK(what_of("") == "f.json:1:1");
  CHECK(what_of("{\"a\":1} 2") == "f.json:1:9");
  CHECK(what_of("{\"a\":\"\xff\"}").starts_with("f.json:1:"));
  CHECK(what_of("{\"a\":1,}").starts_with("f.json:1:8"));
  const auto document = parse_json("{\"a\": tru}", "f.json");
  REQUIRE_FALSE(document.ok());
  CHECK(document.error().why.find("json.exception") == std::string::npos);
}

TEST_CASE("json file: knows where each member and element stands") {
  const auto document = parse_json(
      "{\"a\": 1,\n \"list\": [10, \"x\",\n   {\"deep\": true}], \"o\": {\"in\": {}} }", "f.json");
  REQUIRE(document.ok());
  CHECK(document->locate("a") == "f.json:1:2");
  CHECK(document->locate("list") == "f.json:2:2");
  CHECK(document->locate("list[0]") == "f.json:2:11");
  CHECK(document->locate("list[1]") == "f.json:2:15");
  CHECK(document->locate("list[2]") == "f.json:3:4");
  CHECK(document->locate("list[2].deep") == "f.json:3:5");
  CHECK(document->locate("o.in") == "f.json:3:27");
  CHECK(document->locate("o.missing") == "f.json:3:21");  // the closest that there is
  CHECK(document->locate("missing") == "f.json:1:1");
  CHECK(document->value["list"][2]["deep"] == true);
}

TEST_CASE("json file: a byte order mark and any white space are read") {
  CHECK(what_of("\xef\xbb\xbf \r\n\t{ \"a\" :\t1 }\r\n") == "good");
}

TEST_CASE("json file: a NUL does not end the text") {
  CHECK(what_of(std::string("{\"a\":1}\0", 8)) == "f.json:1:8");
  CHECK(what_of(std::string("{}\0{\"b\":1}", 10)) == "f.json:1:3");
}

TEST_CASE("json file: nesting and size are bounded") {
  CHECK(what_of(std::string(32, '[') + std::string(32, ']')) == "good");
  CHECK(what_of(std::string(33, '[') + std::string(33, ']')) == "f.json:1:33");
  CHECK(what_of(std::string(1000000, '[')) == "f.json:1:33");
  const evseal::manifest::testing::TemporaryFolder folder;
  const auto path = folder.write("big.json", std::string(2U << 20U, ' '));
  const auto document = load_json_file(path);
  REQUIRE_FALSE(document.ok());
  CHECK(document.error().code == ErrorCode::malformed);
  CHECK(load_json_file(folder.path() / "none.json").error().code == ErrorCode::io);
}

}  // namespace
