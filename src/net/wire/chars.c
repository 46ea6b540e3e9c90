/* chars - the table of character classes, sixteen to a row.
 *
 * Happy path: one look into the table. It does not fail. */

#include "wire/chars.h"

#define N 0                 /* in nothing */
#define V CHAR_VALUE        /* blank, quote, and what is no ASCII */
#define T (V | CHAR_TARGET) /* what separates in a target */
#define Q (V | CHAR_TOKEN)  /* '#' ends a target */
#define K (T | CHAR_TOKEN)  /* the other marks of tokens */
#define H (K | CHAR_HOST)   /* - . _ ~ */
#define L (H | CHAR_BASE64) /* letters */
#define D (L | CHAR_DIGIT)  /* digits */
#define S (T | CHAR_BASE64) /* '/' */
#define P (K | CHAR_BASE64) /* '+' */

/* clang-format off */
const uint8_t char_classes[256] = {
    N, N, N, N, N, N, N, N, N, V, N, N, N, N, N, N,
    N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N,
    V, K, V, Q, K, K, K, K, T, T, K, P, T, H, H, S, /*  !"#$%&'()*+,-./ */
    D, D, D, D, D, D, D, D, D, D, T, T, V, T, V, T, /* 0123456789:;<=>? */
    T, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, /* @ABCDEFGHIJKLMNO */
    L, L, L, L, L, L, L, L, L, L, L, T, V, T, K, H, /* PQRSTUVWXYZ[\]^_ */
    K, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, /* `abcdefghijklmno */
    L, L, L, L, L, L, L, L, L, L, L, T, K, T, H, N, /* pqrstuvwxyz{|}~ */
    V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
    V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
    V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
    V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
    V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
    V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
    V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
    V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
};
/* clang-format on */
