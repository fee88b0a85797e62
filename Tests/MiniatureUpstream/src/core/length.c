#include "loader.h"
unsigned int length ( const char *text ) {
	unsigned int count = 0;
	while ( text[count] ) count++;
	return count;
}
