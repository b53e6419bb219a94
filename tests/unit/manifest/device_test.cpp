#include "evseal/manifest/device.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "certificates.hpp"
#include "fixtures.hpp"
#include "verifier.hpp"

namespace {

using namespace evseal;
using namespace evseal::manifest;
using namespace evseal::manifest::testing;
using nlohmann::json;

Result<Profile> load(const json& value) {
  return load_profile(certificates().write("device.json", value.dump(1)));
}

json with(const char* pointer, json value) {
  json out = sample_profile();
  out[json::json_pointer(pointer)] = std::move(value);
  return out;
}

Bytes openssl_output(const std::string& command) {
  const CommandResult result = run("cd " + certificates().path().string() + " && " + command);
  REQUIRE(result.ok);
  const ByteView octets = as_bytes(result.output);
  return Bytes(octets.begin(), octets.end());
}

TEST_CASE("device: the example of the documentation is read") {
  const auto profile = load(sample_profile());
  REQUIRE(profile.ok());
  CHECK(profile->vendor == "acme");
  CHECK(profile->stages == kStageProd);
  CHECK_FALSE(profile->trusted_clock);
  CHECK(profile->time_floor == 1767225600);
  CHECK(profile->limits == kFullDevice);
  REQUIRE(profile->components.size() == 2);
  CHECK(profile->components[0] == DeviceComponent{"rootfs", true, 0});
  CHECK(profile->components[1] == DeviceComponent{"safety", false, 3});
  REQUIRE(profile->trust.roles.size() == 3);
  const Role& firmware = profile->trust.roles[0];
  CHECK(firmware.name == "firmware");
  CHECK(firmware.flags == kRoleCrlRequired);
  CHECK(firmware.max_intermediates == 4);
  CHECK(firmware.scope.models == std::vector<std::string>{"ac22"});
  CHECK(firmware.scope.components.empty());  // all
  CHECK(firmware.scope.stages == kStageProd);
  CHECK(firmware.scope.kinds == kKindFirmware);
  const Role& trust = profile->trust.roles[2];
  CHECK(trust.threshold == 2);
  CHECK(trust.signers.size() == 2);
  CHECK(trust.scope.kinds == kKindTrustUpdate);
  CHECK(profile->trust.firmware == std::vector<std::string>{"firmware", "operator"});
  CHECK(profile->trust.trust_update == std::vector<std::string>{"trust"});
}

TEST_CASE("device: subject and key are those of the certificate, octet for octet") {
  const auto profile = load(sample_profile());
  REQUIRE(profile.ok());
  const Anchor& anchor = profile->trust.roles[0].anchors[0];
  CHECK(anchor.key ==
        openssl_output(
            "openssl x509 -in root.pem -noout -pubkey | openssl pkey -pubin -outform DER"));
  const Bytes certificate = openssl_output("openssl x509 -in root.pem -outform DER");
  const auto in = [&](const Bytes& part) {
    return std::search(certificate.begin(), certificate.end(), part.begin(), part.end()) !=
           certificate.end();
  };
  CHECK(in(anchor.subject));
  CHECK(in(anchor.key));
  CHECK(as_text(anchor.subject).find("Acme ÄG") != std::string_view::npos);
  const Bytes officer = openssl_output(
      "openssl x509 -in officer-a.pem -noout -pubkey | openssl pkey -pubin -outform DER");
  CHECK(profile->trust.roles[2].signers[0] == sha256(officer));
}

TEST_CASE("device: options and presets") {
  json value = sample_profile();
  value["limits"] = {{"size", "small"}};
  CHECK(load(value)->limits == kSmallDevice);
  value["limits"] = {{"size", "small"}, {"chunk_bytes", 8192}, {"security_version_jump", 5}};
  CHECK(load(value)->limits == DeviceLimits{8192, 8192, 8, 5});
  value.erase("limits");
  value.erase("time_floor");
  value["clock"] = "trusted";
  value["stages"] = {"dev", "prod"};
  value["roles"]["firmware"] = json::parse(R"({"anchors":["rsa.pem","officer-a.pem"],"pkcs1":true,
    "policies":"waived","purpose":"waived","max_intermediates":1,
    "allow":{"models":"*","stages":["pilot"],"kinds":"*","components":["rootfs"]}})");
  const auto profile = load(value);
  REQUIRE(profile.ok());
  CHECK(profile->limits == kFullDevice);
  CHECK(profile->time_floor == 0);
  CHECK(profile->trusted_clock);
  CHECK(profile->stages == (kStageDev | kStageProd));
  const Role& role = profile->trust.roles[0];
  CHECK(role.anchors.size() == 2);
  CHECK(role.flags == (kRolePkcs1 | kRolePoliciesWaived | kRolePurposeWaived));
  CHECK(role.max_intermediates == 1);
  CHECK(role.scope == Scope{kStagePilot, kKindFirmware | kKindTrustUpdate, {}, {"rootfs"}});
}

