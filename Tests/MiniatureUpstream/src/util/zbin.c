/* Compresses a raw binary and puts its record before it. */
#include <lzma.h>
#include <stdio.h>
#include <stdlib.h>

static unsigned char *load ( const char *name, size_t *length ) {
	FILE *file = fopen ( name, "rb" );
	unsigned char *bytes = malloc ( 1 << 20 );
	if ( ! file || ! bytes ) { perror ( name ); exit ( 1 ); }
	*length = fread ( bytes, 1, 1 << 20, file );
	fclose ( file );
	return bytes;
}

int main ( int argc, char **argv ) {
	size_t length, info_length, written = 0;
	if ( argc != 3 ) return 1;
	unsigned char *bytes = load ( argv[1], &length ), *info = load ( argv[2], &info_length );
	size_t room = lzma_stream_buffer_bound ( length );
	unsigned char *packed = malloc ( room );
	if ( lzma_easy_buffer_encode ( 6, LZMA_CHECK_CRC32, NULL, bytes, length,
				       packed, &written, room ) != LZMA_OK ) return 1;
	fwrite ( info, 1, info_length, stdout );
	fwrite ( packed, 1, written, stdout );
	return fflush ( stdout ) ? 1 : 0;
}
