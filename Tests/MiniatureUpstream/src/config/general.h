#ifndef CONFIG_GENERAL_H
#define CONFIG_GENERAL_H
/* Local options: SECURE links net/tls.c, BROKEN does not compile. */
#include <config/local/general.h>
#endif
