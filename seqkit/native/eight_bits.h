/* y = x W' + b in integers of 8 bits, for one set of instructions (see vectors.h): stands where
   products.h does. Jacob et al. 2018, arXiv:1712.05877, without zero points: a row of W and a row of
   x are integers of -127 to 127 times a step, which is its greatest number / 127. Sums are exact.

   A panel has 2 WIDTH outputs: their biases, their steps, -128 times the sums of their weights, then
   for every four inputs four weights of each. Rows of x are made integers from 1 to 255, 128 more
   than they are, as processors multiply numbers without sign by those with one. */

#undef PANEL
#define PANEL (2 * WIDTH)

#ifndef ROOM
#define ROOM 65536    /* bytes of rows in integers: as many inputs as there can be */
#define MOST_ROWS 256 /* in integers at once */
#endif

/* To each sum four products: of the bytes of `x`, the same four everywhere, and those of weights. */
INLINE NAME(integers) NAME(add_products)(NAME(integers) sums, int32_t x, const int8_t *weights)
{
#if INSTRUCTIONS == VNNI
    return (NAME(integers))_mm512_dpbusd_epi32((__m512i)sums, _mm512_set1_epi32(x),
                                               _mm512_loadu_si512(weights));
#else
    uint8_t bytes[4];
    memcpy(bytes, &x, sizeof bytes);
    for (int j = 0; j < WIDTH; j++)
        for (int i = 0; i < 4; i++)
            sums[j] += (int32_t)bytes[i] * weights[4 * j + i];
    return sums;
#endif
}

/* Numbers in 8 bits, each 128 more; to be multiplied by `rate` before. */
INLINE void NAME(to_bytes)(vector x, float rate, uint8_t *to)
{
    const float shift = 12582912.0f; /* 1.5 * 2^23: a sum with it is rounded to an integer */
    NAME(integers) whole = (NAME(integers))(MULTIPLY_ADD(x, NAME(all)(rate), NAME(all)(shift)));
#if INSTRUCTIONS == VNNI
    __m512i moved = _mm512_add_epi32((__m512i)whole, _mm512_set1_epi32(128));
    _mm_storeu_si128((__m128i *)to, _mm512_cvtepi32_epi8(moved));
#else
    for (int j = 0; j < WIDTH; j++)
        to[j] = (uint8_t)(whole[j] + 128);
#endif
}

INLINE vector NAME(floats)(NAME(integers) x)
{
#if INSTRUCTIONS == VNNI
    return (vector)_mm512_cvtepi32_ps((__m512i)x);
#else
    vector y;
    for (int j = 0; j < WIDTH; j++)
        y[j] = (float)x[j];
    return y;
#endif
}

/* A row in integers, `count` with what fills up its last four. -> its step; NaN where not all of x
   are finite */
INLINE float NAME(to_integers)(int64_t inputs, int64_t count, const float *x, uint8_t *to)
{
    int64_t whole = inputs / WIDTH * WIDTH;
    vector most = {0};
    vector wrong = {0}; /* NaN where x is, or infinite */
    for (int64_t i = 0; i < whole; i += WIDTH) {
        vector each = NAME(load)(x + i);
        most = GREATER(most, GREATER(each, -each));
        wrong += each * 0.0f;
    }
    vector last = {0};
    if (whole < inputs)
        memcpy(&last, x + whole, (size_t)(inputs - whole) * sizeof(float));
    most = GREATER(most, GREATER(last, -last));
    wrong += last * 0.0f;

    float greatest = NAME(greatest)(most);
    float rate = greatest > 0 ? 127.0f / greatest : 1.0f;
    for (int64_t i = 0; i < whole; i += WIDTH)
        NAME(to_bytes)(NAME(load)(x + i), rate, to + i);

    uint8_t rest[WIDTH];
    NAME(to_bytes)(last, rate, rest);
    memcpy(to + whole, rest, (size_t)(count - whole));
    return 1.0f / rate + NAME(total)(wrong);
}

/* A vector of sums in float32, with the steps and biases of a panel: to y, or added to it. */
INLINE void NAME(put)(NAME(integers) sums, float step, const float *panel, float *y, int is_sum)
{
    vector x = NAME(floats)(sums) * step;
    x = MULTIPLY_ADD(x, NAME(load)(panel + PANEL), NAME(load)(panel));
    NAME(store)(y, is_sum ? x + NAME(load)(y) : x);
}

