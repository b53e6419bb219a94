// The manifest's schema without an envelope around it: each bound at its edge, and what is written
// in a way that only octets can say.
#include <evseal/manifest.h>

#include <catch2/catch.hpp>
#include <string>
#include <vector>

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
  CHECK(critical(R"(created","created)") == EVSEAL_MANIFEST_SCHEMA);
  CHECK(critical(R"(format","created)") == EVSEAL_MANIFEST_SCHEMA);
  CHECK(critical(R"(created","format)") == EVSEAL_OK);
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

namespace {

// `count` items, numbered from 10 so that they stand in order, with commas between.
template <typename Write>
std::string items(unsigned count, Write write) {
  std::string out;
  for (unsigned i = 0; i < count; ++i) {
    out += (i == 0 ? "" : ",") + write(std::to_string(10 + i));
  }
  return out;
}

std::string quoted(const std::string& text) {
  return '"' + text + '"';
}

std::string digest_of(const std::string& number) {
  return std::string(64 - number.size(), 'a') + number;
}

// A manifest of the kind of `text`, with this in the place of `compatible`'s content.
evseal_status compatible(const std::string& entries) {
  return parse(with(firmware(), R"([{"model":"ac22","vendor":"acme"}])", entries));
}

evseal_status with_component(const std::string& from, const std::string& to) {
  return parse(with(firmware(), from, to));
}

// Its component with members between `id` and `security_version`.
evseal_status component_with(const std::string& members) {
  return parse(with(firmware(), R"("id":"rootfs")", R"("id":"rootfs",)" + members));
}

// A trust-update with a member between `package` and `trust`.
evseal_status trust_update_with(const std::string& member) {
  return parse(with(trust_update(), R"(,"trust":)", "," + member + R"(,"trust":)"));
}

evseal_status resets(const std::string& members) {
  return trust_update_with(R"("resets":{)" + members + "}");
}

void check_all(evseal_status (*judge)(const std::string&), evseal_status expected,
               const std::vector<std::string>& texts) {
  for (const std::string& text : texts) {
    INFO(text);
    CHECK(judge(text) == expected);
  }
}

}  // namespace

TEST_CASE("manifest: compatible is a list of models, each with its serial numbers") {
  const auto model = [](const std::string& number) {
    return R"({"model":"m)" + number + R"(","vendor":"acme"})";
  };
  check_all(compatible, EVSEAL_OK, {"[" + items(1, model) + "]", "[" + items(32, model) + "]"});
  check_all(
      compatible, EVSEAL_MANIFEST_SCHEMA,
      {"[]", "{}", "1", "[1]", "[[]]", "[" + items(33, model) + "]", R"([{"vendor":"acme"}])",
       R"([{"model":"ac22"}])", R"([{"model":"","vendor":"acme"}])",
       R"([{"model":"ac22","vendor":""}])", R"([{"hardware":1,"model":"ac22","vendor":"acme"}])"});
  CHECK(parse(with(firmware(), R"("compatible":[{"model":"ac22","vendor":"acme"}],)", "")) ==
        EVSEAL_MANIFEST_SCHEMA);
}

TEST_CASE("manifest: serial numbers are printable, in order and not too many") {
  const auto serials = [](const std::string& list) {
    return compatible(R"([{"model":"ac22","serials":)" + list + R"(,"vendor":"acme"}])");
  };
  check_all(serials, EVSEAL_OK,
            {R"(["!"])", R"(["~"])", R"(["0"])", "[" + quoted(std::string(32, 'x')) + "]",
             R"(["A","B"])", "[" + items(64, quoted) + "]"});
  check_all(serials, EVSEAL_MANIFEST_SCHEMA,
            {R"([""])", R"([" "])", R"(["a b"])", "[\"\xC3\xA9\"]", R"(["\\"])", R"(["\""])",
             "[" + quoted(std::string(33, 'x')) + "]", R"(["A","A"])", R"(["B","A"])",
             "[" + items(65, quoted) + "]", "[]", "{}", "1", R"("A")", "[1]", R"([["A"]])"});
}

