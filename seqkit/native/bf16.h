/* bf16 numbers (the upper halves of floats) and products of them, for processors that multiply them
   themselves (AVX-512 BF16); included after vectors.h with its AVX512. */

#undef TARGET
#define TARGET __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,avx512bf16,fma")))

enum { BLOCK = 6, VECTORS = 4 }; /* rows and vectors whose sums fit into registers */

INLINE vector from_bf16(const uint16_t *from)
{
    __m512i words = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)from));
    return (vector)_mm512_slli_epi32(words, 16);
}

INLINE void to_bf16(uint16_t *to, vector x)
{
    _mm256_storeu_si256((__m256i *)to, (__m256i)_mm512_cvtneps_pbh((__m512)x));
}

/* What rows are multiplied by. */
struct weights {
    const uint16_t *packed; /* for each pair of columns `count` vectors of pairs */
    int64_t columns;
};

/* Rows (rows, columns) times `count` vectors. */
INLINE void multiply_block(int rows, int count, const uint16_t *x, const struct weights *weights,
                           vector sums[BLOCK][VECTORS])
{
    __m512 own[BLOCK][VECTORS];
    UNROLLED
    for (int r = 0; r < rows; r++)
        UNROLLED
        for (int v = 0; v < count; v++)
            own[r][v] = _mm512_setzero_ps();

    const uint16_t *packed = weights->packed;
    for (int64_t i = 0; i < weights->columns; i += 2) {
        __m512bh each[VECTORS];
        UNROLLED
        for (int v = 0; v < count; v++)
            each[v] = (__m512bh)_mm512_loadu_si512(packed + 2 * WIDTH * v);
        packed += 2 * WIDTH * count;

        UNROLLED
        for (int r = 0; r < rows; r++) {
            int32_t pair;
            memcpy(&pair, x + r * weights->columns + i, sizeof pair);
            __m512bh pairs = (__m512bh)_mm512_set1_epi32(pair);
            UNROLLED
            for (int v = 0; v < count; v++)
                own[r][v] = _mm512_dpbf16_ps(own[r][v], pairs, each[v]);
        }
    }

    UNROLLED
    for (int r = 0; r < rows; r++)
        UNROLLED
        for (int v = 0; v < count; v++)
            sums[r][v] = (vector)own[r][v];
}

#define CASE(rows, count)                                    \
    case BLOCK * (count) + (rows):                           \
        multiply_block(rows, count, x, weights, sums);       \
        break
#define CASES(count) \
    CASE(1, count); CASE(2, count); CASE(3, count); CASE(4, count); CASE(5, count); CASE(6, count)

/* The same for numbers that the compiler does not know. */
static TARGET void multiply(int64_t rows, int64_t count, const uint16_t *x,
                            const struct weights *weights, vector sums[BLOCK][VECTORS])
{
    switch (BLOCK * count + rows) {
        CASES(1);
        CASES(2);
        CASES(3);
        CASES(4);
    }
}

/* Begin to fetch what is needed after a product: it lies apart, and to wait for it would take half
   as long as the product. `stride` and `count` are bytes, of rows. */
INLINE void fetch(const void *from, int64_t rows, int64_t stride, int64_t count)
{
    for (int64_t r = 0; r < rows; r++)
        for (int64_t i = 0; i < count; i += 64)
            __builtin_prefetch((const char *)from + r * stride + i);
}
