#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

extern "C" {
#include "json.h"
}

#include "evseal/base/bytes.hpp"
#include "guarded.hpp"

namespace {

bool valid(std::string_view text) {
  const evseal::test::Guarded guarded(text);
  return evseal_json_validate({guarded.octets().data(), guarded.octets().size()});
}

}  // namespace

TEST_CASE("json: takes the canonical subset") {
  CHECK(valid("{}"));
  CHECK(valid(R"({"a":1})"));
  CHECK(valid(R"({"a":[],"b":{},"c":[{"d":"x"},0,true,false]})"));
  CHECK(valid(R"({"a":9007199254740991})"));
  CHECK(valid("{\"a\":\"\\\"\\\\\xC3\xA9\xF0\x9F\x94\x8C\"}"));
  CHECK(valid("{\"a\":\"\xE0\xA0\x80\"}"));
  CHECK(valid(R"({"a":[[[[[]]]]]})"));
  CHECK(valid(R"({"_09az":"","z":" ~"})"));
  CHECK(valid("{\"" + std::string(32, 'a') + "\":1}"));
  CHECK_FALSE(valid("{\"" + std::string(33, 'a') + "\":1}"));
  // The first and the last characters of each length.
  for (const char* text : {"\xC2\xA0", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEF\xBF\xBF",
                           "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"}) {
    INFO(text);
    CHECK(valid(std::string("{\"a\":\"") + text + "\"}"));
  }
}

TEST_CASE("json: refuses everything else") {
  for (const char* text : {"",
                           " {}",
                           "{} ",
                           "[]",
                           "1",
                           "{\"a\": 1}",
                           "{\"a\":1,}",
                           "{\"b\":1,\"a\":1}",
                           "{\"a\":1,\"a\":1}",
                           "{\"A\":1}",
                           "{\"\":1}",
                           "{\"a\":null}",
                           "{\"a\":-1}",
                           "{\"a\":1.0}",
                           "{\"a\":1e3}",
                           "{\"a\":01}",
                           "{\"a\":9007199254740992}",
                           "{\"a\":99999999999999999999}",
                           "{\"a\":\"\\u0041\"}",
                           "{\"a\":\"\\/\"}",
                           "{\"a\":\"\\n\"}",
                           "{\"a\":\"\x01\"}",
                           "{\"a\":\"\x7F\"}",
                           "{\"a\":\"\xC2\x85\"}",
                           "{\"a\":\"\xC0\x80\"}",
                           "{\"a\":\"\xED\xA0\x80\"}",
                           "{\"a\":\"\xF4\x90\x80\x80\"}",
                           "{\"a\":\"\xFF\"}",
                           "{\"a\":\"\xE2\x82\"}",
                           "{\"a\":\"\xE2\x82",
                           "{\"a\":\"\x80\"}",
                           "{\"a\":\"\xE0\x9F\x80\"}",
                           "{\"a\":\"\xF0\x8F\x80\x80\"}",
                           "{\"a\":\"\xF5\x80\x80\x80\"}",
                           "{\"a`\":1}",
                           "{\"a{\":1}",
                           "{\"a/\":1}",
                           "{\"a:\":1}",
                           "{\"a\":/}",
                           "{\"a\":1,2}",
                           "{1:2}",
                           "{\"a\":[[[[[[]]]]]]}",
                           "{\"a\":[1,]}",
                           "{\"a\":[1 ]}",
                           "{\"a\"}",
                           "{a:1}",
                           "{a\":1}",
                           "{\"a\":[[[[[[]]]]]}",
                           "{\"a\":\"\xC3(\"}",
                           "{\"a\":\"\xE2\x82(\"}",
                           "{\"a\":tru}",
                           "{\"a\":\"x}",
                           "{\"a\":1}}",
                           "\xEF\xBB\xBF{}",
                           "{\"a\":[}",
                           "{\"a\":{]}"}) {
    CAPTURE(text);
    CHECK_FALSE(valid(text));
  }
}

TEST_CASE("json: every truncation of a text is refused") {
  const std::string text = R"({"a":[{"b":"x\"y","c":12},true],"d":{"e":[]}})";
  REQUIRE(valid(text));
  for (std::size_t length = 0; length < text.size(); ++length) {
    CHECK_FALSE(valid(std::string_view(text).substr(0, length)));
  }
}

