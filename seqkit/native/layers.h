/* The layers of a Transformer for one set of instructions (see vectors.h): what they make of some
   rows. Rows of the scratch memory are whole panels; what is beyond the numbers of a row is 0. */

/* What a block of rows is worked on in. */
struct NAME(scratch) {
    float *x;      /* (rows, width) what goes through the layers */
    float *normed; /* (rows, width) */
    float *wide;   /* (rows, the most of 3 heads * head and hidden) */
    float *read;   /* (rows, heads * head) what attention has read */
    float *scores; /* (longest,) */
    int64_t width, broad, joined; /* floats in a row of x and normed; of wide; of read */
};

/* Layer norm (Ba et al. 2016, arXiv:1607.06450) of one row. */
INLINE void NAME(norm_row)(const struct norm *norm, int64_t width, const float *x, float *y)
{
    int64_t whole = width / WIDTH * WIDTH;

    vector sums = {0};
    for (int64_t i = 0; i < whole; i += WIDTH)
        sums += NAME(load)(x + i);
    float sum = NAME(total)(sums);
    for (int64_t i = whole; i < width; i++)
        sum += x[i];
    float mean = sum / (float)width;

    vector squares = {0};
    for (int64_t i = 0; i < whole; i += WIDTH) {
        vector apart = NAME(load)(x + i) - mean;
        squares = MULTIPLY_ADD(apart, apart, squares);
    }
    float square = NAME(total)(squares);
    for (int64_t i = whole; i < width; i++)
        square += (x[i] - mean) * (x[i] - mean);
    float rate = 1.0f / sqrtf(square / (float)width + norm->eps);

    for (int64_t i = 0; i < width; i += WIDTH) { /* beyond the width, weight and bias are 0 */
        vector apart = (NAME(load)(x + i) - mean) * rate;
        NAME(store)(y + i, MULTIPLY_ADD(apart, NAME(load)(norm->weight + i),
                                        NAME(load)(norm->bias + i)));
    }
}

static TARGET void NAME(normalise)(const struct norm *norm, int64_t rows, int64_t width,
                                   int64_t stride, const float *x, float *y)
{
    for (int64_t r = 0; r < rows; r++)
        NAME(norm_row)(norm, width, x + r * stride, y + r * stride);
}

/* What goes into a sublayer: the norm of x, or x itself where norms come after sublayers. */
INLINE const float *NAME(enter)(const struct network *n, const struct norm *norm, int64_t rows,
                                const struct NAME(scratch) *s)
{
    if (!n->prenorm)
        return s->x;
    NAME(normalise)(norm, rows, n->width, s->width, s->x, s->normed);
    return s->normed;
}

/* Add to x what a sublayer made, the product of y. */
INLINE void NAME(leave)(const struct network *n, const struct norm *norm,
                        const struct product *product, int64_t rows, const float *y,
                        int64_t stride, const struct NAME(scratch) *s)
{
    NAME(multiply)(product, rows, y, stride, s->x, s->width, 1);
    if (!n->prenorm)
        NAME(normalise)(norm, rows, n->width, s->width, s->x, s->x);
}

/* x times the share of a normal distribution that is less, with the error function of Abramowitz &
   Stegun 1964, 7.1.26, which is within 1.5e-7. */
INLINE vector NAME(gelu)(vector x)
{
    vector size = GREATER(x, -x);
    vector t = 1.0f / (1.0f + (0.3275911f * 0.70710678f) * size);
    vector sum = NAME(all)(1.061405429f);
    sum = MULTIPLY_ADD(sum, t, NAME(all)(-1.453152027f));
    sum = MULTIPLY_ADD(sum, t, NAME(all)(1.421413741f));
    sum = MULTIPLY_ADD(sum, t, NAME(all)(-0.284496736f));
    sum = MULTIPLY_ADD(sum, t, NAME(all)(0.254829592f));
    vector beyond = 0.5f * sum * t * NAME(exponential)(-0.5f * x * x);
    return GREATER(NAME(all)(0.0f), x) - size * beyond;
}

