#include "work.hpp"

namespace evseal::test {
namespace {

Work the_work;
const evseal_crypto* the_backend = nullptr;

void count_hashed(const evseal_span* pieces, std::size_t num_pieces) {
  for (std::size_t i = 0; i < num_pieces; i++) {
    the_work.hashed += pieces[i].len;
  }
}

evseal_status sha256(std::uint8_t* out, const evseal_span* pieces, std::size_t num_pieces) {
  count_hashed(pieces, num_pieces);
  return the_backend->sha256(out, pieces, num_pieces);
}

evseal_status sha384(std::uint8_t* out, const evseal_span* pieces, std::size_t num_pieces) {
  count_hashed(pieces, num_pieces);
  return the_backend->sha384(out, pieces, num_pieces);
}

evseal_status sha512(std::uint8_t* out, const evseal_span* pieces, std::size_t num_pieces) {
  count_hashed(pieces, num_pieces);
  return the_backend->sha512(out, pieces, num_pieces);
}

evseal_status p256(const std::uint8_t* point, const std::uint8_t* rs, evseal_span digest) {
  the_work.operations++;
  return the_backend->ecdsa_p256(point, rs, digest);
}

evseal_status p384(const std::uint8_t* point, const std::uint8_t* rs, evseal_span digest) {
  the_work.operations++;
  return the_backend->ecdsa_p384(point, rs, digest);
}

evseal_status pss(const evseal_rsa_key* key, evseal_hash hash, evseal_hash mgf_hash,
                  std::size_t salt_len, evseal_span digest, evseal_span signature) {
  the_work.operations++;
  return the_backend->rsa_pss(key, hash, mgf_hash, salt_len, digest, signature);
}

evseal_status pkcs1(const evseal_rsa_key* key, evseal_hash hash, evseal_span digest,
                    evseal_span signature) {
  the_work.operations++;
  return the_backend->rsa_pkcs1(key, hash, digest, signature);
}

evseal_status ed25519(const std::uint8_t* key, const std::uint8_t* signature, evseal_span message) {
  the_work.operations++;
  return the_backend->ed25519(key, signature, message);
}

}  // namespace

const Work& work() {
  return the_work;
}

void reset_work() {
  the_work = {};
}

evseal_crypto counting(const evseal_crypto& backend) {
  the_backend = &backend;
  evseal_crypto out = backend;
  out.sha256 = sha256;
  out.sha384 = backend.sha384 == nullptr ? nullptr : sha384;
  out.sha512 = backend.sha512 == nullptr ? nullptr : sha512;
  out.ecdsa_p256 = backend.ecdsa_p256 == nullptr ? nullptr : p256;
  out.ecdsa_p384 = backend.ecdsa_p384 == nullptr ? nullptr : p384;
  out.rsa_pss = backend.rsa_pss == nullptr ? nullptr : pss;
  out.rsa_pkcs1 = backend.rsa_pkcs1 == nullptr ? nullptr : pkcs1;
  out.ed25519 = backend.ed25519 == nullptr ? nullptr : ed25519;
  return out;
}

}  // namespace evseal::test
