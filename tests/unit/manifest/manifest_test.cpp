#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "evseal/manifest/canonical_json.hpp"
#include "evseal/manifest/model.hpp"
#include "fixtures.hpp"
#include "verifier.hpp"

namespace {

using namespace evseal;
using namespace evseal::manifest;
using evseal::manifest::testing::sample_manifest;
using nlohmann::json;

json sample_json() {
  return parse_unverified(to_canonical(sample_manifest()).value())->unverified_json();
}

// The status with which the octets are refused; "ok" where they are not. The device reads manifests
// with code of its own: both must say the same of everything in these tests.
std::string verdict_on(ByteView bytes) {
  const auto parsed = parse_unverified(bytes);
  std::string status = parsed ? "ok" : parsed.error().status;
  CAPTURE(as_text(bytes));
  const std::string other = testing::verifier_on_manifest(bytes).value_or(status);
  // A verifier may implement fewer of the members that `critical` can name.
  CHECK((other == status || (status == "ok" && other == "manifest_critical")));
  return status;
}

// The same of JSON.
std::string verdict(const json& value) {
  const auto bytes = canonical_json(value);
  if (!bytes) {
    return bytes.error().status;
  }
  return verdict_on(*bytes);
}

json with(const char* pointer, json value) {
  json out = sample_json();
  out[json::json_pointer(pointer)] = std::move(value);
  return out;
}

json without(const char* parent, const char* member) {
  json out = sample_json();
  out[json::json_pointer(parent)].erase(member);
  return out;
}

TEST_CASE("manifest: the smallest one is these bytes") {
  Manifest manifest;
  manifest.package = {"p", "v", "1", Kind::firmware, Stage::dev};
  manifest.compatible.push_back({"v", "m", {}, {}});
  Component component;
  component.id = "c";
  component.version = "1";
  component.size = 1;
  component.stored_size = 1;
  manifest.components.push_back(component);
  const std::string zeros(64, '0');
  const auto bytes = to_canonical(manifest);
  REQUIRE(bytes.ok());
  CHECK(as_text(*bytes) ==
        R"({"compatible":[{"model":"m","vendor":"v"}],"components":[{"chunk_size":4096,)"
        R"("encoding":"none","id":"c","security_version":0,"sha256":")" +
            zeros + R"(","size":1,"stored_size":1,"tree_root":")" + zeros +
            R"(","version":"1"}],"created":"1970-01-01T00:00:00Z","format":"evseal-manifest",)"
            R"("format_version":1,"package":{"id":"p","kind":"firmware","stage":"dev",)"
            R"("vendor":"v","version":"1"}})");
}

TEST_CASE("manifest: what was written is read back the same") {
  const Manifest manifest = sample_manifest();
  const auto bytes = to_canonical(manifest);
  REQUIRE(bytes.ok());
  const auto parsed = parse_unverified(*bytes);
  REQUIRE(parsed.ok());
  CHECK(parsed->unverified() == manifest);
  CHECK(parsed->bytes() == *bytes);
  CHECK(parsed->identity() == sha256(*bytes));
}

TEST_CASE("manifest: unknown members are ignored at every level and kept") {
  CHECK(verdict(with("/future", json::object())) == "ok");
  CHECK(verdict(with("/package/future", 1)) == "ok");
  CHECK(verdict(with("/components/0/future", "x")) == "ok");
  CHECK(verdict(with("/compatible/0/hardware/step", 1)) == "ok");
  const auto parsed = parse_unverified(canonical_json(with("/future", 7)).value());
  CHECK(parsed->unverified_json()["future"] == 7);
}

TEST_CASE("manifest: each missing member is refused") {
  for (const char* member :
       {"format", "format_version", "package", "created", "compatible", "components"}) {
    CAPTURE(member);
    CHECK(verdict(without("", member)) == "manifest_schema");
  }
  for (const char* member : {"id", "vendor", "version", "kind", "stage"}) {
    CAPTURE(member);
    CHECK(verdict(without("/package", member)) == "manifest_schema");
  }
  for (const char* member : {"id", "version", "security_version", "size", "sha256", "stored_size",
                             "encoding", "chunk_size", "tree_root"}) {
    CAPTURE(member);
    CHECK(verdict(without("/components/0", member)) == "manifest_schema");
  }
  for (const char* member : {"vendor", "model"}) {
    CHECK(verdict(without("/compatible/0", member)) == "manifest_schema");
  }
  for (const char* member : {"min", "max"}) {
    CHECK(verdict(without("/compatible/0/hardware", member)) == "manifest_schema");
  }
  for (const char* member : {"issuer_key", "number"}) {
    CHECK(verdict(without("/crls/0", member)) == "manifest_schema");
  }
  for (const char* member : {"name", "format", "sha256"}) {
    CHECK(verdict(without("/sbom/0", member)) == "manifest_schema");
  }
}

