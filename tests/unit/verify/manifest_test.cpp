// The manifest's schema without an envelope around it: each bound at its edge, and what is written
// in a way that only octets can say.
#include <evseal/manifest.h>

#include <catch2/catch.hpp>
#include <string>

namespace {

const std::string kDigest(64, '0');

evseal_span span_of(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// The text with one part exchanged, which must stand there once.
std::string with(const std::string& text, const std::string& part, const std::string& other) {
  const auto at = text.find(part);
  REQUIRE(at != std::string::npos);
  REQUIRE(text.find(part, at + 1) == std::string::npos);
  return text.substr(0, at) + other + text.substr(at + part.size());
}

// One component; `more` are its members behind `id`.
std::string component(const std::string& id = "rootfs", const std::string& more = "") {
  return R"({"chunk_size":4096,"encoding":"none","id":")" + id + '"' + more +
         R"(,"security_version":1,"sha256":")" + kDigest + R"(","size":100,"stored_size":100,)" +
         R"("tree_root":")" + kDigest + R"(","version":"1"})";
}

std::string firmware() {
  return R"({"compatible":[{"model":"ac22","vendor":"acme"}],"components":[)" + component() +
         R"(],"created":"2026-01-01T00:00:00Z","format":"evseal-manifest","format_version":1,)"
         R"("package":{"id":"p","kind":"firmware","stage":"prod","vendor":"acme","version":"1"}})";
}

std::string trust_update() {
  return R"({"compatible":[{"model":"ac22","vendor":"acme"}],"created":"2026-01-01T00:00:00Z",)"
         R"("epoch":1,"format":"evseal-manifest","format_version":1,"package":{"id":"p",)"
         R"("kind":"trust-update","stage":"prod","vendor":"acme","version":"1"},"trust":"3000"})";
}

evseal_status parse(const std::string& text) {
  evseal_manifest manifest{};
  const evseal_status status = evseal_manifest_parse(&manifest, span_of(text));
  // What was refused leaves nothing to be taken for a manifest.
  CHECK((status == EVSEAL_OK || manifest.text.len == 0));
  return status;
}

// With a member of the manifest that comes between `created` and `format`.
std::string with_member(const std::string& text, const std::string& member) {
  return with(text, R"(,"format":)", "," + member + R"(,"format":)");
}

}  // namespace

TEST_CASE("manifest: the smallest of each kind") {
  CHECK(parse(firmware()) == EVSEAL_OK);
  CHECK(parse(trust_update()) == EVSEAL_OK);
  CHECK(parse(with(firmware(), "firmware\",\"stage", "trust-update\",\"stage")) ==
        EVSEAL_MANIFEST_SCHEMA);
  CHECK(parse(with(trust_update(), "trust-update\",", "firmware\",")) == EVSEAL_MANIFEST_SCHEMA);
}

TEST_CASE("manifest: names in critical are of small letters, digits and underscores") {
  const auto critical = [](const std::string& name) {
    return parse(with_member(firmware(), R"("critical":[")" + name + R"("])"));
  };
  CHECK(critical("created") == EVSEAL_OK);
  // Known to nobody, and each edge of what a name is written with.
  for (const char* name : {"a", "z", "0", "9", "_", "az09_"}) {
    INFO(name);
    CHECK(critical(name) == EVSEAL_MANIFEST_CRITICAL);
  }
  for (const char* name : {"`", "{", "/", ":", "^", "A", "-", "a}", ""}) {
    INFO(name);
    CHECK(critical(name) == EVSEAL_MANIFEST_SCHEMA);
  }
  CHECK(critical(std::string(32, 'a')) == EVSEAL_MANIFEST_CRITICAL);
  CHECK(critical(std::string(33, 'a')) == EVSEAL_MANIFEST_SCHEMA);
}

TEST_CASE("manifest: each entry of crls has a key and a number") {
  const std::string key = R"("issuer_key":")" + kDigest + '"';
  const auto crls = [](const std::string& entry) {
    return parse(with_member(firmware(), R"("crls":[{)" + entry + "}]"));
  };
  CHECK(crls(key + R"(,"number":0)") == EVSEAL_OK);
  CHECK(crls(R"("number":0)") == EVSEAL_MANIFEST_SCHEMA);
  CHECK(crls(key) == EVSEAL_MANIFEST_SCHEMA);
}

TEST_CASE("manifest: a component has a name, and no other has it") {
  const std::string only = component();
  CHECK(parse(with(firmware(), R"("id":"rootfs",)", "")) == EVSEAL_MANIFEST_SCHEMA);
  CHECK(parse(with(firmware(), only, only + "," + component("a"))) == EVSEAL_OK);
  CHECK(parse(with(firmware(), only, only + "," + only)) == EVSEAL_MANIFEST_SCHEMA);
  CHECK(parse(with(firmware(), only, only + ",{}")) == EVSEAL_MANIFEST_SCHEMA);
}

TEST_CASE("manifest: the digits of a trust store are small, of whole octets and written plainly") {
  const auto trust = [](const std::string& digits) {
    return parse(with(trust_update(), R"("3000")", '"' + digits + '"'));
  };
  for (const char* digits : {"09", "af", "3000"}) {
    INFO(digits);
    CHECK(trust(digits) == EVSEAL_OK);
  }
  for (const char* digits : {"", "3", "300", "/0", ":0", "`0", "g0", "A0", R"(\")", R"(\\\\)"}) {
    INFO(digits);
    CHECK(trust(digits) == EVSEAL_MANIFEST_SCHEMA);
  }
  CHECK(trust(std::string(32768, '0')) == EVSEAL_OK);
  CHECK(trust(std::string(32770, '0')) == EVSEAL_MANIFEST_SCHEMA);
}
