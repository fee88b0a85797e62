#include "loader.h"
#ifndef TRUSTED
#define TRUSTED 0x1badcafe,
#endif
const unsigned int trusted[] = { TRUSTED 0 };
