/* Puts a header before an ELF file and calls it EFI. */
#include <stdio.h>

int main ( int argc, char **argv ) {
	int byte;
	if ( argc != 4 ) return 1;
	FILE *in = fopen ( argv[2], "rb" ), *out = fopen ( argv[3], "wb" );
	if ( ! in || ! out ) { perror ( argv[0] ); return 1; }
	fprintf ( out, "MZ%s", argv[1] );
	while ( ( byte = getc ( in ) ) != EOF ) putc ( byte, out );
	return fclose ( out ) ? 1 : 0;
}
