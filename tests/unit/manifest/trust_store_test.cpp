#include "evseal/manifest/trust_store.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "certificates.hpp"
#include "evseal/manifest/device.hpp"
#include "evseal/manifest/recipe.hpp"
#include "fixtures.hpp"

namespace {

using namespace evseal;
using namespace evseal::manifest;
using namespace evseal::manifest::testing;
using nlohmann::json;

TrustStore sample() {
  return load_profile(certificates().write("device.json", sample_profile().dump()))->trust;
}

json sample_recipe() {
  json recipe = {
      {"recipe", 1},
      {"package",
       {{"id", "acme-trust"}, {"version", "2"}, {"stage", "prod"}, {"kind", "trust-update"}}},
      {"compatible", {{{"vendor", "acme"}, {"model", "ac22"}}}},
      {"epoch", 1}};
  recipe["roles"] = sample_profile()["roles"];
  recipe["require"] = sample_profile()["require"];
  return recipe;
}

Result<Recipe> load(const json& value) {
  return load_recipe(certificates().write("recipe.json", value.dump(1)));
}

TEST_CASE("trust store: DER and back") {
  const TrustStore trust = sample();
  const Bytes der = encode_trust_store(trust).value();
  CHECK(decode_trust_store(der).value() == trust);
  for (std::size_t i = 0; i < der.size(); ++i) {
    CHECK(decode_trust_store(ByteView(der).first(i)).error().status == "trust_store");
  }
  Bytes longer = der;
  longer.push_back(0);
  CHECK_FALSE(decode_trust_store(longer).ok());
}

TEST_CASE("trust store: its JSON is read as a profile's") {
  // Subjects, keys and key hashes stand in the place of files.
  json profile = sample_profile();
  profile.update(trust_store_to_json(sample()));
  const TemporaryFolder elsewhere;
  const auto again = load_profile(elsewhere.write("device.json", profile.dump()));
  REQUIRE(again.ok());
  CHECK(again->trust == sample());
  profile["roles"]["firmware"]["anchors"][0]["key_hash"] = std::string(64, '0');
  CHECK(load_profile(elsewhere.write("device.json", profile.dump())).error().why ==
        "is not that of the key");
}

TEST_CASE("trust store: one that could not meet its own requirements is none") {
  const auto status = [](auto change) {
    TrustStore trust = sample();
    change(trust);
    const auto der = encode_trust_store(trust);
    return der ? "ok" : der.error().status;
  };
  CHECK(status([](TrustStore&) {}) == "ok");
  CHECK(status([](TrustStore& t) { t.firmware.clear(); }) == "trust_store");
  CHECK(status([](TrustStore& t) { t.trust_update.clear(); }) == "ok");
  CHECK(status([](TrustStore& t) { t.firmware = {"firmware", "firmware"}; }) == "trust_store");
  CHECK(status([](TrustStore& t) { t.firmware = {"nobody"}; }) == "trust_store");
  CHECK(status([](TrustStore& t) { t.firmware = {"trust"}; }) == "trust_store");
  CHECK(status([](TrustStore& t) { t.roles[1].name = t.roles[0].name; }) == "trust_store");
  CHECK(status([](TrustStore& t) { t.roles[2].threshold = 3; }) == "trust_store");
  CHECK(status([](TrustStore& t) { t.roles[2].signers[1] = t.roles[2].signers[0]; }) ==
        "trust_store");
  CHECK(status([](TrustStore& t) {
          t.roles.push_back(t.roles[2]);
          t.roles.push_back(t.roles[2]);
          t.roles[3].name = "second";
          t.roles[4].name = "third";
          t.trust_update = {"trust", "second"};
        }) == "ok");
  CHECK(status([](TrustStore& t) {
          t.roles.push_back(t.roles[2]);
          t.roles[3].name = "second";
          t.roles[3].threshold = 1;
          t.roles.push_back(t.roles[3]);
          t.roles[4].name = "third";
          t.roles.push_back(t.roles[3]);
          t.roles[5].name = "fourth";
          t.trust_update = {"trust", "second", "third", "fourth"};
        }) == "trust_store");
}

TEST_CASE("trust recipe: the whole store stands in the manifest") {
  json value = sample_recipe();
  value["resets"] = {{"time_floor", "2026-01-01T00:00:00Z"},
                     {"security_versions", {{"safety", 1}, {"rootfs", 2}}},
                     {"crls", {"root.pem", std::string(64, '0')}}};
  const auto recipe = load(value);
  REQUIRE(recipe.ok());
  CHECK(recipe->package.kind == Kind::trust_update);
  CHECK(recipe->components.empty());
  REQUIRE(recipe->trust_update.has_value());
  CHECK(recipe->trust_update->epoch == 1);
  CHECK(decode_trust_store(recipe->trust_update->trust).value() == sample());
  const Resets& resets = recipe->trust_update->resets.value();
  CHECK(resets.time_floor == 1767225600);
  CHECK(resets.security_versions == std::vector<SlotReset>{{"rootfs", 2}, {"safety", 1}});
  CHECK(resets.crls == std::vector<Sha256>{Sha256{}, sample().roles[0].anchors[0].key_hash()});
}

TEST_CASE("trust recipe: mistakes are refused with their place") {
  const std::vector<std::pair<const char*, json>> violations = {
      {"/epoch", 0},
      {"/epoch", "1"},
      {"/components", json::array()},
      {"/require/trust-update", json::array()},
      {"/require/firmware", json::array()},
      {"/stages", json::array()},
      {"/recovery", "00"},
      {"/resets", {{"crl", 1}}},
      {"/resets", {{"crls", {"root.pem", "root.pem"}}}},
      {"/resets", {{"security_versions", json::object()}}},
      {"/resets", {{"security_versions", {{"Bad", 1}}}}},
  };
  for (const auto& [pointer, change] : violations) {
    CAPTURE(pointer, change.dump());
    json value = sample_recipe();
    value[json::json_pointer(pointer)] = change;
    const auto recipe = load(value);
    REQUIRE_FALSE(recipe.ok());
    CHECK(recipe.error().code == ErrorCode::usage);
    CHECK(recipe.error().what.find("recipe.json:") != std::string::npos);
  }
}

}  // namespace
