/* Numbers of one type, read and written as vectors of floats (see vectors.h); included once for each
   type and each set of instructions, after NUMBERS has been set to one of those below.

   OF(x)              the name of x for this type and these instructions
   number             the type */

#define FLOAT32 0
#define BFLOAT16 1 /* the upper half of a float */

#undef OF
#undef number

#if NUMBERS == BFLOAT16
#define OF(x) NAME(x##_bf16)
#define number uint16_t
#else
#define OF(x) NAME(x##_float)
#define number float
#endif

#if NUMBERS == BFLOAT16

typedef uint16_t OF(halves) __attribute__((vector_size(2 * WIDTH)));
typedef uint16_t OF(loose_halves) __attribute__((vector_size(2 * WIDTH), aligned(2), may_alias));
typedef uint32_t OF(words) __attribute__((vector_size(4 * WIDTH)));

INLINE vector OF(read)(const number *from)
{
    OF(halves) halves = (OF(halves))*(const OF(loose_halves) *)from;
    return (vector)(__builtin_convertvector(halves, OF(words)) << 16);
}

/* Rounded to the nearest, to the even one of two. */
INLINE void OF(write)(number *to, vector x)
{
    OF(words) bits = (OF(words))x;
    bits += 0x7FFF + ((bits >> 16) & 1);
    *(OF(loose_halves) *)to = (OF(loose_halves))__builtin_convertvector(bits >> 16, OF(halves));
}

INLINE float OF(read_one)(const number *from)
{
    uint32_t bits = (uint32_t)*from << 16;
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

INLINE void OF(write_one)(number *to, float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    *to = (number)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
}

#else

INLINE vector OF(read)(const number *from)
{
    return NAME(load)(from);
}

INLINE void OF(write)(number *to, vector x)
{
    NAME(store)(to, x);
}

INLINE float OF(read_one)(const number *from)
{
    return *from;
}

INLINE void OF(write_one)(number *to, float x)
{
    *to = x;
}

#endif

/* The first `count` of a vector; the others are `rest`. */
INLINE vector OF(read_some)(const number *from, int64_t count, float rest)
{
    float each[WIDTH];
    for (int64_t i = 0; i < WIDTH; i++)
        each[i] = i < count ? OF(read_one)(from + i) : rest;
    return NAME(load)(each);
}

INLINE void OF(write_some)(number *to, vector x, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        OF(write_one)(to + i, x[i]);
}
