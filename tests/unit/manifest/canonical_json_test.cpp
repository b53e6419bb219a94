#include "evseal/manifest/canonical_json.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "verifier.hpp"

namespace {

using evseal::as_bytes;
using evseal::as_text;
using evseal::manifest::canonical_json;
using evseal::manifest::kMaxCanonicalInteger;
using evseal::manifest::parse_canonical_json;
using evseal::manifest::testing::verifier_on_manifest;
using nlohmann::json;

std::string canonical(const json& value) {
  const auto bytes = canonical_json(value);
  return bytes ? std::string(as_text(*bytes)) : "error: " + bytes.error().why;
}

// Whether a text is in the subset; the verifier refuses with manifest_syntax exactly what is not.
bool accepts(std::string_view text) {
  const bool accepted = parse_canonical_json(as_bytes(text)).ok();
  if (const auto other = verifier_on_manifest(as_bytes(text))) {
    CAPTURE(text);
    CHECK((*other != "manifest_syntax") == accepted);
  }
  return accepted;
}

TEST_CASE("canonical json: writes the bytes that the format gives") {
  CHECK(canonical(json::object()) == "{}");
  CHECK(canonical({{"b", 1}, {"a", json::array({true, false, "x"})}, {"a_1", {{"z", 0}}}}) ==
        R"({"a":[true,false,"x"],"a_1":{"z":0},"b":1})");
  // By octets: digits before _ before letters.
  CHECK(canonical({{"ab", 1}, {"a_", 2}, {"a1", 3}}) == R"({"a1":3,"a_":2,"ab":1})");
  CHECK(canonical({{"t", "q\"b\\s/ü€😀"}}) == R"({"t":"q\"b\\s/ü€😀"})");
  CHECK(canonical({{"n", kMaxCanonicalInteger}}) == R"({"n":9007199254740991})");
  CHECK(canonical({{"n", 5}}) == R"({"n":5})");  // a signed integer of C++
}

TEST_CASE("canonical json: refuses to write what lies outside the subset") {
  const json bad = GENERATE(
      json(1), json("text"), json::array(), json{{"n", nullptr}}, json{{"n", 1.0}}, json{{"n", -1}},
      json{{"n", kMaxCanonicalInteger + 1}}, json{{"", 1}}, json{{"A", 1}}, json{{"a-b", 1}},
      json{{std::string(33, 'a'), 1}}, json{{"t", "a\nb"}}, json{{"t", "a\x7f"}},
      json{{"t", "\xc2\x80"}}, json{{"t", "\xc2\x9f"}}, json{{"t", "\xff"}},
      json{{"t", "\xc0\xaf"}}, json{{"t", "\xed\xa0\x80"}}, json{{"t", "\xf4\x90\x80\x80"}},
      json{{"t", "\xe2\x82"}}, json{{"t", std::string(1, '\0')}});
  const auto bytes = canonical_json(bad);
  REQUIRE_FALSE(bytes.ok());
  CHECK(bytes.error().status == "manifest_syntax");
  CHECK(bytes.error().code == evseal::ErrorCode::malformed);
}

TEST_CASE("canonical json: nesting ends at six") {
  CHECK(accepts(R"({"a":{"a":{"a":{"a":{"a":{}}}}}})"));
  CHECK(accepts(R"({"a":[[[[[]]]]]})"));
  CHECK_FALSE(accepts(R"({"a":{"a":{"a":{"a":{"a":{"a":{}}}}}}})"));
  CHECK_FALSE(accepts(R"({"a":[[[[[[]]]]]]})"));
  json deep = json::object();
  for (int i = 0; i < 6; ++i) {
    deep = json{{"a", deep}};
  }
  CHECK_FALSE(canonical_json(deep).ok());
  CHECK_FALSE(accepts(std::string(100000, '[')));
}

TEST_CASE("canonical json: reads nothing but the one form") {
  CHECK(accepts(R"({"a":1,"b":"x"})"));
  const std::string bad = GENERATE(
      R"({"b":1,"a":2})", R"({"a":1,"a":1})", R"({"a": 1})", R"({"a":1} )", R"( {"a":1})",
      "{\"a\":1}\n", "\xef\xbb\xbf{}", R"({"a":01})", R"({"a":-0})", R"({"a":-1})", R"({"a":1.0})",
      R"({"a":1e2})", R"({"a":9007199254740992})", R"({"a":18446744073709551616})", R"({"a":null})",
      R"({"a":"\u0041"})", R"({"a":"\/"})", R"({"a":"\n"})", "{\"a\":\"\xff\"}", "{\"a\":\"\x7f\"}",
      R"({"A":1})", R"({"a":1,})", R"([1])", R"("a")", R"({"a":1}{})", "", "{", R"({"a")",
      R"({"a":1}//)", R"({"a":"\ud83d\ude00"})", std::string("{\"a\":1}\0", 8));
  CAPTURE(bad);
  CHECK_FALSE(accepts(bad));
  const auto value = parse_canonical_json(as_bytes(bad));
  REQUIRE_FALSE(value.ok());
  CHECK(value.error().status == "manifest_syntax");
  CHECK(value.error().code == evseal::ErrorCode::malformed);
}

TEST_CASE("canonical json: a text cut off anywhere is refused") {
  const std::string whole = R"({"a":[1,true,"x\"y"],"b":{"c":"ü"}})";
  REQUIRE(accepts(whole));
  for (std::size_t i = 0; i < whole.size(); ++i) {
    CHECK_FALSE(accepts(whole.substr(0, i)));
  }
}

}  // namespace
