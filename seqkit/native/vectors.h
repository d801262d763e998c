/* Vectors of floats for one set of instructions; included once for each, after INSTRUCTIONS has
   been set to one of those below.

   NAME(x)            the name of x for these instructions
   TARGET             stands before each function that uses them
   WIDTH              floats in a vector
   ROWS               rows that products.h handles at once: as many as there are registers for
   MULTIPLY_ADD       a b + c, of vectors, rounded once where the processor can
   GREATER            of a limit and a number, both vectors; NaN if the number is NaN
   SHUFFLE            the places of two vectors, one after the other, that are named: LOW and HIGH
                      take turns of the lower and upper halves of each four, FIRST and SECOND leave
                      pairs together */

#define PLAIN 0  /* vectors of 16 bytes, as every x86-64 and ARM processor has */
#define AVX2 1   /* with FMA */
#define AVX512 2 /* F, VL, DQ, BW */
#define VNNI 3   /* those of AVX512, and products of integers of 8 bits */
#define PLAIN8 4 /* those of PLAIN, and their twins */

#include <stdint.h>
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#ifndef UNROLLED
typedef float four __attribute__((vector_size(16)));
#if defined(__clang__)
#define UNROLLED _Pragma("unroll")
#else
#define UNROLLED _Pragma("GCC unroll 16")
#endif

/* CASE(1) to CASE(most) of a switch: a loop for each number, which the compiler then knows. */
#define CASES_TO(most) CASES_TO_(most)
#define CASES_TO_(most) CASES_TO_##most
#define CASES_TO_6 CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6)
#define CASES_TO_12 CASES_TO_6 CASE(7) CASE(8) CASE(9) CASE(10) CASE(11) CASE(12)
#define CASES_TO_14 CASES_TO_12 CASE(13) CASE(14)

