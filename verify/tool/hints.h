/* What a person can do about a refusal. */
#ifndef EVSEAL_TOOL_HINTS_H
#define EVSEAL_TOOL_HINTS_H

#include <stddef.h>

#include "evseal/status.h"

/* A sentence, or NULL where nobody at this end can do anything but ask for another package. */
const char* hint_for(evseal_status status);

/* The one of `count` names that a misspelt one is nearest to, or NULL when none is near. */
const char* hint_nearest(const char* text, const char* const* names, size_t count);

#endif