TEST_CASE("manifest: words that may grow have statuses of their own") {
  CHECK(verdict(with("/format_version", 2)) == "manifest_version");
  CHECK(verdict(with("/package/kind", "bundle")) == "manifest_kind");
  CHECK(verdict(with("/package/stage", "test")) == "manifest_stage");
  CHECK(verdict(with("/components/0/encoding", "delta")) == "manifest_encoding");
  CHECK(verdict(with("/format", "other")) == "manifest_schema");
  CHECK(verdict(with("/format_version", "1")) == "manifest_schema");
  CHECK(verdict(with("/package/kind", 1)) == "manifest_schema");
}

struct Violation {
  const char* pointer;
  json value;
};

TEST_CASE("manifest: each value out of range is refused") {
  const std::string hex64(64, 'a');
  const std::vector<Violation> violations = {
      {"/package", json::array()},
      {"/package/id", ""},
      {"/package/id", "Upper"},
      {"/package/id", "-x"},
      {"/package/id", std::string(65, 'a')},
      {"/package/vendor", "a b"},
      {"/package/version", ""},
      {"/package/version", std::string(65, '1')},
      {"/created", "2026-01-01"},
      {"/created", "2026-02-30T00:00:00Z"},
      {"/created", "2026-01-01T00:00:00.0Z"},
      {"/source", "git"},
      {"/source/commit", std::string(257, 'a')},
      {"/source/build", 5},
      {"/compatible", json::array()},
      {"/compatible", json::array({1})},
      {"/compatible/0/vendor", "A"},
      {"/compatible/0/hardware", json{{"min", 5}, {"max", 4}}},
      {"/compatible/0/hardware/max", 2147483648U},
      {"/compatible/0/serials", json::array()},
      {"/compatible/0/serials", json::array({"B", "A"})},
      {"/compatible/0/serials", json::array({"A", "A"})},
      {"/compatible/0/serials", json::array({""})},
      {"/compatible/0/serials", json::array({"A 1"})},
      {"/compatible/0/serials", json::array({"\"A"})},
      {"/compatible/0/serials", json::array({"Ä1"})},
      {"/compatible/0/serials", json::array({std::string(33, 'a')})},
      {"/components", json::array()},
      {"/components", json::object()},
      {"/components/0/id", std::string(33, 'a')},
      {"/components/0/version", ""},
      {"/components/0/security_version", 2147483648U},
      {"/components/0/security_version", true},
      {"/components/0/size", 0},
      {"/components/0/size", 9999},  // stored_size differs, encoding none
      {"/components/0/sha256", std::string(64, 'A')},
      {"/components/0/sha256", std::string(62, 'a')},
      {"/components/0/sha256", std::string(64, 'g')},
      {"/components/0/stored_size", 0},
      {"/components/0/chunk_size", 2048},
      {"/components/0/chunk_size", 4097},
      {"/components/0/chunk_size", 2097152},
      {"/components/0/tree_root", "00"},
      {"/components/0/hardware", json{{"min", 1}}},
      {"/components/0/load_address", "0x10"},
      {"/components/0/requires", json::array()},
      {"/components/0/requires/0/id", "z"},  // not ascending any more
      {"/components/0/requires/0/id", "safety"},
      {"/components/0/requires/0/min_security_version", 2147483648U},
      {"/components/0/preserve", json::array()},
      {"/components/0/preserve/0/size", 0},
      {"/components/0/preserve/0/size", 4097},     // overlaps the second
      {"/components/0/preserve/1/size", 5905},     // past the end
      {"/components/0/preserve/1/offset", 10001},  // begins past the end
      {"/components/0/preserve/1/offset", kMaxCanonicalInteger},
      {"/components/0/metrology", 1},
      {"/crls", json::array()},
      {"/crls/0/issuer_key", "00"},
      {"/crls/0/number", "1"},
      {"/crls/1", json{{"issuer_key", std::string(64, '3')}, {"number", 1}}},
      {"/crls/1", json{{"issuer_key", std::string(64, '2')}, {"number", 1}}},
      {"/sbom", json::array()},
      {"/sbom/0/name", std::string(129, 'a')},
      {"/sbom/0/name", ""},
      {"/sbom/0/format", "SPDX"},
      {"/critical", json::array()},
      {"/critical", json::array({"requires", "hardware"})},
      {"/critical", json::array({"hardware", "hardware"})},
      {"/critical", json::array({"Hardware"})},
      {"/critical", "hardware"},
  };
  for (const Violation& violation : violations) {
    CAPTURE(violation.pointer, violation.value.dump());
    CHECK(verdict(with(violation.pointer, violation.value)) == "manifest_schema");
  }
}

