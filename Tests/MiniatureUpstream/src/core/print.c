#include "loader.h"
void print ( const char *text ) {
	volatile unsigned short *screen = ( volatile unsigned short * ) 0xb8000;
	unsigned int index;
#ifdef DBGLVL_MAX
	*screen++ = 0x0700 | ( '0' + DBGLVL_MAX );
#endif
	for ( index = 0 ; index < length ( text ) ; index++ )
		screen[index] = ( 0x0700 | text[index] );
}
