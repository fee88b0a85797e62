#include "loader.h"
const unsigned int unused[] __attribute__ (( used, section ( ".required.unused" ) )) = { 0xdead };
