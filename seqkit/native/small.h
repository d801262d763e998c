/* Products of small matrices of floats, for one set of instructions (see vectors.h). Rows of what is
   multiplied from the right and of what comes out are whole vectors. */

#ifndef SHUFFLE_FOUR
#if defined(__clang__) || __GNUC__ >= 12
#define SHUFFLE_FOUR(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
typedef int32_t four_integers __attribute__((vector_size(16)));
#define SHUFFLE_FOUR(a, b, ...) __builtin_shuffle(a, b, (four_integers){__VA_ARGS__})
#endif
#endif

#undef TILE
#if INSTRUCTIONS == AVX512
#define TILE 12 /* rows that are summed up in registers at once */
#else
#define TILE 6
#endif

/* c (rows, 1 or 2 vectors) = or += a (rows, inner) b (inner, as many vectors). */
INLINE void NAME(tile)(int rows, int vectors, int64_t inner, const float *a, int64_t a_row,
                       int64_t a_column, const float *b, int64_t b_row, float *c, int64_t c_row,
                       int is_sum)
{
    vector sums[TILE][2];

    UNROLLED
    for (int r = 0; r < rows; r++)
        UNROLLED
        for (int v = 0; v < vectors; v++)
            sums[r][v] = is_sum ? NAME(load)(c + r * c_row + v * WIDTH) : NAME(all)(0.0f);

    for (int64_t i = 0; i < inner; i++) {
        vector first = NAME(load)(b + i * b_row);
        vector second = vectors > 1 ? NAME(load)(b + i * b_row + WIDTH) : first;
        UNROLLED
        for (int r = 0; r < rows; r++) {
            vector each = NAME(all)(a[r * a_row + i * a_column]);
            sums[r][0] = MULTIPLY_ADD(each, first, sums[r][0]);
            if (vectors > 1)
                sums[r][1] = MULTIPLY_ADD(each, second, sums[r][1]);
        }
    }

    UNROLLED
    for (int r = 0; r < rows; r++)
        UNROLLED
        for (int v = 0; v < vectors; v++)
            NAME(store)(c + r * c_row + v * WIDTH, sums[r][v]);
}

#define CASE(rows)                                                                          \
    case rows:                                                                              \
        NAME(tile)(rows, vectors, inner, a, a_row, a_column, b, b_row, c, c_row, is_sum);   \
        break;

INLINE void NAME(tile_of)(int64_t rows, int vectors, int64_t inner, const float *a, int64_t a_row,
                          int64_t a_column, const float *b, int64_t b_row, float *c, int64_t c_row,
                          int is_sum)
{
    switch (rows) {
        CASES_TO(TILE)
    }
}
#undef CASE

/* c (rows, columns) = or += a (rows, inner) b (inner, columns). `a_row` and `a_column` are what is
   between two numbers of a, which may so be read as its transpose. */
static TARGET void NAME(multiply_small)(int64_t rows, int64_t inner, int64_t columns,
                                        const float *a, int64_t a_row, int64_t a_column,
                                        const float *b, int64_t b_row, float *c, int64_t c_row,
                                        int is_sum)
{
    for (int64_t column = 0; column < columns; column += 2 * WIDTH)
        for (int64_t row = 0; row < rows; row += TILE) {
            int64_t count = rows - row < TILE ? rows - row : TILE;
            const float *left = a + row * a_row;
            float *to = c + row * c_row + column;
            if (columns - column > WIDTH)
                NAME(tile_of)(count, 2, inner, left, a_row, a_column, b + column, b_row, to, c_row,
                              is_sum);
            else
                NAME(tile_of)(count, 1, inner, left, a_row, a_column, b + column, b_row, to, c_row,
                              is_sum);
        }
}

/* The columns of a (rows, columns) in the places of rows: both numbers are multiples of four. */
static TARGET void NAME(turn)(const float *a, int64_t a_row, int64_t rows, int64_t columns,
                              float *to, int64_t to_row)
{
    for (int64_t row = 0; row < rows; row += 4)
        for (int64_t column = 0; column < columns; column += 4) {
            four each[4];
            for (int r = 0; r < 4; r++)
                memcpy(&each[r], a + (row + r) * a_row + column, sizeof each[r]);
            four low = SHUFFLE_FOUR(each[0], each[1], 0, 4, 1, 5);
            four high = SHUFFLE_FOUR(each[0], each[1], 2, 6, 3, 7);
            four other_low = SHUFFLE_FOUR(each[2], each[3], 0, 4, 1, 5);
            four other_high = SHUFFLE_FOUR(each[2], each[3], 2, 6, 3, 7);
            each[0] = SHUFFLE_FOUR(low, other_low, 0, 1, 4, 5);
            each[1] = SHUFFLE_FOUR(low, other_low, 2, 3, 6, 7);
            each[2] = SHUFFLE_FOUR(high, other_high, 0, 1, 4, 5);
            each[3] = SHUFFLE_FOUR(high, other_high, 2, 3, 6, 7);
            for (int r = 0; r < 4; r++)
                memcpy(to + (column + r) * to_row + row, &each[r], sizeof each[r]);
        }
}
