// A PKCS#11 module that passes everything to SoftHSM, except what its control block says.
#include "shim.hpp"

#include <dlfcn.h>

#include <array>
#include <cstring>

#include "forgive_leaks.hpp"

namespace {

ShimControl g_control;
CK_FUNCTION_LIST* g_real = nullptr;
CK_FUNCTION_LIST g_list;

CK_RV get_token_info(CK_SLOT_ID slot, CK_TOKEN_INFO* info) {
  if (g_control.token_info_answer != CKR_OK) {
    return g_control.token_info_answer;
  }
  const CK_RV rv = g_real->C_GetTokenInfo(slot, info);
  info->flags |= g_control.add_token_flags;
  return rv;
}

CK_RV login(CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR* pin, CK_ULONG size) {
  g_control.null_pin = pin == nullptr && size == 0;
  if (user == CKU_CONTEXT_SPECIFIC) {
    ++g_control.context_logins;
    return g_control.context_login_answer != CKR_OK ? g_control.context_login_answer
                                                    : g_real->C_Login(session, user, pin, size);
  }
  ++g_control.logins;
  if (g_control.login_answer != CKR_OK) {
    return g_control.login_answer;
  }
  if (g_control.null_pin) {  // the device's keypad: the right PIN is typed
    std::array<CK_UTF8CHAR, 6> typed = {'1', '2', '3', '4', '5', '6'};
    return g_real->C_Login(session, user, typed.data(), typed.size());
  }
  return g_real->C_Login(session, user, pin, size);
}

CK_RV logout(CK_SESSION_HANDLE session) {
  ++g_control.logouts;
  return g_real->C_Logout(session);
}

CK_RV sign_init(CK_SESSION_HANDLE session, CK_MECHANISM* mechanism, CK_OBJECT_HANDLE key) {
  g_control.last_mechanism = mechanism->mechanism;
  const ForgiveLeaks forgive(mechanism->mechanism == CKM_EDDSA);
  return g_real->C_SignInit(session, mechanism, key);
}

// n - s for the P-256 signature r‖s, when s is in the lower half.
void raise_s(CK_BYTE* signature) {
  static const CK_BYTE order[32] = {0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x00,
                                    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
                                    0xBC, 0xE6, 0xFA, 0xAD, 0xA7, 0x17, 0x9E, 0x84,
                                    0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x51};
  if (signature[32] >= 0x80) {
    return;
  }
  unsigned borrow = 0;
  for (int i = 31; i >= 0; --i) {
    const unsigned value = 0x100u + order[i] - signature[32 + i] - borrow;
    signature[32 + i] = static_cast<CK_BYTE>(value & 0xFFu);
    borrow = value < 0x100u ? 1 : 0;
  }
}

CK_RV sign(CK_SESSION_HANDLE session, CK_BYTE* data, CK_ULONG size, CK_BYTE* signature,
           CK_ULONG* signature_size) {
  g_control.last_data_size = size;
  const CK_RV rv = g_real->C_Sign(session, data, size, signature, signature_size);
  if (g_control.sign_answer != CKR_OK || rv != CKR_OK) {
    return g_control.sign_answer != CKR_OK ? g_control.sign_answer : rv;
  }
  if (g_control.flip_signature_bit) {
    signature[*signature_size - 1] ^= 1;
  }
  if (g_control.shorten_signature) {
    --*signature_size;
  }
  if (g_control.raise_s && *signature_size == 64) {
    raise_s(signature);
  }
  return rv;
}

CK_RV generate(CK_SESSION_HANDLE session, CK_MECHANISM* mechanism, CK_ATTRIBUTE* public_template,
               CK_ULONG public_count, CK_ATTRIBUTE* private_template, CK_ULONG private_count,
               CK_OBJECT_HANDLE* public_key, CK_OBJECT_HANDLE* private_key) {
  return g_control.generate_answer != CKR_OK
             ? g_control.generate_answer
             : g_real->C_GenerateKeyPair(session, mechanism, public_template, public_count,
                                         private_template, private_count, public_key, private_key);
}

}  // namespace

extern "C" {

__attribute__((visibility("default"))) ShimControl* shim_control() {
  return &g_control;
}

__attribute__((visibility("default"))) CK_RV C_GetFunctionList(CK_FUNCTION_LIST** list) {
  if (g_real == nullptr) {
    void* library = dlopen(SOFTHSM2_MODULE, RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
      return CKR_GENERAL_ERROR;
    }
    auto get = reinterpret_cast<CK_C_GetFunctionList>(dlsym(library, "C_GetFunctionList"));
    if (get == nullptr || get(&g_real) != CKR_OK) {
      return CKR_GENERAL_ERROR;
    }
    g_list = *g_real;
    g_list.C_GetFunctionList = C_GetFunctionList;
    g_list.C_GetTokenInfo = get_token_info;
    g_list.C_Login = login;
    g_list.C_Logout = logout;
    g_list.C_SignInit = sign_init;
    g_list.C_Sign = sign;
    g_list.C_GenerateKeyPair = generate;
  }
  *list = &g_list;
  return CKR_OK;
}
}
