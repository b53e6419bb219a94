#include "evseal/manifest/recipe.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "fixtures.hpp"

namespace {

using namespace evseal;
using namespace evseal::manifest;
using namespace evseal::manifest::testing;
using nlohmann::json;

json sample() {
  return json::parse(R"({"recipe":1,
 "package":{"id":"acme-ac22","version":"2.4.1","stage":"dev"},
 "compatible":[{"vendor":"acme","model":"ac22","hardware":{"min":2,"max":4}}],
 "components":[
  {"id":"rootfs","file":"build/rootfs.squashfs","version":"2.4.1","security_version":7},
  {"id":"safety","file":"build/safety.hex","version":"1.9.0","security_version":3,
   "requires":[{"id":"rootfs","min_security_version":7}]}]})");
}

Result<Recipe> load(const std::string& text) {
  const TemporaryFolder folder;
  return load_recipe(folder.write("recipe.json", text));
}

TEST_CASE("recipe: the example of the documentation is read") {
  const TemporaryFolder folder;
  const auto recipe = load_recipe(folder.write("recipe.json", sample().dump()));
  REQUIRE(recipe.ok());
  CHECK(recipe->package.vendor == "acme");  // of the first compatible device
  CHECK(recipe->package.kind == Kind::firmware);
  CHECK(recipe->package.stage == Stage::dev);
  CHECK(recipe->compatible[0].hardware == HardwareRange{2, 4});
  REQUIRE(recipe->components.size() == 2);
  CHECK(recipe->components[0].file == folder.path() / "build/rootfs.squashfs");
  CHECK_FALSE(is_intel_hex(recipe->components[0]));
  CHECK(is_intel_hex(recipe->components[1]));
  CHECK(recipe->components[1].hex == HexOptions{});
  CHECK(recipe->components[1].requirements == std::vector<Requirement>{{"rootfs", 7}});
}

TEST_CASE("recipe: every member is read") {
  json value = sample();
  value["package"]["vendor"] = "other";
  value["package"]["kind"] = "firmware";
  value["source"] = {{"repository", "r"}, {"commit", "c"}, {"build", "b"}};
  value["compatible"][0]["serials"] = {"B", "A"};
  value["components"][1] = json::parse(R"({"id":"safety","file":"/abs/safety.bin","version":"1",
    "security_version":3,"format":"ihex","hex_range":{"start":"0x08000000","end":134350848},
    "hex_fill":0,"encoding":"gzip","chunk_size":8192,"load_address":"0x8000000",
    "hardware":{"min":0,"max":1},"requires":[{"id":"z","min_security_version":1},
    {"id":"a","min_security_version":2}],
    "preserve":[{"offset":64,"size":"0x10"},{"offset":0,"size":1}],"metrology":true})");
  value["sbom"] = json::parse(R"([{"name":"s","format":"spdx","file":"s.json"}])");
  value["critical"] = {"requires", "hardware"};
  const auto recipe = load(value.dump());
  REQUIRE(recipe.ok());
  CHECK(recipe->package.vendor == "other");
  CHECK(recipe->source == Source{"r", "c", "b"});
  CHECK(recipe->compatible[0].serials == std::vector<std::string>{"A", "B"});  // sorted
  const RecipeComponent& component = recipe->components[1];
  CHECK(component.file == "/abs/safety.bin");
  CHECK(is_intel_hex(component));
  CHECK(component.hex.range == HexRange{0x8000000, 134350848});
  CHECK(component.hex.fill == 0);
  CHECK(component.encoding == Encoding::gzip);
  CHECK(component.chunk_size == 8192U);
  CHECK(component.load_address == 0x8000000U);
  CHECK(component.hardware == HardwareRange{0, 1});
  CHECK(component.requirements == std::vector<Requirement>{{"a", 2}, {"z", 1}});
  CHECK(component.preserve == std::vector<PreserveRange>{{0, 1}, {64, 16}});
  CHECK(component.metrology == true);
  CHECK(recipe->sbom.at(0).file.filename() == "s.json");
  CHECK(recipe->critical == std::vector<std::string>{"hardware", "requires"});
}

