#include "loader.h"
static volatile unsigned long sink;
void _start ( void ) {
	const struct image *image;
	print ( version );
	for ( image = images ; image->name ; image++ )
		print ( image->name );
	sink = trusted[0] + certificates[0] + private_key[0];
}
