/* y = x W' + b, for one set of instructions (see vectors.h) and a packed W.

   A panel has 2 WIDTH outputs: their biases, then for each input their weights. A block of rows
   times a panel is summed up in registers alone; a panel stays in the cache for all blocks. Goto &
   van de Geijn 2008, "Anatomy of High-Performance Matrix Multiplication". */

#undef PANEL
#define PANEL (2 * WIDTH)

/* A block of x (rows, inputs) times a panel: into y, or added to what is there. */
INLINE void NAME(multiply_block)(int rows, const float *panel, int64_t inputs, const float *x,
                                 int64_t x_stride, float *y, int64_t y_stride, int is_sum)
{
    vector left[ROWS], right[ROWS];
    int64_t next = (inputs + 1) * PANEL; /* floats to the next panel, which is fetched meanwhile */

    UNROLLED
    for (int r = 0; r < rows; r++) {
        left[r] = NAME(load)(panel);
        right[r] = NAME(load)(panel + WIDTH);
    }

    for (int64_t i = 0; i < inputs; i++) {
        panel += PANEL;
        vector first = NAME(load)(panel);
        vector second = NAME(load)(panel + WIDTH);
        if (rows >= ROWS / 2) /* with fewer, memory is waited for all the time */
            for (int j = 0; j < PANEL; j += LINE)
                __builtin_prefetch(panel + next + j, 0, 2);

        UNROLLED
        for (int r = 0; r < rows; r++) {
            vector each = NAME(all)(x[r * x_stride + i]);
            left[r] = MULTIPLY_ADD(each, first, left[r]);
            right[r] = MULTIPLY_ADD(each, second, right[r]);
        }
    }

    UNROLLED
    for (int r = 0; r < rows; r++) {
        float *to = y + r * y_stride;
        if (is_sum) {
            left[r] += NAME(load)(to);
            right[r] += NAME(load)(to + WIDTH);
        }
        NAME(store)(to, left[r]);
        NAME(store)(to + WIDTH, right[r]);
    }
}

#define CASE(n)                                                                     \
    case n:                                                                         \
        NAME(multiply_block)(n, panel, inputs, x, x_stride, y, y_stride, is_sum);   \
        break;

/* The same for a number of rows that the compiler does not know. */
static TARGET void NAME(multiply_rows)(int64_t rows, const float *panel, int64_t inputs,
                                       const float *x, int64_t x_stride, float *y,
                                       int64_t y_stride, int is_sum)
{
    switch (rows) {
        CASES_TO(ROWS)
    }
}
#undef CASE

/* x (rows, inputs) times all panels. Rows of y are `y_stride` floats; where that is less than whole
   panels need, no more is written. */
static TARGET void NAME(multiply)(const struct product *p, int64_t rows, const float *x,
                                  int64_t x_stride, float *y, int64_t y_stride, int is_sum)
{
    float part[ROWS * PANEL];
    int64_t blocks = (rows + ROWS - 1) / ROWS; /* of equal size, as near as may be */
    const float *panel = p->packed;

    for (int64_t o = 0; o < p->outputs; o += PANEL) {
        int64_t room = y_stride - o;
        for (int64_t block = 0; block < blocks; block++) {
            int64_t from = block * rows / blocks;
            int64_t count = (block + 1) * rows / blocks - from;
            const float *of_block = x + from * x_stride;
            float *to = y + from * y_stride + o;
            if (room >= PANEL) {
                NAME(multiply_rows)(count, panel, p->inputs, of_block, x_stride, to, y_stride,
                                    is_sum);
                continue;
            }
            NAME(multiply_rows)(count, panel, p->inputs, of_block, x_stride, part, PANEL, 0);
            for (int64_t r = 0; r < count; r++)
                for (int64_t i = 0; i < room; i++)
                    to[r * y_stride + i] = part[r * PANEL + i] +
                                           (is_sum ? to[r * y_stride + i] : 0.0f);
        }
        panel += (p->inputs + 1) * PANEL;
    }
}