TEST_CASE("manifest: arrays end at their limits") {
  const auto repeated = [](const char* pointer, std::size_t count, auto change) {
    json list = json::array();
    const json one = sample_json()[json::json_pointer(pointer)][0];
    for (std::size_t i = 0; i < count; ++i) {
      json element = one;
      change(element, i);
      list.push_back(std::move(element));
    }
    return verdict(with(pointer, std::move(list)));
  };
  const auto new_id = [](json& element, std::size_t i) {
    element["id"] = "c" + std::to_string(i + 10);
  };
  const auto nothing = [](json&, std::size_t) {};
  const auto new_key = [](json& element, std::size_t i) {
    element["issuer_key"] = std::string(63, '0') + std::to_string(i);
  };
  CHECK(repeated("/components", 32, new_id) == "ok");
  CHECK(repeated("/components", 33, new_id) == "manifest_schema");
  CHECK(repeated("/components", 2, nothing) == "manifest_schema");  // two of one id
  CHECK(repeated("/compatible", 32, nothing) == "ok");
  CHECK(repeated("/compatible", 33, nothing) == "manifest_schema");
  CHECK(repeated("/components/0/requires", 8, new_id) == "ok");
  CHECK(repeated("/components/0/requires", 9, new_id) == "manifest_schema");
  CHECK(repeated("/crls", 8, new_key) == "ok");
  CHECK(repeated("/crls", 9, new_key) == "manifest_schema");
  CHECK(repeated("/sbom", 8, nothing) == "ok");
  CHECK(repeated("/sbom", 9, nothing) == "manifest_schema");
}

TEST_CASE("manifest: more than 2^20 leaves are refused, also near 2^53") {
  json value = with("/components/0/encoding", "gzip");
  value["components"][0]["stored_size"] = std::uint64_t{1} << 32U;  // 2^20 leaves of 4096
  CHECK(verdict(value) == "ok");
  value["components"][0]["stored_size"] = (std::uint64_t{1} << 32U) + 1;
  CHECK(verdict(value) == "manifest_schema");
  value["components"][0]["stored_size"] = kMaxCanonicalInteger;
  value["components"][0]["chunk_size"] = 1048576;
  CHECK(verdict(value) == "manifest_schema");
}

TEST_CASE(
    "manifest: format, version, critical and package are judged in this order, then the rest") {
  json value = sample_json();
  value["components"][0]["size"] = 0;
  CHECK(verdict(value) == "manifest_schema");
  value["package"]["stage"] = "test";
  CHECK(verdict(value) == "manifest_stage");
  value["package"]["kind"] = "bundle";
  CHECK(verdict(value) == "manifest_kind");
  value["critical"] = {"future"};
  CHECK(verdict(value) == "manifest_critical");
  value["format_version"] = 2;
  CHECK(verdict(value) == "manifest_version");
  value["format"] = "other";
  CHECK(verdict(value) == "manifest_schema");
  // Within a component the table's rows count in their order too.
  value = sample_json();
  value["components"][0]["encoding"] = "delta";
  value["components"][0]["chunk_size"] = 5;
  CHECK(verdict(value) == "manifest_encoding");
  value["components"].push_back(value["components"][0]);
  value["components"][0] = sample_json()["components"][0];
  CHECK(verdict(value) == "manifest_schema");  // the second has the id of the first
}

TEST_CASE("manifest: critical refuses what is not known") {
  const auto bytes = canonical_json(with("/critical", json::array({"future", "hardware"}))).value();
  const auto parsed = parse_unverified(bytes);
  REQUIRE_FALSE(parsed.ok());
  CHECK(parsed.error().status == "manifest_critical");
  CHECK(parsed.error().code == ErrorCode::refused);
  CHECK(verdict(with("/critical", json::array({"components", "vendor", "version"}))) == "ok");
}

TEST_CASE("manifest: nothing impossible is written") {
  Manifest manifest = sample_manifest();
  manifest.components[0].requirements = {{"z", 1}, {"a", 1}};
  CHECK(to_canonical(manifest).error().status == "manifest_schema");
  manifest = sample_manifest();
  manifest.components.clear();
  CHECK_FALSE(to_canonical(manifest).ok());
  manifest = sample_manifest();
  manifest.package.version = "a\nb";
  CHECK_FALSE(to_canonical(manifest).ok());
  manifest = sample_manifest();
  manifest.created = 253402300800;  // the year 10000
  CHECK_FALSE(to_canonical(manifest).ok());
  manifest = sample_manifest();
  manifest.compatible.assign(32, manifest.compatible[0]);
  for (Compatible& entry : manifest.compatible) {
    entry.serials.clear();
    for (int i = 10; i < 74; ++i) {
      entry.serials.push_back(std::to_string(i) + std::string(30, 'x'));
    }
  }
  CHECK(to_canonical(manifest).error().status == "envelope_length");
}