/* The one of a function that is for these instructions. */
#if defined(__x86_64__)
#define CHOSEN(function, instructions)                  \
    ((instructions) == AVX512 ? function##_avx512       \
     : (instructions) == AVX2 ? function##_avx2         \
                              : function##_plain)
#else
#define CHOSEN(function, instructions) ((void)(instructions), function##_plain)
#endif
#endif

#if defined(__clang__) || __GNUC__ >= 12
#define SHUFFLE(a, b, places) SHUFFLE_(a, b, places)
#define SHUFFLE_(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define SHUFFLE(a, b, places) __builtin_shuffle(a, b, (NAME(integers)){places})
#endif

#undef NAME
#undef TARGET
#undef WIDTH
#undef ROWS
#undef MULTIPLY_ADD
#undef GREATER
#undef LOW
#undef HIGH
#undef FIRST
#undef SECOND

#if INSTRUCTIONS == AVX512 || INSTRUCTIONS == VNNI

#if INSTRUCTIONS == VNNI
#define NAME(x) x##_vnni
#define TARGET __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,avx512vnni,fma")))
#else
#define NAME(x) x##_avx512
#define TARGET __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,fma")))
#endif
#define WIDTH 16
#define ROWS 14
#define MULTIPLY_ADD(a, b, c) ((vector)_mm512_fmadd_ps((__m512)(a), (__m512)(b), (__m512)(c)))
#define GREATER(limit, x) ((vector)_mm512_max_ps((__m512)(limit), (__m512)(x)))
#define LOW 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29
#define HIGH 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31
#define FIRST 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29
#define SECOND 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31

#elif INSTRUCTIONS == AVX2

#define NAME(x) x##_avx2
#define TARGET __attribute__((target("avx2,fma")))
#define WIDTH 8
#define ROWS 6
#define MULTIPLY_ADD(a, b, c) ((vector)_mm256_fmadd_ps((__m256)(a), (__m256)(b), (__m256)(c)))
#define GREATER(limit, x) ((vector)_mm256_max_ps((__m256)(limit), (__m256)(x)))
#define LOW 0, 8, 1, 9, 4, 12, 5, 13
#define HIGH 2, 10, 3, 11, 6, 14, 7, 15
#define FIRST 0, 1, 8, 9, 4, 5, 12, 13
#define SECOND 2, 3, 10, 11, 6, 7, 14, 15

#else

#if INSTRUCTIONS == PLAIN8
#define NAME(x) x##_plain8
#else
#define NAME(x) x##_plain
#endif
#define TARGET
#define WIDTH 4
#define LOW 0, 4, 1, 5
#define HIGH 2, 6, 3, 7
#define FIRST 0, 1, 4, 5
#define SECOND 2, 3, 6, 7
#if defined(__aarch64__)
#define ROWS 12
#define MULTIPLY_ADD(a, b, c) \
    ((vector)vfmaq_f32((float32x4_t)(c), (float32x4_t)(a), (float32x4_t)(b)))
#define GREATER(limit, x) ((vector)vmaxq_f32((float32x4_t)(limit), (float32x4_t)(x)))
#else
#define ROWS 6
#define MULTIPLY_ADD(a, b, c) ((a) * (b) + (c))
#define GREATER(limit, x) NAME(greater)(limit, x)
#endif

#endif

#undef vector
#undef INLINE
#define vector NAME(vector)
#define INLINE static inline __attribute__((always_inline)) TARGET

typedef float NAME(vector) __attribute__((vector_size(4 * WIDTH)));
typedef float NAME(loose) __attribute__((vector_size(4 * WIDTH), aligned(4), may_alias));
typedef int32_t NAME(integers) __attribute__((vector_size(4 * WIDTH)));

INLINE vector NAME(load)(const float *from)
{
    return (vector)*(const NAME(loose) *)from;
}

INLINE void NAME(store)(float *to, vector x)
{
    *(NAME(loose) *)to = (NAME(loose))x;
}

/* A number in every place. */
INLINE vector NAME(all)(float x)
{
    return x - (vector){0};
}

#if (INSTRUCTIONS == PLAIN || INSTRUCTIONS == PLAIN8) && !defined(__aarch64__)
INLINE vector NAME(greater)(vector limit, vector x)
{
    NAME(integers) is_limit = limit > x;
    return (vector)(((NAME(integers))limit & is_limit) | ((NAME(integers))x & ~is_limit));
}
#endif

INLINE float NAME(total)(vector x)
{
    float sum = 0;
    for (int i = 0; i < WIDTH; i++)
        sum += x[i];
    return sum;
}

/* The totals of four vectors, in the first four places of `sums`. */
INLINE void NAME(four_totals)(vector a, vector b, vector c, vector d, float *sums)
{
    vector ab = SHUFFLE(a, b, LOW) + SHUFFLE(a, b, HIGH);
    vector cd = SHUFFLE(c, d, LOW) + SHUFFLE(c, d, HIGH);
    union {
        vector whole;
        four parts[WIDTH / 4];
    } each = {SHUFFLE(ab, cd, FIRST) + SHUFFLE(ab, cd, SECOND)};

    for (int i = 1; i < WIDTH / 4; i++)
        each.parts[0] += each.parts[i];
    memcpy(sums, &each.parts[0], sizeof each.parts[0]);
}

INLINE float NAME(greatest)(vector x)
{
    float most = x[0];
    for (int i = 1; i < WIDTH; i++)
        most = x[i] > most ? x[i] : most;
    return most;
}

/* e^x within two units in the last place, for x from -87 to 88: others count as those. After the
   expf of Moshier's Cephes: x = n log 2 + r, and a polynomial for e^r. */
INLINE vector NAME(exponential)(vector x)
{
    x = -GREATER(NAME(all)(-88.0f), -x);
    x = GREATER(NAME(all)(-87.0f), x);

    const float shift = 12582912.0f; /* 1.5 * 2^23: a sum with it is rounded to an integer */
    vector shifted = MULTIPLY_ADD(x, NAME(all)(1.44269504f), NAME(all)(shift));
    vector n = shifted - shift;
    vector r = MULTIPLY_ADD(n, NAME(all)(-0.693359375f), x);
    r = MULTIPLY_ADD(n, NAME(all)(2.12194440e-4f), r);

    vector sum = NAME(all)(1.9875691500e-4f);
    sum = MULTIPLY_ADD(sum, r, NAME(all)(1.3981999507e-3f));
    sum = MULTIPLY_ADD(sum, r, NAME(all)(8.3334519073e-3f));
    sum = MULTIPLY_ADD(sum, r, NAME(all)(4.1665795894e-2f));
    sum = MULTIPLY_ADD(sum, r, NAME(all)(1.6666665459e-1f));
    sum = MULTIPLY_ADD(sum, r, NAME(all)(5.0000001201e-1f));
    sum = MULTIPLY_ADD(sum, r * r, r) + 1.0f;

    NAME(integers) exponent = ((NAME(integers))shifted << 23) + 0x3F800000; /* of 2^n */
    return sum * (vector)exponent;
}

/* 1 / (1 + e^-x) */
INLINE vector NAME(sigmoid)(vector x)
{
    return 1.0f / (1.0f + NAME(exponential)(-x));
}