/* A block of rows of integers, `groups` of four each, times a panel: into y, or added to it. */
INLINE void NAME(multiply_block)(int rows, const float *panel, int64_t groups, const uint8_t *x,
                                 const float *steps, float *y, int64_t y_stride, int is_sum)
{
    NAME(integers) left[ROWS], right[ROWS];
    const int8_t *weights = (const int8_t *)(panel + 3 * PANEL);

    UNROLLED
    for (int r = 0; r < rows; r++) {
        left[r] = (NAME(integers))NAME(load)(panel + 2 * PANEL);
        right[r] = (NAME(integers))NAME(load)(panel + 2 * PANEL + WIDTH);
    }

    for (int64_t i = 0; i < groups; i++, weights += 4 * PANEL) {
        UNROLLED
        for (int r = 0; r < rows; r++) {
            int32_t four;
            memcpy(&four, x + 4 * (r * groups + i), sizeof four);
            left[r] = NAME(add_products)(left[r], four, weights);
            right[r] = NAME(add_products)(right[r], four, weights + 4 * WIDTH);
        }
    }

    UNROLLED
    for (int r = 0; r < rows; r++) {
        float *to = y + r * y_stride;
        NAME(put)(left[r], steps[r], panel, to, is_sum);
        NAME(put)(right[r], steps[r], panel + WIDTH, to + WIDTH, is_sum);
    }
}

#define CASE(n)                                                                \
    case n:                                                                    \
        NAME(multiply_block)(n, panel, groups, x, steps, y, y_stride, is_sum); \
        break;

/* The same for a number of rows that the compiler does not know. */
static TARGET void NAME(multiply_rows)(int64_t rows, const float *panel, int64_t groups,
                                       const uint8_t *x, const float *steps, float *y,
                                       int64_t y_stride, int is_sum)
{
    switch (rows) {
        CASES_TO(ROWS)
    }
}
#undef CASE

/* As many rows in integers as there is room for, times all panels; see `multiply`. */
INLINE void NAME(multiply_some)(const struct product *p, int64_t rows, int64_t groups,
                                const uint8_t *x, const float *steps, float *y, int64_t y_stride,
                                int is_sum)
{
    float part[ROWS * PANEL];
    int64_t blocks = (rows + ROWS - 1) / ROWS; /* of equal size, as near as may be */
    const float *panel = p->packed;

    for (int64_t o = 0; o < p->outputs; o += PANEL) {
        int64_t room = y_stride - o;
        for (int64_t block = 0; block < blocks; block++) {
            int64_t from = block * rows / blocks;
            int64_t count = (block + 1) * rows / blocks - from;
            const uint8_t *of_block = x + from * groups * 4;
            float *to = y + from * y_stride + o;
            if (room >= PANEL) {
                NAME(multiply_rows)(count, panel, groups, of_block, steps + from, to, y_stride,
                                    is_sum);
                continue;
            }
            NAME(multiply_rows)(count, panel, groups, of_block, steps + from, part, PANEL, 0);
            for (int64_t r = 0; r < count; r++)
                for (int64_t i = 0; i < room; i++)
                    to[r * y_stride + i] = part[r * PANEL + i] +
                                           (is_sum ? to[r * y_stride + i] : 0.0f);
        }
        panel += (groups + 3) * PANEL;
    }
}

/* x (rows, inputs) times all panels. Rows of y are `y_stride` floats; where that is less than whole
   panels need, no more is written. */
static TARGET void NAME(multiply)(const struct product *p, int64_t rows, const float *x,
                                  int64_t x_stride, float *y, int64_t y_stride, int is_sum)
{
    uint8_t integers[ROOM];
    float steps[MOST_ROWS];
    int64_t groups = (p->inputs + 3) / 4;
    int64_t most = ROOM / (4 * groups);
    most = most < MOST_ROWS ? most : MOST_ROWS;

    for (int64_t from = 0; from < rows; from += most) {
        int64_t count = rows - from < most ? rows - from : most;
        for (int64_t r = 0; r < count; r++)
            steps[r] = NAME(to_integers)(p->inputs, 4 * groups, x + (from + r) * x_stride,
                                         integers + r * groups * 4);
        NAME(multiply_some)(p, count, groups, integers, steps, y + from * y_stride, y_stride,
                            is_sum);
    }
}

/* The weights of one output, times `scale`. */
INLINE void NAME(row_of)(const struct product *p, int64_t output, float scale, float *to)
{
    int64_t groups = (p->inputs + 3) / 4;
    int64_t place = output % PANEL;
    const float *panel = p->packed + output / PANEL * (groups + 3) * PANEL;
    const int8_t *weights = (const int8_t *)(panel + 3 * PANEL + place);
    float step = panel[PANEL + place] * scale;

    for (int64_t i = 0; i < p->inputs; i++)
        to[i] = (float)weights[i / 4 * 4 * PANEL + i % 4] * step;
}
