// How the tests drive the shim module.
#pragma once

#include <p11-kit/pkcs11.h>

struct ShimControl {
  CK_FLAGS add_token_flags = 0;  // set in every answer of C_GetTokenInfo
  CK_RV token_info_answer = CKR_OK;
  CK_RV login_answer = CKR_OK;  // other than CKR_OK: the answer, without asking SoftHSM
  CK_RV context_login_answer = CKR_OK;
  CK_RV sign_answer = CKR_OK;
  CK_RV generate_answer = CKR_OK;
  bool flip_signature_bit = false;
  bool shorten_signature = false;
  bool raise_s = false;  // s becomes n - s where that is the higher one (P-256)
  unsigned logins = 0;   // calls of C_Login, whatever their answer
  unsigned context_logins = 0;
  unsigned logouts = 0;
  bool null_pin = false;  // the last C_Login had no PIN
  CK_MECHANISM_TYPE last_mechanism = 0;
  CK_ULONG last_data_size = 0;
};
