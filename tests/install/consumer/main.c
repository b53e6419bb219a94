/* Judges `PROFILE STATE PACKAGE` by the library as installed, with one backend, and prints the
 * status. */
#include <evseal/verify.h>
#include <stdio.h>

static uint8_t profile[65536];
static uint8_t state[65536];
static uint8_t workspace[EVSEAL_WORKSPACE_SIZE(EVSEAL_MAX_ENVELOPE, EVSEAL_MAX_CHUNK, 1)];

static evseal_span read_file(const char* path, uint8_t* out, size_t size) {
  evseal_span octets = {out, 0};
  FILE* file = fopen(path, "rb");
  if (file != NULL) {
    octets.len = fread(out, 1, size, file);
    (void)fclose(file);
  }
  return octets;
}

int main(int argc, char** argv) {
  static evseal_verify_ctx context;
  static evseal_report report;
  evseal_verify_config config = {.crypto = &BACKEND};
  uint8_t piece[4096];
  if (argc != 4) {
    return 2;
  }
  config.profile = read_file(argv[1], profile, sizeof profile);
  config.state = read_file(argv[2], state, sizeof state);
  config.unit.hardware_known = true;
  config.unit.hardware = 3;
  config.workspace = workspace;
  config.workspace_len = sizeof workspace;
  evseal_status status = evseal_verify_init(&context, &config);
  FILE* package = fopen(argv[3], "rb");
  size_t len = package == NULL ? 0 : fread(piece, 1, sizeof piece, package);
  while (status == EVSEAL_PENDING && len > 0) {
    status = evseal_verify_push(&context, piece, len);
    len = fread(piece, 1, sizeof piece, package);
  }
  if (package != NULL) {
    status = evseal_verify_finish(&context, &report);
    (void)fclose(package);
  }
  (void)puts(evseal_status_name(status));
  return status == EVSEAL_OK ? 0 : 1;
}