TEST_CASE("json: the cursor walks members and items") {
  const std::string text = R"({"a":[1,"two",{"x":3}],"b":true})";
  const evseal_span object = {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
  evseal_span value;
  REQUIRE(evseal_json_member(object, "a", &value));
  evseal_span rest = value;
  evseal_span item;
  std::vector<std::string> items;
  while (evseal_json_next_item(&rest, &item)) {
    items.emplace_back(reinterpret_cast<const char*>(item.data), item.len);
  }
  CHECK(items == std::vector<std::string>{"1", "\"two\"", "{\"x\":3}"});
  bool flag = false;
  REQUIRE(evseal_json_member(object, "b", &value));
  CHECK(evseal_json_boolean(value, &flag));
  CHECK(flag);
  CHECK_FALSE(evseal_json_member(object, "x", &value));
}

TEST_CASE("json: the cursor ends at text that nobody has validated") {
  const auto span = [](std::string_view text) {
    return evseal_span{reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
  };
  evseal_span name;
  evseal_span value;
  const std::pair<const char*, unsigned> lists[] = {
      {"", 0},     {"[", 0},    {"[]", 0},   {"[}", 0},  {"[1", 1},  {"[1,", 1}, {"[,]", 0},
      {"[1,]", 1}, {"[[1]", 1}, {"[[1}", 1}, {"{1]", 0}, {"1,2", 0}, {"[?]", 0}, {"[:]", 0}};
  for (const auto& [text, expected] : lists) {
    INFO(text);
    const evseal::test::Guarded guarded{std::string_view(text)};
    evseal_span rest = {guarded.octets().data(), guarded.octets().size()};
    unsigned items = 0;
    while (evseal_json_next_item(&rest, &value)) {
      REQUIRE(++items <= expected);
    }
    CHECK(items == expected);
  }
  for (const char* text : {"", "{", "{}", "{]", "{1:2}", "{?:1}", "{\"a\"}", "{\"a\"1}", "{\"a\":}",
                           "{\"a", "{[]:1}", "[\"a\":1]"}) {
    INFO(text);
    evseal_span rest = span(text);
    CHECK_FALSE(evseal_json_next_member(&rest, &name, &value));
  }
}

TEST_CASE("json: values are read in one form, within bounds") {
  const auto span = [](std::string_view text) {
    return evseal_span{reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
  };
  std::uint64_t number = 0;
  CHECK(evseal_json_integer(span("9007199254740991"), UINT64_MAX, &number));
  CHECK(number == 9007199254740991);
  CHECK(evseal_json_integer(span("7"), 7, &number));
  for (const char* text : {"", "8", "10000000000000000", "-1", "1x", "\"1\"", "true"}) {
    CHECK_FALSE(evseal_json_integer(span(text), 7, &number));
  }
  for (const char* text : {"1x", "x1", "/", ":"}) {
    CHECK_FALSE(evseal_json_integer(span(text), UINT64_MAX, &number));
  }
  bool flag = false;
  CHECK(evseal_json_boolean(span("false"), &flag));
  CHECK_FALSE(flag);
  CHECK_FALSE(evseal_json_boolean(span("\"true\""), &flag));
  std::uint8_t octets[2] = {};
  CHECK(evseal_json_hex(span("\"09af\""), octets, 2));
  CHECK((octets[0] == 0x09 && octets[1] == 0xAF));
  for (const char* text : {"\"09a\"", "\"09aff\"", "[09af]", "\"09aF\"", "\"0g00\"", "\"g000\"",
                           "\"00/0\"", "\"00:0\"", "\"000`\""}) {
    INFO(text);
    CHECK_FALSE(evseal_json_hex(span(text), octets, 2));
  }
  evseal_span content;
  std::size_t length = 0;
  CHECK(evseal_json_string(span("\"a\\\"b\""), &content, &length));
  CHECK(length == 3);
  CHECK(evseal_json_string(span("\"\""), &content, &length));
  CHECK((content.len == 0 && length == 0));
  for (const char* text : {"", "\"", "12"}) {
    CHECK_FALSE(evseal_json_string(span(text), &content, &length));
  }
  CHECK(evseal_json_is_object(span("{}")));
  CHECK(evseal_json_is_array(span("[]")));
  CHECK_FALSE(evseal_json_is_object(span("[]")));
  CHECK_FALSE(evseal_json_is_object(span("{")));
  CHECK_FALSE(evseal_json_is_array(span("[")));
  CHECK_FALSE(evseal_json_is_array(span("{}")));
}

// The public parsing suite: what it says must be refused is refused; ours is stricter than it asks.
TEST_CASE("json: refuses what the public parsing suite says must be refused") {
  const char* folder = std::getenv("EVSEAL_VECTORS");
  if (folder == nullptr) {
    WARN("skipped: EVSEAL_VECTORS is not set");
    return;
  }
  std::ifstream file(std::string(folder) + "/json-parsing.jsonl");
  REQUIRE(file);
  std::string line;
  std::size_t cases = 0;
  while (std::getline(file, line)) {
    const auto object = nlohmann::json::parse(line);
    const auto bytes = evseal::from_hex(object.at("hex").get<std::string>());
    REQUIRE(bytes);
    ++cases;
    if (object.at("expect") == "reject") {
      CAPTURE(line.substr(0, 200));
      CHECK_FALSE(evseal_json_validate({bytes->data(), bytes->size()}));
    }
  }
  CHECK(cases > 0);
}