TEST_CASE("recipe: a misspelt member is refused with its place and the nearest name") {
  struct Slip {
    const char* parent;
    const char* member;
    const char* meant;
  };
  for (const Slip& slip :
       {Slip{"", "component", "components"}, Slip{"/package", "verison", "version"},
        Slip{"/components/0", "security-version", "security_version"},
        Slip{"/components/0", "chunksize", "chunk_size"},
        Slip{"/components/0", "require", "requires"},
        Slip{"/components/1/requires/0", "min_version", "min_security_version"},
        Slip{"/compatible/0", "modle", "model"}, Slip{"/compatible/0/hardware", "mim", "min"}}) {
    json value = sample();
    value[json::json_pointer(slip.parent)][slip.member] = 1;
    const auto recipe = load(value.dump(1));
    CAPTURE(slip.member);
    REQUIRE_FALSE(recipe.ok());
    CHECK(recipe.error().code == ErrorCode::usage);
    CHECK(recipe.error().hint == "did you mean \"" + std::string(slip.meant) + "\"?");
    CHECK(recipe.error().what.find("recipe.json:") != std::string::npos);
  }
  json value = sample();
  value["components"][0]["qqqqqqqqqqqqqqq"] = 1;
  CHECK(load(value.dump()).error().hint.find("\"metrology\"") != std::string::npos);
}

TEST_CASE("recipe: errors stand at line and column") {
  const auto recipe =
      load("{\"recipe\": 1,\n \"package\": {\"id\": \"x\",\n  \"verison\": \"1\"}}");
  REQUIRE_FALSE(recipe.ok());
  CHECK(recipe.error().what.find("recipe.json") != std::string::npos);
  json value = sample();
  value["components"][1]["chunk_size"] = 5000;
  const auto bad = load(value.dump(1));
  CHECK(bad.error().what.find(": components[1].chunk_size") != std::string::npos);
}

TEST_CASE("recipe: each value out of range is refused") {
  struct Violation {
    const char* pointer;
    json value;
  };
  const std::vector<Violation> violations = {
      {"/recipe", 2},
      {"/recipe", "1"},
      {"/package/id", "Bad"},
      {"/package/version", ""},
      {"/package/stage", "production"},
      {"/package/kind", "update"},
      {"/compatible", json::array()},
      {"/compatible/0/model", ""},
      {"/compatible/0/hardware", json{{"min", 1}}},
      {"/compatible/0/serials", json::array({"A", "A"})},
      {"/components", json::array()},
      {"/components/1/id", "rootfs"},
      {"/components/0/file", ""},
      {"/components/0/security_version", -1},
      {"/components/0/security_version", 1.0},
      {"/components/0/security_version", 2147483648U},
      {"/components/0/format", "hex"},
      {"/components/0/hex_fill", 0},  // a binary has none
      {"/components/1/hex_fill", 256},
      {"/components/1/hex_range", json{{"start", 5}, {"end", 5}}},
      {"/components/1/hex_range", json{{"start", "5x"}, {"end", 6}}},
      {"/components/1/hex_range", json{{"start", 0}, {"end", 4294967297}}},
      {"/components/0/encoding", "zstd"},
      {"/components/0/chunk_size", 4097},
      {"/components/0/load_address", "eight"},
      {"/components/1/requires/1", json{{"id", "rootfs"}, {"min_security_version", 1}}},
      {"/components/0/preserve", json::array({{{"offset", 0}, {"size", 0}}})},
      {"/components/0/preserve",
       json::array({{{"offset", 0}, {"size", 9}}, {{"offset", 8}, {"size", 1}}})},
      {"/components/0/metrology", "yes"},
      {"/sbom", json::array({{{"name", "x"}, {"format", "X"}, {"file", "f"}}})},
      {"/critical", json::array({"no_such_member"})},
      {"/critical", json::array({"requires", "requires"})},
  };
  REQUIRE(load(sample().dump()).ok());
  for (const Violation& violation : violations) {
    json value = sample();
    value[json::json_pointer(violation.pointer)] = violation.value;
    CAPTURE(violation.pointer, violation.value.dump());
    const auto recipe = load(value.dump());
    REQUIRE_FALSE(recipe.ok());
    CHECK(recipe.error().code == ErrorCode::usage);
  }
}

TEST_CASE("recipe: missing members and files are refused") {
  for (const char* pointer : {"/recipe", "/package", "/compatible", "/components"}) {
    json value = sample();
    value.erase(std::string(pointer).substr(1));
    CHECK(load(value.dump()).error().why == "is missing");
  }
  CHECK(load_recipe("/nonexistent/recipe.json").error().code == ErrorCode::io);
  CHECK(load("[]").error().why == "must be an object");
}

TEST_CASE("recipe: the default chunk size grows past 1 MiB") {
  CHECK(default_chunk_size(1) == 4096);
  CHECK(default_chunk_size(1048576) == 4096);
  CHECK(default_chunk_size(1048577) == 65536);
}

TEST_CASE("recipe: endings decide about Intel HEX unless the recipe does") {
  RecipeComponent component;
  component.file = "a.HEX";
  CHECK(is_intel_hex(component));
  component.file = "a.ihex";
  CHECK(is_intel_hex(component));
  component.file = "hex";
  CHECK_FALSE(is_intel_hex(component));
  component.format = InputFormat::intel_hex;
  CHECK(is_intel_hex(component));
}

}  // namespace