/* The same by its approximation: Hendrycks & Gimpel 2016, arXiv:1606.08415, section 2. */
INLINE vector NAME(gelu_by_tanh)(vector x)
{
    vector inside = x * MULTIPLY_ADD(x * x, NAME(all)(0.044715f), NAME(all)(1.0f));
    return x * NAME(sigmoid)(1.5957691216f * inside);
}

/* Of one row: (count,), and what fills up its last vector. */
static TARGET void NAME(activate)(int64_t activation, int64_t count, float *x)
{
    for (int64_t i = 0; i < count; i += WIDTH) {
        vector each = NAME(load)(x + i);
        switch (activation) {
        case RELU:
            each = GREATER(NAME(all)(0.0f), each);
            break;
        case SWISH:
            each *= NAME(sigmoid)(each);
            break;
        case GELU:
            each = NAME(gelu)(each);
            break;
        default:
            each = NAME(gelu_by_tanh)(each);
        }
        NAME(store)(x + i, each);
    }
}

/* Of one head: how a query fits the keys of `count` slots. Writes up to three numbers more. */
INLINE void NAME(fit)(int64_t vectors, const float *query, const float *keys, int64_t stride,
                      const int32_t *slots, int64_t count, float *scores)
{
    for (int64_t p = 0; p < count; p += 4) {
        const float *of[4];
        vector sum[4] = {{0}, {0}, {0}, {0}};
        for (int64_t j = 0; j < 4; j++)
            of[j] = keys + slots[p + j < count ? p + j : count - 1] * stride;

        for (int64_t i = 0; i < vectors * WIDTH; i += WIDTH) {
            vector each = NAME(load)(query + i);
            for (int64_t j = 0; j < 4; j++)
                sum[j] = MULTIPLY_ADD(each, NAME(load)(of[j] + i), sum[j]);
        }
        NAME(four_totals)(sum[0], sum[1], sum[2], sum[3], scores + p);
    }
}

/* e^(scale (score - the greatest)) in place of each score, and their sum. The scores have room for
   whole vectors. */
INLINE float NAME(weigh)(float *scores, int64_t count, float scale)
{
    int64_t whole = (count + WIDTH - 1) / WIDTH * WIDTH;
    for (int64_t i = count; i < whole; i++)
        scores[i] = -INFINITY;

    vector most = NAME(load)(scores);
    for (int64_t i = WIDTH; i < whole; i += WIDTH)
        most = GREATER(most, NAME(load)(scores + i));
    float greatest = NAME(greatest)(most);

    for (int64_t i = 0; i < whole; i += WIDTH) {
        vector below = (NAME(load)(scores + i) - greatest) * scale;
        NAME(store)(scores + i, NAME(exponential)(below));
    }

    float sum = 0;
    for (int64_t i = 0; i < count; i++)
        sum += scores[i];
    return sum;
}

/* The weighted sum of values times `rate`, of up to four vectors. */
INLINE void NAME(mix)(int vectors, const float *weights, const float *values, int64_t stride,
                      const int32_t *slots, int64_t count, float rate, float *to)
{
    vector even[4] = {{0}, {0}, {0}, {0}};
    vector odd[4] = {{0}, {0}, {0}, {0}};
    int64_t p = 0;

    for (; p + 1 < count; p += 2) {
        const float *one = values + slots[p] * stride;
        const float *other = values + slots[p + 1] * stride;
        vector of_one = NAME(all)(weights[p]);
        vector of_other = NAME(all)(weights[p + 1]);

        UNROLLED
        for (int i = 0; i < vectors; i++) {
            even[i] = MULTIPLY_ADD(of_one, NAME(load)(one + i * WIDTH), even[i]);
            odd[i] = MULTIPLY_ADD(of_other, NAME(load)(other + i * WIDTH), odd[i]);
        }
    }
    if (p < count) {
        const float *last = values + slots[p] * stride;
        vector of_last = NAME(all)(weights[p]);

        UNROLLED
        for (int i = 0; i < vectors; i++)
            even[i] = MULTIPLY_ADD(of_last, NAME(load)(last + i * WIDTH), even[i]);
    }

    UNROLLED
    for (int i = 0; i < vectors; i++)
        NAME(store)(to + i * WIDTH, (even[i] + odd[i]) * rate);
}

