#include "loader.h"
const unsigned int undionly[] __attribute__ (( used, section ( ".required.nic" ) )) = { 0x5144 };