TEST_CASE("device: what breaks the rules is refused") {
  struct Violation {
    const char* pointer;
    json value;
  };
  const std::vector<Violation> violations = {
      {"/device", 2},
      {"/vendor", "Acme"},
      {"/stages", json::array()},
      {"/stages", json::array({"prod", "prod"})},
      {"/stages", json::array({"production"})},
      {"/stages", "*"},
      {"/clock", "yes"},
      {"/time_floor", "1969-12-31T23:59:59Z"},
      {"/time_floor", "yesterday"},
      {"/limits/envelope_bytes", 1023},
      {"/limits/envelope_bytes", 65537},
      {"/limits/chunk_bytes", 5000},
      {"/limits/components", 0},
      {"/limits/components", 33},
      {"/limits/security_version_jump", 0},
      {"/limits/size", "tiny"},
      {"/components", json::array()},
      {"/components/0", "Root"},
      {"/components/0", 5},
      {"/components/0", "safety"},  // twice
      {"/components/1/security_version", 2147483648U},
      {"/roles", json::object()},
      {"/roles/firmware/anchors", json::array()},
      {"/roles/firmware/threshold", 0},
      {"/roles/firmware/threshold", 5},
      {"/roles/firmware/threshold", 2},  // without signers
      {"/roles/trust/threshold", 3},     // more than signers
      {"/roles/trust/signers", json::array({"officer-a.pem", "officer-a.pem"})},
      {"/roles/firmware/max_intermediates", 5},
      {"/roles/firmware/crl", "never"},
      {"/roles/firmware/allow/models", json::array()},
      {"/roles/firmware/allow/models", json::array({"*", "ac22"})},
      {"/roles/firmware/allow/stages", json::array()},
      {"/roles/firmware/allow/kinds", json::array({"software"})},
      {"/roles/Bad", json{{"anchors", json::array({"root.pem"})}}},
      {"/require/firmware", json::array()},
      {"/require/firmware", json::array({"firmware", "firmware"})},
      {"/require/firmware", json::array({"firmwere"})},
      {"/require/trust-update", json::array({"nobody"})},
  };
  for (const Violation& violation : violations) {
    CAPTURE(violation.pointer, violation.value.dump());
    const auto profile = load(with(violation.pointer, violation.value));
    REQUIRE_FALSE(profile.ok());
    CHECK(profile.error().code == ErrorCode::usage);
    CHECK(profile.error().what.find("device.json:") != std::string::npos);
  }
}

TEST_CASE("device: more signatures than a package can have are never required") {
  json value = sample_profile();
  value["roles"]["trust"]["allow"] = {{"kinds", "*"}};
  value["roles"]["operator"] = value["roles"]["trust"];
  value["roles"]["firmware"] = value["roles"]["trust"];
  CHECK(load(value).ok());  // 2 and 2
  value["roles"]["third"] = value["roles"]["trust"];
  value["require"]["firmware"].push_back("third");
  CHECK(load(value).error().why.find("more than the 4") != std::string::npos);
}

TEST_CASE("device: a role may sign what it is required for, and nothing else unless it says so") {
  json value = sample_profile();
  const auto kinds = [&](const char* role) {
    const Profile profile = load(value).value();
    for (const Role& one : profile.trust.roles) {
      if (one.name == role) {
        return one.scope.kinds;
      }
    }
    return 0U;
  };
  CHECK(kinds("firmware") == kKindFirmware);
  CHECK(kinds("trust") == kKindTrustUpdate);
  value["roles"]["spare"] = {{"anchors", {"root.pem"}}};
  CHECK(kinds("spare") == kKindFirmware);
  value["require"]["trust-update"] = {"trust", "operator"};
  CHECK(kinds("operator") == (kKindFirmware | kKindTrustUpdate));
  value["roles"]["operator"]["allow"] = {{"kinds", {"firmware"}}};
  CHECK(load(value).error().why.find("may not sign it") != std::string::npos);
}

