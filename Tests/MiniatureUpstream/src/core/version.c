#include "loader.h"
#include <config/general.h>
const char version[] __attribute__ (( section ( ".text.version" ) )) = VERSION " " BUILD_NAME;
extern void _start ( void );
void ( * const entry ) ( void ) = _start;
REQUIRE ( start );
#ifdef SECURE
REQUIRE ( tls );
#endif