TEST_CASE("manifest: each octet changed, left out or doubled has the same verdict everywhere") {
  const Bytes good = to_canonical(sample_manifest()).value();
  REQUIRE(verdict_on(good) == "ok");
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const char to :
         {'0', '9', 'a', 'A', '"', '\\', ',', '}', ']', ' ', '-', '.', '\x7f', '\xff', '\0'}) {
      Bytes changed = good;
      changed[i] = static_cast<std::uint8_t>(to);
      (void)verdict_on(changed);
    }
    const auto at = static_cast<std::ptrdiff_t>(i);
    Bytes shorter = good;
    shorter.erase(shorter.begin() + at);
    (void)verdict_on(shorter);
    Bytes longer = good;
    longer.insert(longer.begin() + at, good[i]);
    (void)verdict_on(longer);
    CHECK(verdict_on(ByteView(good).first(i)) == "manifest_syntax");
  }
}

TEST_CASE("manifest: errors name the member") {
  const auto parsed = parse_unverified(canonical_json(with("/components/0/chunk_size", 5)).value());
  CHECK(parsed.error().what == "manifest: components[0].chunk_size");
}

TEST_CASE("manifest: a trust-update says the whole new trust store") {
  Manifest manifest = sample_manifest();
  manifest.package.kind = Kind::trust_update;
  manifest.components.clear();
  TrustUpdate update;
  update.epoch = 4;
  update.trust = Bytes{0x30, 0x00};
  update.resets = Resets{{Sha256{1}, Sha256{2}}, {{"rootfs", 3}, {"safety", 0}}, 1767225600};
  update.recovery = Sha256{7};
  manifest.trust_update = update;
  const auto bytes = to_canonical(manifest);
  REQUIRE(bytes.ok());
  CHECK(verdict_on(*bytes) == "ok");
  const auto parsed = parse_unverified(*bytes);
  REQUIRE(parsed.ok());
  CHECK(parsed->unverified() == manifest);
  const json good = parsed->unverified_json();
  CHECK(good["trust"] == "3000");
  const auto changed = [&](const char* pointer, json value) {
    json out = good;
    out[json::json_pointer(pointer)] = std::move(value);
    return verdict(out);
  };
  const std::string hash(64, 'b');
  const std::vector<std::pair<const char*, json>> violations = {
      {"/epoch", 0},
      {"/epoch", 2147483648U},
      {"/epoch", "1"},
      {"/components", sample_json()["components"]},
      {"/trust", ""},
      {"/trust", "300"},
      {"/trust", "3A"},
      {"/trust", "zz"},
      {"/trust", std::string(32770, 'a')},
      {"/recovery", "00"},
      {"/resets", 1},
      {"/resets/crls", json::array()},
      {"/resets/crls", {hash, hash}},
      {"/resets/crls", {hash, std::string(64, 'a')}},
      {"/resets/crls", json(std::vector<std::string>(17, hash))},
      {"/resets/crls/0", std::string(64, 'B')},
      {"/resets/crls/0", 5},
      {"/resets/security_versions", json::array()},
      {"/resets/security_versions/1/id", "rootfs"},
      {"/resets/security_versions/0/security_version", 2147483648U},
      {"/resets/time_floor", "2026-01-01"},
  };
  for (const auto& [pointer, value] : violations) {
    CAPTURE(pointer, value.dump().substr(0, 80));
    CHECK(changed(pointer, value) == "manifest_schema");
  }
  CHECK(changed("/trust", std::string(32768, 'a')) == "ok");
  CHECK(changed("/resets", json::object()) == "ok");
  CHECK(changed("/epoch", 2147483647) == "ok");
  for (const char* member : {"epoch", "trust"}) {
    json without_it = good;
    without_it.erase(member);
    CHECK(verdict(without_it) == "manifest_schema");
  }
  // In a firmware manifest these members are not looked at.
  json firmware = sample_json();
  firmware["epoch"] = "x";
  firmware["trust"] = 5;
  CHECK(verdict(firmware) == "ok");
}

TEST_CASE("manifest: a manifest names the newest CRLs in one order") {
  Manifest manifest = sample_manifest();
  manifest.crls = {{Sha256{1}, 0}, {Sha256{2}, 9007199254740991}};
  const auto bytes = to_canonical(manifest);
  REQUIRE(bytes.ok());
  CHECK(verdict_on(*bytes) == "ok");
  CHECK(parse_unverified(*bytes)->unverified() == manifest);
  manifest.crls[1].number += 1;
  CHECK_FALSE(to_canonical(manifest).ok());
  manifest.crls = {{Sha256{2}, 0}, {Sha256{1}, 0}};
  CHECK(to_canonical(manifest).error().status == "manifest_schema");
  manifest.crls = {{Sha256{2}, 0}, {Sha256{2}, 1}};
  CHECK(to_canonical(manifest).error().status == "manifest_schema");
}

}  // namespace