TEST_CASE("device: misspelt names come with the nearest") {
  const auto hint = [](const char* pointer, json value) {
    const auto profile = load(with(pointer, std::move(value)));
    return profile ? "good" : profile.error().hint;
  };
  CHECK(hint("/limit", 1) == "did you mean \"limits\"?");
  CHECK(hint("/limits/envelope", 1).find("envelope_bytes") != std::string::npos);
  CHECK(hint("/roles/firmware/treshold", 1) == "did you mean \"threshold\"?");
  CHECK(hint("/roles/firmware/allow/model", 1) == "did you mean \"models\"?");
  CHECK(hint("/require/trust_update", 1) == "did you mean \"trust-update\"?");
  CHECK(hint("/require/firmware", json::array({"firmwere"})) == "did you mean \"firmware\"?");
  CHECK(hint("/stages", json::array({"prd"})) == "did you mean \"prod\"?");
}

TEST_CASE("device: files that are not one usable certificate are refused with their place") {
  const TemporaryFolder& folder = certificates();
  (void)run("cd " + folder.path().string() +
            " && cat root.pem operator.pem > chain.pem && openssl x509 -in root.pem " +
            "-outform DER -out root.der && head -c 300 root.der > short.der");
  make_certificate(folder, "weak", "rsa:1024", "/CN=Weak");
  make_certificate(folder, "curve", "ec -pkeyopt ec_paramgen_curve:P-521", "/CN=P-521");
  for (const char* name : {"chain.pem", "short.der", "root.key", "weak.pem", "curve.pem"}) {
    CAPTURE(name);
    const auto profile = load(with("/roles/firmware/anchors", json::array({name})));
    REQUIRE_FALSE(profile.ok());
    CHECK(profile.error().code == ErrorCode::malformed);
    CHECK(profile.error().hint.find("roles.firmware.anchors[0]") != std::string::npos);
  }
  CHECK(load(with("/roles/firmware/anchors", json::array({"none.pem"}))).error().code ==
        ErrorCode::io);
  const auto der = load(with("/roles/firmware/anchors", json::array({"root.der"})));
  REQUIRE(der.ok());
  CHECK(*der == *load(sample_profile()));
}

TEST_CASE("device: the blob is read back the same") {
  const auto profile = load(sample_profile());
  const auto blob = encode_profile(*profile);
  REQUIRE(blob.ok());
  CHECK(to_hex(ByteView(*blob).first(8)) == "89455644310d0a1a");
  CHECK(verifier_on_profile(*blob).value_or("ok") == "ok");
  const auto decoded = decode_profile(*blob);
  REQUIRE(decoded.ok());
  CHECK(*decoded == *profile);
  const TemporaryFolder folder;
  CHECK(load_profile_blob(folder.write("d.evd", *blob)).value() == *blob);
  CHECK(load_profile_blob(certificates().write("device.json", sample_profile().dump())).value() ==
        *blob);
}

TEST_CASE("device: OpenSSL reads the DER in the blob") {
  const auto blob = encode_profile(*load(sample_profile())).value();
  const TemporaryFolder folder;
  const Bytes der(blob.begin() + 12, blob.end() - 32);
  const CommandResult dump =
      run("openssl asn1parse -inform DER -in " + folder.write("p.der", der).string());
  REQUIRE(dump.ok);
  CHECK(dump.output.find("UTF8STRING        :acme") != std::string::npos);
  CHECK(dump.output.find("UTF8STRING        :ac22") != std::string::npos);
  CHECK(dump.output.find("UTF8STRING        :rootfs") != std::string::npos);
  CHECK(dump.output.find("INTEGER           :4000") != std::string::npos);      // 16384
  CHECK(dump.output.find("INTEGER           :03E8") != std::string::npos);      // 1000
  CHECK(dump.output.find("INTEGER           :6955B900") != std::string::npos);  // 2026-01-01
  CHECK(dump.output.find("OBJECT            :prime256v1") != std::string::npos);
  CHECK(dump.output.find("Error") == std::string::npos);
}

TEST_CASE("device: a blob cut off, longer or with a flipped bit is refused") {
  const Bytes blob = encode_profile(*load(sample_profile())).value();
  for (std::size_t i = 0; i < blob.size(); ++i) {
    CHECK_FALSE(decode_profile(ByteView(blob).first(i)).ok());
    Bytes flipped = blob;
    flipped[i] ^= static_cast<std::uint8_t>(1U << (i % 8));
    CHECK(decode_profile(flipped).error().status == "profile_damaged");
  }
  Bytes longer = blob;
  longer.push_back(0);
  CHECK_FALSE(decode_profile(longer).ok());
}

