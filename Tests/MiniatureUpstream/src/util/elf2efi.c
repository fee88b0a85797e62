/* Puts the head of a program for UEFI before an ELF file. */
#include <stdio.h>
#include <stdlib.h>

int main ( int argc, char **argv ) {
	static unsigned char head[0x58] = { 'M', 'Z', [0x3c] = 0x40, [0x40] = 'P', 'E' };
	if ( argc != 4 ) return 1;
	FILE *in = fopen ( argv[2], "rb" ), *out = fopen ( argv[3], "wb" );
	unsigned char *bytes = malloc ( 1 << 20 );
	if ( ! in || ! out || ! bytes ) { perror ( argv[0] ); return 1; }
	size_t length = fread ( bytes, 1, 1 << 20, in );
	if ( length < 20 ) return 1;
	/* EM_X86_64 is 62, all else is 32 bits. */
	unsigned int machine = ( bytes[18] == 62 ) ? 0x8664 : 0x14c;
	head[0x44] = ( machine & 0xff );
	head[0x45] = ( machine >> 8 );
	fwrite ( head, 1, sizeof ( head ), out );
	fprintf ( out, "%s", argv[1] );
	fwrite ( bytes, 1, length, out );
	return fclose ( out ) ? 1 : 0;
}
