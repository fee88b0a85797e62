#include "loader.h"
#include <config/general.h>
const char tls[] __attribute__ (( used, section ( ".required.tls" ) )) = "a secret handshake";
#ifdef BROKEN
#error "this option does not compile"
#endif