/* One head of one row: (head,) -> (head,). The compiler has a loop for each usual width. */
INLINE void NAME(attend_head)(int64_t head, const float *query, const float *keys,
                              const float *values, int64_t stride, const int32_t *slots,
                              int64_t count, float scale, float *scores, float *to)
{
    int64_t vectors = head / WIDTH;
    if (vectors == 1)
        NAME(fit)(1, query, keys, stride, slots, count, scores);
    else if (vectors == 2)
        NAME(fit)(2, query, keys, stride, slots, count, scores);
    else if (vectors == 3)
        NAME(fit)(3, query, keys, stride, slots, count, scores);
    else if (vectors == 4)
        NAME(fit)(4, query, keys, stride, slots, count, scores);
    else
        NAME(fit)(vectors, query, keys, stride, slots, count, scores);

    float rate = 1.0f / NAME(weigh)(scores, count, scale);
    for (; vectors > 0; vectors -= 4, values += 4 * WIDTH, to += 4 * WIDTH) {
        if (vectors >= 4)
            NAME(mix)(4, scores, values, stride, slots, count, rate, to);
        else if (vectors == 3)
            NAME(mix)(3, scores, values, stride, slots, count, rate, to);
        else if (vectors == 2)
            NAME(mix)(2, scores, values, stride, slots, count, rate, to);
        else
            NAME(mix)(1, scores, values, stride, slots, count, rate, to);
    }
}

/* What the rows read: queries are rows of `wide`. */
static TARGET void NAME(attend)(const struct network *n, const struct memory *m, int64_t layer,
                                int64_t from, int64_t rows, const struct NAME(scratch) *s)
{
    int64_t joined = n->heads * n->head;
    int64_t stride = 2 * joined;
    const float *pool = m->pool + layer * m->layer_stride;

    for (int64_t r = 0; r < rows; r++) {
        const int32_t *slots;
        int64_t count = seen_by(m, from + r, &slots);
        for (int64_t h = 0; h < n->heads; h++) {
            const float *keys = pool + h * n->head;
            NAME(attend_head)(n->head, s->wide + r * s->broad + h * n->head, keys, keys + joined,
                              stride, slots, count, n->scale, s->scores,
                              s->read + r * s->joined + h * n->head);
        }
    }
}

/* Keys and values of the rows, beside the queries in `wide`, into their slots. */
static void NAME(keep)(const struct network *n, const struct step *step, int64_t layer,
                       int64_t from, int64_t rows, const struct NAME(scratch) *s)
{
    int64_t joined = n->heads * n->head;
    float *pool = step->own.pool + layer * step->own.layer_stride;
    for (int64_t r = 0; r < rows; r++) {
        int64_t slot = step->slots[(from + r) * step->slot_stride];
        memcpy(pool + slot * 2 * joined, s->wide + r * s->broad + joined,
               2 * (size_t)joined * sizeof(float));
    }
}

