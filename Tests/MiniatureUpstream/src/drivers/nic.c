#include "loader.h"
const unsigned int nic[] __attribute__ (( used, section ( ".required.nic" ) )) = { 0x8086, 0x100e };
