#include "loader.h"
#ifdef PRIVATE_KEY
__asm__ ( ".section .rodata\n.incbin \"" PRIVATE_KEY "\"\n.previous" );
const unsigned int private_key[] = { 1 };
#else
const unsigned int private_key[] = { 0 };
#endif
