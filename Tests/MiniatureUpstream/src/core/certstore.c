#include "loader.h"
#define CERT( count, path ) \
	__asm__ ( ".section .rodata\n.incbin \"" path "\"\n.previous" );
CERT_ALL
#undef CERT
#define CERT( count, path ) count,
const unsigned int certificates[] = { CERT_ALL 0 };