TEST_CASE("manifest: hardware revisions from one to another") {
  const auto hardware = [](const std::string& range) {
    return with_component(R"("id":"rootfs")", R"("hardware":)" + range + R"(,"id":"rootfs")");
  };
  check_all(hardware, EVSEAL_OK,
            {R"({"max":0,"min":0})", R"({"max":2147483647,"min":2147483647})"});
  check_all(hardware, EVSEAL_MANIFEST_SCHEMA,
            {"{}", "[]", "1", R"({"max":1})", R"({"min":1})", R"({"max":1,"min":2})",
             R"({"max":2147483648,"min":0})"});
}

TEST_CASE("manifest: names, texts and times at their edges") {
  const auto id = [](const std::string& text) {
    return with_component(R"("id":"rootfs")", R"("id":)" + text);
  };
  check_all(id, EVSEAL_OK,
            {R"("a")", R"("z")", R"("0")", R"("9")", R"("a.")", R"("a_")", R"("a-")",
             quoted(std::string(32, 'a'))});
  check_all(id, EVSEAL_MANIFEST_SCHEMA,
            {R"("")", R"(".a")", R"("_a")", R"("-a")", R"("`")", R"("{")", R"("/")", R"(":")",
             R"("A")", R"("a ")", R"("a/")", "1", "true", quoted(std::string(33, 'a'))});
  const auto version = [](const std::string& text) {
    return with_component(R"("version":"1"}],)", R"("version":)" + text + "}],");
  };
  check_all(version, EVSEAL_OK, {R"("x")", R"("\"")", quoted(std::string(64, 'x'))});
  check_all(version, EVSEAL_MANIFEST_SCHEMA, {R"("")", "1", quoted(std::string(65, 'x'))});
  const auto created = [](const std::string& text) {
    return with_component(R"("2026-01-01T00:00:00Z")", text);
  };
  check_all(created, EVSEAL_OK, {R"("1969-12-31T23:59:59Z")", R"("9999-12-31T23:59:59Z")"});
  check_all(
      created, EVSEAL_MANIFEST_SCHEMA,
      {"1", R"("")", R"("2026-01-01T00:00:00")", R"("2026-01-01T00:00:00ZZ")",
       R"("2026-01-01t00:00:00Z")", R"("2026-01-01T00:00:00z")", R"("2026/01/01T00:00:00Z")",
       R"("2026-02-29T00:00:00Z")", R"("2026-01-01T0x:00:00Z")", R"("2026-01-01T00:00:0\"")"});
}

TEST_CASE("manifest: where it comes from, and its bills of materials") {
  const auto source = [](const std::string& object) {
    return parse(
        with(firmware(), R"("version":"1"}})", R"("version":"1"},"source":)" + object + "}"));
  };
  check_all(source, EVSEAL_OK,
            {"{}", R"({"build":"","commit":"","repository":""})",
             R"({"build":)" + quoted(std::string(256, 'x')) + "}"});
  check_all(source, EVSEAL_MANIFEST_SCHEMA,
            {"[]", R"("x")", R"({"build":1})", R"({"commit":1})", R"({"repository":1})",
             R"({"build":)" + quoted(std::string(257, 'x')) + "}"});
  const auto sbom = [](const std::string& list) {
    return parse(with(firmware(), R"("version":"1"}})", R"("version":"1"},"sbom":)" + list + "}"));
  };
  const auto bill = [](const std::string& number) {
    return R"({"format":"cdx","name":")" + number + R"(","sha256":")" + kDigest + R"("})";
  };
  check_all(sbom, EVSEAL_OK, {"[" + items(1, bill) + "]", "[" + items(8, bill) + "]"});
  check_all(sbom, EVSEAL_MANIFEST_SCHEMA,
            {"[]", "{}", "1", "[1]", "[" + items(9, bill) + "]", "[{}]",
             R"([{"name":"x","sha256":")" + kDigest + R"("}])",
             R"([{"format":"cdx","sha256":")" + kDigest + R"("}])",
             R"([{"format":"cdx","name":"x"}])", R"([{"format":"cdx","name":"x","sha256":"00"}])",
             R"([{"format":"cdx","name":"","sha256":")" + kDigest + R"("}])"});
}

TEST_CASE("manifest: crls names issuers in order, and each can be asked for") {
  const auto entry = [](const std::string& number) {
    return R"({"issuer_key":")" + digest_of(number) + R"(","number":)" + number + "}";
  };
  const auto crls = [](const std::string& list) {
    return parse(with_member(firmware(), R"("crls":)" + list));
  };
  check_all(crls, EVSEAL_OK, {"[" + items(1, entry) + "]", "[" + items(8, entry) + "]"});
  check_all(crls, EVSEAL_MANIFEST_SCHEMA,
            {"[]", "{}", "1", "[1]", "[" + items(9, entry) + "]",
             "[" + entry("1") + "," + entry("1") + "]", "[" + entry("2") + "," + entry("1") + "]",
             R"([{"issuer_key":"00","number":1}])"});
  evseal_manifest manifest{};
  const std::string text = with_member(firmware(), R"("crls":[)" + items(2, entry) + "]");
  REQUIRE(evseal_manifest_parse(&manifest, span_of(text)) == EVSEAL_OK);
  std::uint8_t key[32] = {};
  std::uint64_t number = 0;
  for (unsigned i = 0; i < 2; ++i) {
    CHECK(evseal_manifest_crl(key, &number, &manifest, i));
    CHECK(number == 10 + i);
    CHECK(key[31] == 0x10 + i);
  }
  CHECK_FALSE(evseal_manifest_crl(key, &number, &manifest, 2));
}

TEST_CASE("manifest: head and package") {
  const auto judge = [](const std::string& part, const std::string& other) {
    return parse(with(firmware(), part, other));
  };
  CHECK(judge(R"("format_version":1,)", R"("format_version":2,)") == EVSEAL_MANIFEST_VERSION);
  CHECK(judge(R"("format_version":1,)", R"("format_version":0,)") == EVSEAL_MANIFEST_VERSION);
  CHECK(judge(R"("format_version":1,)", "") == EVSEAL_MANIFEST_SCHEMA);
  CHECK(judge("evseal-manifest", "other-manifest") == EVSEAL_MANIFEST_SCHEMA);
  CHECK(judge(R"("kind":"firmware")", R"("kind":"firmwarf")") == EVSEAL_MANIFEST_KIND);
  CHECK(judge(R"("stage":"prod")", R"("stage":"test")") == EVSEAL_MANIFEST_STAGE);
  CHECK(judge(R"("stage":"prod")", R"("stage":"dev")") == EVSEAL_OK);
  CHECK(judge(R"("stage":"prod")", R"("stage":"pilot")") == EVSEAL_OK);
  for (const char* part : {R"("id":"p",)", R"(,"kind":"firmware")", R"(,"stage":"prod")",
                           R"(,"vendor":"acme","version":"1"})"}) {
    INFO(part);
    const bool last = std::string(part).back() == '}';
    CHECK(judge(part, last ? R"(,"version":"1"})" : "") == EVSEAL_MANIFEST_SCHEMA);
  }
  for (const char* list : {"[]", "{}", "1", R"("created")", "[1]"}) {
    INFO(list);
    CHECK(parse(with_member(firmware(), R"("critical":)" + std::string(list))) ==
          EVSEAL_MANIFEST_SCHEMA);
  }
}

TEST_CASE("manifest: a component's sizes, chunks and encoding") {
  const auto sized = [](const std::string& size) {
    return with_component(R"("size":100,"stored_size":100)",
                          R"("size":)" + size + R"(,"stored_size":)" + size);
  };
  // 2^20 chunks of 4,096 octets.
  check_all(sized, EVSEAL_OK, {"1", "4294967296"});
  check_all(sized, EVSEAL_MANIFEST_SCHEMA, {"0", "4294967297", R"("1")"});
  const auto chunk = [](const std::string& size) {
    return with_component(R"("chunk_size":4096)", R"("chunk_size":)" + size);
  };
  check_all(chunk, EVSEAL_OK, {"8192", "1048576"});
  check_all(chunk, EVSEAL_MANIFEST_SCHEMA, {"0", "2048", "4095", "4097", "12288", "2097152"});
  const auto encoding = [](const std::string& word) {
    return with_component(R"("encoding":"none")", R"("encoding":)" + word);
  };
  CHECK(encoding(R"("gzip")") == EVSEAL_OK);
  CHECK(encoding(R"("zstd")") == EVSEAL_MANIFEST_ENCODING);
  CHECK(encoding("1") == EVSEAL_MANIFEST_SCHEMA);
  CHECK(with_component(R"("size":100,"stored_size":100)", R"("size":101,"stored_size":100)") ==
        EVSEAL_MANIFEST_SCHEMA);
  const std::string version = R"("security_version":)";
  CHECK(with_component(version + "1", version + "2147483647") == EVSEAL_OK);
  CHECK(with_component(version + "1", version + "2147483648") == EVSEAL_MANIFEST_SCHEMA);
  for (const char* name : {"sha256", "tree_root"}) {
    const std::string member = quoted(name) + ":" + quoted(kDigest);
    CHECK(with_component(member, quoted(name) + R"(:"00")") == EVSEAL_MANIFEST_SCHEMA);
  }
}

TEST_CASE("manifest: what a component needs, keeps and says of itself") {
  const auto requires_list = [](const std::string& list) {
    return component_with(R"("requires":)" + list);
  };
  const auto need = [](const std::string& number) {
    return R"({"id":"c)" + number + R"(","min_security_version":)" + number + "}";
  };
  check_all(requires_list, EVSEAL_OK, {"[" + items(1, need) + "]", "[" + items(8, need) + "]"});
  check_all(
      requires_list, EVSEAL_MANIFEST_SCHEMA,
      {"[]", "{}", "1", "[1]", "[" + items(9, need) + "]", "[" + need("1") + "," + need("1") + "]",
       "[" + need("2") + "," + need("1") + "]", R"([{"id":"c"}])",
       R"([{"min_security_version":1}])", R"([{"id":"c","min_security_version":2147483648}])"});
  const auto preserve = [](const std::string& list) {
    return component_with(R"("preserve":)" + list);
  };
  const auto range = [](unsigned offset, unsigned size) {
    return R"({"offset":)" + std::to_string(offset) + R"(,"size":)" + std::to_string(size) + "}";
  };
  check_all(preserve, EVSEAL_OK,
            {"[" + range(0, 100) + "]", "[" + range(99, 1) + "]",
             "[" + range(0, 1) + "," + range(1, 1) + "]",
             "[" + range(0, 1) + "," + range(2, 1) + "," + range(4, 1) + "," + range(6, 1) + "]"});
  check_all(preserve, EVSEAL_MANIFEST_SCHEMA,
            {"[]", "{}", "1", "[1]", "[" + range(0, 0) + "]", "[" + range(0, 101) + "]",
             "[" + range(100, 1) + "]", "[" + range(0, 2) + "," + range(1, 1) + "]",
             "[" + range(0, 1) + "," + range(2, 1) + "," + range(4, 1) + "," + range(6, 1) + "," +
                 range(8, 1) + "]",
             R"([{"offset":0}])", R"([{"size":1}])"});
  const auto load = [](const std::string& value) {
    return component_with(R"("load_address":)" + value);
  };
  check_all(load, EVSEAL_OK, {"0", "9007199254740991"});
  check_all(load, EVSEAL_MANIFEST_SCHEMA, {R"("0")", "true"});
  const auto metrology = [](const std::string& value) {
    return component_with(R"("metrology":)" + value);
  };
  check_all(metrology, EVSEAL_OK, {"true", "false"});
  check_all(metrology, EVSEAL_MANIFEST_SCHEMA, {"1", R"("true")"});
}

TEST_CASE("manifest: what is read of a component is what stands there") {
  const std::string text =
      with(firmware(), R"("id":"rootfs")",
           R"("hardware":{"max":3,"min":2},"id":"rootfs","load_address":7,"metrology":true,)"
           R"("preserve":[{"offset":1,"size":2}],"requires":[{"id":"a","min_security_version":4},)"
           R"({"id":"b","min_security_version":5}])");
  evseal_manifest manifest{};
  REQUIRE(evseal_manifest_parse(&manifest, span_of(text)) == EVSEAL_OK);
  evseal_component component{};
  REQUIRE(evseal_manifest_component(&component, &manifest, 0) == EVSEAL_OK);
  CHECK((component.hardware.present && component.hardware.min == 2 && component.hardware.max == 3));
  CHECK((component.has_load_address && component.load_address == 7));
  CHECK(component.metrology);
  CHECK((component.num_preserve == 1 && component.preserve[0].offset == 1));
  CHECK(component.num_chunks == 1);
  evseal_span id{};
  std::uint32_t least = 0;
  for (unsigned i = 0; i < 2; ++i) {
    CHECK(evseal_component_requirement(&id, &least, &component, i));
    CHECK((least == 4 + i && id.len == 1 && id.data[0] == 'a' + i));
  }
  CHECK_FALSE(evseal_component_requirement(&id, &least, &component, 2));
  CHECK(evseal_manifest_component(&component, &manifest, 1) == EVSEAL_MISUSE);
  CHECK(component.id.len == 0);
}

TEST_CASE("manifest: what a trust-update sets anew") {
  const auto slot = [](const std::string& number) {
    return R"({"id":"c)" + number + R"(","security_version":)" + number + "}";
  };
  const auto key = [](const std::string& number) { return quoted(digest_of(number)); };
  const std::string crls = R"("crls":)";
  const std::string slots = R"("security_versions":)";
  check_all(resets, EVSEAL_OK,
            {"", crls + "[" + items(1, key) + "]", crls + "[" + items(16, key) + "]",
             slots + "[" + items(1, slot) + "]", slots + "[" + items(32, slot) + "]",
             R"("time_floor":"1970-01-01T00:00:00Z")"});
  check_all(
      resets, EVSEAL_MANIFEST_SCHEMA,
      {crls + "[]", crls + "{}", crls + "1", crls + "[1]", crls + "[" + items(17, key) + "]",
       crls + "[" + key("1") + "," + key("1") + "]", crls + "[" + key("2") + "," + key("1") + "]",
       slots + "[]", slots + "{}", slots + "[1]", slots + "[" + items(33, slot) + "]",
       slots + "[" + slot("1") + "," + slot("1") + "]",
       slots + "[" + slot("2") + "," + slot("1") + "]", slots + R"([{"id":"c"}])",
       slots + R"([{"security_version":1}])", R"("time_floor":"1969-12-31T23:59:59Z")",
       R"("time_floor":1)"});
  CHECK(trust_update_with(R"("resets":[])") == EVSEAL_MANIFEST_SCHEMA);
  CHECK(trust_update_with(R"("recovery":)" + quoted(kDigest)) == EVSEAL_OK);
  CHECK(trust_update_with(R"("recovery":"00")") == EVSEAL_MANIFEST_SCHEMA);
  CHECK(parse(with(trust_update(), R"("epoch":1)", R"("epoch":2147483647)")) == EVSEAL_OK);
  for (const char* epoch : {"0", "2147483648", R"("1")"}) {
    CHECK(parse(with(trust_update(), R"("epoch":1)", R"("epoch":)" + std::string(epoch))) ==
          EVSEAL_MANIFEST_SCHEMA);
  }
  CHECK(parse(with(trust_update(), R"(,"created")", R"(,"components":[],"created")")) ==
        EVSEAL_MANIFEST_SCHEMA);
  CHECK(parse(with(trust_update(), R"(,"trust":"3000")", "")) == EVSEAL_MANIFEST_SCHEMA);

  evseal_manifest manifest{};
  const std::string text = with(trust_update(), R"(,"trust":)",
                                R"(,"recovery":")" + digest_of("77") + R"(","resets":{)" + crls +
                                    "[" + items(2, key) + "]," + slots + "[" + items(2, slot) +
                                    R"(],"time_floor":"1970-01-01T00:00:09Z"},"trust":)");
  REQUIRE(evseal_manifest_parse(&manifest, span_of(text)) == EVSEAL_OK);
  CHECK((manifest.has_recovery && manifest.recovery[31] == 0x77));
  CHECK((manifest.resets_time_floor && manifest.time_floor == 9));
  evseal_span id{};
  std::uint32_t version = 0;
  std::uint8_t octets[32] = {};
  for (unsigned i = 0; i < 2; ++i) {
    CHECK(evseal_manifest_reset_slot(&id, &version, &manifest, i));
    CHECK((version == 10 + i && id.len == 3));
    CHECK(evseal_manifest_reset_crl(octets, &manifest, i));
    CHECK(octets[31] == 0x10 + i);
  }
  CHECK_FALSE(evseal_manifest_reset_slot(&id, &version, &manifest, 2));
  CHECK_FALSE(evseal_manifest_reset_crl(octets, &manifest, 2));
}
