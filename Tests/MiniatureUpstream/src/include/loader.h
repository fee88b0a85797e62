#ifndef LOADER_H
#define LOADER_H
#define QUOTE_( x ) #x
#define QUOTE( x ) QUOTE_ ( x )
/* Every object defines a symbol that others can require. */
#define PROVIDE_( name ) char obj_##name
#define PROVIDE( name ) PROVIDE_ ( name )
#define REQUIRE( name ) extern char obj_##name; \
	void *require_##name __attribute__ (( used, section ( ".required" ) )) = &obj_##name
PROVIDE ( OBJECT );
struct image { const char *name; const char *start; const char *end; };
void print ( const char *text );
unsigned int length ( const char *text );
extern const struct image images[];
extern const unsigned int trusted[], certificates[], private_key[];
extern const char version[];
#endif
