#include "loader.h"
#undef EMBED
#define EMBED( count, path, name ) \
	extern const char start_image[], end_image[]; \
	__asm__ ( ".section .rodata\nstart_image: .incbin \"" path "\"\nend_image:\n.previous" );
EMBED_ALL
#undef EMBED
#define EMBED( count, path, name ) { name, start_image, end_image },
const struct image images[] = { EMBED_ALL { 0, 0, 0 } };