TEST_CASE("device: damage under a good checksum never gets through unnoticed") {
  // Each octet of the DER is changed and the checksum made good: what is still read must be written
  // the same again.
  const Bytes blob = encode_profile(*load(sample_profile())).value();
  for (std::size_t i = 12; i < blob.size() - 32; ++i) {
    for (const unsigned change : {1U, 0x80U, 0xFFU}) {
      Bytes changed(blob.begin(), blob.end() - 32);
      changed[i] = static_cast<std::uint8_t>(changed[i] ^ change);
      const Sha256 checksum = sha256(changed);
      changed.insert(changed.end(), checksum.begin(), checksum.end());
      const auto decoded = decode_profile(changed);
      if (decoded) {
        CHECK(encode_profile(*decoded).value() == changed);
      }
      // The verifier also looks inside keys, so it may refuse more, never less.
      CHECK((decoded.ok() || verifier_on_profile(changed).value_or("damaged") != "ok"));
    }
  }
}

TEST_CASE("device: nothing that breaks the format is encoded") {
  const Profile good = *load(sample_profile());
  const auto refuses = [&](auto change) {
    Profile bad = good;
    change(bad);
    const auto blob = encode_profile(bad);
    return !blob.ok() && blob.error().status == "profile_damaged";
  };
  CHECK(refuses([](Profile& p) { p.vendor = ""; }));
  CHECK(refuses([](Profile& p) { p.stages = 8; }));
  CHECK(refuses([](Profile& p) { p.time_floor = -1; }));
  CHECK(refuses([](Profile& p) { p.time_floor = kMaxTime + 1; }));
  CHECK(refuses([](Profile& p) { p.components.clear(); }));
  CHECK(refuses([](Profile& p) { p.components.assign(33, {"a", true, 0}); }));
  CHECK(refuses([](Profile& p) { p.trust.roles.clear(); }));
  CHECK(refuses([](Profile& p) { p.trust.roles[1].name = p.trust.roles[0].name; }));
  CHECK(refuses([](Profile& p) { p.trust.firmware.clear(); }));
  CHECK(refuses([](Profile& p) { p.trust.roles[2].signers.clear(); }));
  CHECK(refuses([](Profile& p) { p.trust.roles[0].anchors[0].subject = {0x30, 0x00}; }));
  CHECK(refuses([](Profile& p) { p.trust.roles[0].anchors[0].key.push_back(0); }));
  CHECK(refuses([](Profile& p) { p.trust.roles[0].scope.kinds = 0; }));
  CHECK(refuses([](Profile& p) { p.trust.roles[0].flags = 16; }));
}

TEST_CASE("device: the JSON for display holds everything") {
  const json shown = profile_to_json(*load(sample_profile()));
  CHECK(shown["stages"] == json::array({"prod"}));
  CHECK(shown["components"][1]["needed"] == false);
  CHECK(shown["roles"]["firmware"]["crl"] == "required");
  CHECK(shown["roles"]["firmware"]["allow"]["components"] == json::array({"*"}));
  CHECK(shown["roles"]["trust"]["signers"].size() == 2);
  CHECK(shown["require"]["trust-update"] == json::array({"trust"}));
  CHECK(shown["limits"]["security_version_jump"] == 1000);
}

TEST_CASE("device: the C header compiles and holds the blob") {
  const Bytes blob = encode_profile(*load(sample_profile())).value();
  const auto header = profile_c_header(blob, "ac22_profile");
  REQUIRE(header.ok());
  const TemporaryFolder folder;
  folder.write("profile.h", *header);
  const fs::path source = folder.write(
      "main.c",
      "#include <stdio.h>\n#include \"profile.h\"\n#include \"profile.h\"\nint main(void) { return "
      "fwrite(ac22_profile, 1, ac22_profile_len, stdout) == sizeof ac22_profile ? 0 : 1; }\n");
  const std::string program = (folder.path() / "main").string();
  REQUIRE(
      run("cc -std=c11 -Wall -Wextra -Wconversion -Werror -o " + program + " " + source.string())
          .ok);
  const CommandResult printed = run(program);
  REQUIRE(printed.ok);
  CHECK(printed.output == as_text(blob));
  CHECK_FALSE(profile_c_header(blob, "9lives").ok());
  CHECK_FALSE(profile_c_header(blob, "a b").ok());
  CHECK_FALSE(profile_c_header(Bytes(10), "name").ok());
}

}  // namespace
