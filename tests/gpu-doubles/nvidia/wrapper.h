#include <stdlib.h>
#include <stdint.h>
#include <ffnvcodec/nvEncodeAPI.h>