static TARGET void NAME(run_layer)(const struct network *n, int64_t number, const struct step *step,
                                   int64_t from, int64_t rows, const struct NAME(scratch) *s)
{
    const struct layer *layer = n->layers + number;

    const float *y = NAME(enter)(n, &layer->own_norm, rows, s);
    NAME(multiply)(&layer->own, rows, y, s->width, s->wide, s->broad, 0);
    NAME(keep)(n, step, number, from, rows, s);
    NAME(attend)(n, &step->own, number, from, rows, s);
    NAME(leave)(n, &layer->own_norm, &layer->own_out, rows, s->read, s->joined, s);

    if (layer->source.packed) {
        y = NAME(enter)(n, &layer->source_norm, rows, s);
        NAME(multiply)(&layer->source, rows, y, s->width, s->wide, s->broad, 0);
        NAME(attend)(n, &step->source, number, from, rows, s);
        NAME(leave)(n, &layer->source_norm, &layer->source_out, rows, s->read, s->joined, s);
    }

    y = NAME(enter)(n, &layer->last_norm, rows, s);
    NAME(multiply)(&layer->up, rows, y, s->width, s->wide, s->broad, 0);
    for (int64_t r = 0; r < rows; r++)
        NAME(activate)(n->activation, n->hidden, s->wide + r * s->broad);
    NAME(leave)(n, &layer->last_norm, &layer->down, rows, s->wide, s->broad, s);
}

/* The vector of a token, times `scale`. */
INLINE void NAME(embed)(const struct tokens *t, int64_t id, int64_t width, float *to)
{
#if INSTRUCTIONS == VNNI || INSTRUCTIONS == PLAIN8
    if (!t->vectors) {
        NAME(row_of)(&t->packed, id, t->scale, to);
        return;
    }
#endif
    const float *of_token = t->vectors + id * width;
    for (int64_t i = 0; i < width; i++)
        to[i] = of_token[i] * t->scale;
}

/* What goes into the layers: the rows of x, or the embedded tokens. */
static TARGET int NAME(fill)(const struct network *n, const struct step *step, int64_t from,
                             int64_t rows, const struct NAME(scratch) *s)
{
    const struct tokens *t = &step->tokens;
    for (int64_t r = 0; r < rows; r++) {
        float *to = s->x + r * s->width;
        for (int64_t i = n->width; i < s->width; i++)
            to[i] = 0;
        if (!t->ids) {
            memcpy(to, step->x + (from + r) * n->width, (size_t)n->width * sizeof(float));
            continue;
        }

        int64_t id = t->ids[from + r];
        if (id < 0 || id >= t->vocab)
            return NO_SUCH_PLACE;
        if (id == t->zero)
            memset(to, 0, (size_t)n->width * sizeof(float));
        else
            NAME(embed)(t, id, n->width, to);
        for (int64_t i = 0; i < n->width; i++)
            to[i] += t->position[i];
    }
    return DONE;
}

/* See seqkit_run_layers. */
static TARGET int NAME(run)(const struct network *n, const struct step *step, int64_t from,
                            int64_t to)
{
    int64_t rows = to - from;
    int64_t joined = n->heads * n->head;
    int64_t wide = 3 * joined > n->hidden ? 3 * joined : n->hidden;
    struct NAME(scratch) s = {
        .width = whole(n->width, PANEL), .broad = whole(wide, PANEL), .joined = joined};
    int64_t longest = whole(longest_seen(step, from, to) + 4, WIDTH);
    int64_t floats = rows * (2 * s.width + s.broad + s.joined) + longest;
    void *room;
    float *free_from = aligned(floats, &room);
    if (!free_from)
        return FAILED;

    s.x = free_from;
    s.normed = s.x + rows * s.width;
    s.wide = s.normed + rows * s.width;
    s.read = s.wide + rows * s.broad;
    s.scores = s.read + rows * s.joined;
    if (NAME(fill)(n, step, from, rows, &s) != DONE) {
        free(room);
        return NO_SUCH_PLACE;
    }

    for (int64_t number = 0; number < n->count; number++)
        NAME(run_layer)(n, number, step, from, rows, &s);

    if (n->norm.weight)
        NAME(normalise)(&n->norm, rows, n->width, s.width, s.x, s.x);
    if (n->output.packed)
        NAME(multiply)(&n->output, rows, s.x, s.width, step->y + from * n->output.outputs,
                       n->output.outputs, 0);
    else
        for (int64_t r = 0; r < rows; r++)
            memcpy(step->y + (from + r) * n->width, s.x + r * s.width,
                   (size_t)n->width * sizeof(float));
    free(room);
    return DONE;
}
