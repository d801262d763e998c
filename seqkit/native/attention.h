/* Scaled dot-product attention (Vaswani et al. 2017, arXiv:1706.03762, section 3.2.1) and its
   gradient, for one type of numbers and one set of instructions. Weights are made again for the
   gradient, from the logarithm of what they were divided by, and never stand in memory as a whole:
   Dao et al. 2022, arXiv:2205.14135, section 3.1.

   Of one head at a time; its numbers are floats in the scratch memory, in rows of whole vectors. */

struct OF(head) {
    int64_t width, keys;  /* floats in a row of E numbers, and of S */
    float *key_rows;      /* (keys, width) */
    float *keys_across;   /* (width, keys) */
    float *values;        /* (keys, width) */
    float *hidden;        /* (keys,) 0, or lowest for a key that nobody may attend to */
    float *queries;       /* (QUERIES, width) of a block of queries, and so on: */
    float *weights;       /* (QUERIES, keys) */
    float *read;          /* (QUERIES, width), or the gradient of it */
    float *values_across; /* (width, keys): for the gradient only, and all below */
    float *of_weights;    /* (QUERIES, keys) */
    float *of_queries;    /* (QUERIES, width) */
    float *of_keys;       /* (S, width) */
    float *of_values;     /* (S, width) */
};

static struct OF(head) OF(head_in)(const struct attention *a, float *scratch)
{
    struct OF(head) h = {.width = whole_vectors(a->head), .keys = whole_vectors(a->keys)};
    int64_t by_key = h.keys * h.width;
    int64_t across = by_key;
    int64_t by_query = QUERIES * h.width;
    int64_t pairs = QUERIES * h.keys;

    h.key_rows = scratch;
    h.keys_across = h.key_rows + by_key;
    h.values = h.keys_across + across;
    h.hidden = h.values + by_key;
    h.queries = h.hidden + h.keys;
    h.weights = h.queries + by_query;
    h.read = h.weights + pairs;
    h.values_across = h.read + by_query;
    h.of_weights = h.values_across + across;
    h.of_queries = h.of_weights + pairs;
    h.of_keys = h.of_queries + by_query;
    h.of_values = h.of_keys + by_key;
    return h;
}

/* Rows of a head as floats, with zeros to the end of the vector. */
static TARGET void OF(copy_in)(const number *from, int64_t stride, int64_t rows, int64_t count,
                               float *to, int64_t to_stride)
{
    for (int64_t row = 0; row < rows; row++)
        for (int64_t i = 0; i < count; i += WIDTH) {
            const number *each = from + row * stride + i;
            vector x = count - i < WIDTH ? OF(read_some)(each, count - i, 0.0f) : OF(read)(each);
            NAME(store)(to + row * to_stride + i, x);
        }
}

static TARGET void OF(copy_out)(const float *from, int64_t from_stride, int64_t rows,
                                int64_t count, number *to, int64_t stride)
{
    for (int64_t row = 0; row < rows; row++)
        for (int64_t i = 0; i < count; i += WIDTH) {
            vector x = NAME(load)(from + row * from_stride + i);
            number *each = to + row * stride + i;
            if (count - i < WIDTH)
                OF(write_some)(each, x, count - i);
            else
                OF(write)(each, x);
        }
}

/* Keys or values of a head: as rows, and as columns. Both have zeros to the end of the vector. */
static TARGET void OF(copy_both)(const struct attention *a, const struct OF(head) *h,
                                 const number *from, float *rows, float *across)
{
    OF(copy_in)(from, a->memory_stride, a->keys, a->head, rows, h->width);
    int64_t padded = h->keys - a->keys;
    memset(rows + a->keys * h->width, 0, (size_t)(padded * h->width) * sizeof(float));
    NAME(turn)(rows, h->width, h->keys, (a->head + 3) / 4 * 4, across, h->keys);
}

/* What the heads of one sentence have in common. */
static TARGET void OF(hide)(const struct attention *a, int64_t sentence, struct OF(head) *h)
{
    for (int64_t s = 0; s < h->keys; s++) {
        int is_real = s < a->keys && (!a->real || a->real[sentence * a->keys + s]);
        h->hidden[s] = is_real ? 0.0f : LOWEST;
    }
}

/* Where a row of a head begins, of what has `stride` numbers in a row. */
INLINE int64_t OF(place)(const struct attention *a, int64_t sentence, int64_t length, int64_t row,
                         int64_t stride, int64_t head)
{
    return (sentence * length + row) * stride + head * a->head;
}

/* Scores of one query in the place of products: scaled, and lowest where it may not attend. */
INLINE void OF(mask_row)(const struct attention *a, const struct OF(head) *h, int64_t query,
                         float *row)
{
    for (int64_t s = 0; s < h->keys; s += WIDTH) {
        NAME(integers) is_hidden = NAME(load)(h->hidden + s) < 0.0f;
        NAME(integers) each = (NAME(integers))(NAME(load)(row + s) * a->scale);
        NAME(integers) lowest = (NAME(integers))NAME(all)(LOWEST);
        NAME(store)(row + s, (vector)((each & ~is_hidden) | (lowest & is_hidden)));
    }
    if (a->causal)
        for (int64_t s = query + 1; s < h->keys; s++)
            row[s] = LOWEST;
}

/* e to the power of (score - minus), 0 for the lowest ones -> their sum; a score that is no number
   stays none */
INLINE float OF(weigh)(const struct OF(head) *h, float minus, float *row)
{
    vector sum = {0};
    for (int64_t s = 0; s < h->keys; s += WIDTH) {
        vector score = NAME(load)(row + s);
        NAME(integers) is_seen = ~(score <= 0.5f * LOWEST);
        vector each = NAME(exponential)(score - minus);
        each = (vector)((NAME(integers))each & is_seen);
        NAME(store)(row + s, each);
        sum += each;
    }
    return NAME(total)(sum);
}

INLINE float OF(greatest_of)(const struct OF(head) *h, const float *row)
{
    vector most = NAME(load)(row);
    for (int64_t s = WIDTH; s < h->keys; s += WIDTH)
        most = GREATER(most, NAME(load)(row + s));
    return NAME(greatest)(most);
}

/* What `count` queries from `first` on read, and `log_totals` of them: 0 if all keys are hidden. */
static TARGET void OF(read_block)(const struct attention *a, struct OF(head) *h, int64_t sentence,
                                  int64_t head, int64_t first, int64_t count)
{
    int64_t place = OF(place)(a, sentence, a->queries, first, a->query_stride, head);
    int64_t out = OF(place)(a, sentence, a->queries, first, a->heads * a->head, head);
    float *log_totals = a->log_totals + (sentence * a->heads + head) * a->queries + first;

    OF(copy_in)((const number *)a->query + place, a->query_stride, count, a->head, h->queries,
                h->width);
    NAME(multiply_small)(count, a->head, h->keys, h->queries, h->width, 1, h->keys_across, h->keys,
                         h->weights, h->keys, 0);
    for (int64_t t = 0; t < count; t++) {
        float *row = h->weights + t * h->keys;
        OF(mask_row)(a, h, first + t, row);
        float most = OF(greatest_of)(h, row);
        float sum = OF(weigh)(h, most, row);
        log_totals[t] = most + logf(sum);
        float rate = sum == 0.0f ? 0.0f : 1.0f / sum;
        for (int64_t s = 0; s < h->keys; s += WIDTH)
            NAME(store)(row + s, NAME(load)(row + s) * rate);
    }

    NAME(multiply_small)(count, a->keys, h->width, h->weights, h->keys, 1, h->values, h->width,
                         h->read, h->width, 0);
    OF(copy_out)(h->read, h->width, count, a->head, (number *)a->read + out, a->heads * a->head);
}

/* The heads from `a->start` to `a->end`, of all sentences one after the other. */
static TARGET void OF(attend)(const struct attention *a)
{
    struct OF(head) h = OF(head_in)(a, a->scratch);
    for (int64_t number_of_head = a->start; number_of_head < a->end; number_of_head++) {
        int64_t sentence = number_of_head / a->heads;
        int64_t head = number_of_head % a->heads;
        int64_t place = OF(place)(a, sentence, a->keys, 0, a->memory_stride, head);

        OF(hide)(a, sentence, &h);
        OF(copy_both)(a, &h, (const number *)a->key + place, h.key_rows, h.keys_across);
        OF(copy_in)((const number *)a->value + place, a->memory_stride, a->keys, a->head, h.values,
                    h.width);
        for (int64_t first = 0; first < a->queries; first += QUERIES) {
            int64_t left = a->queries - first;
            OF(read_block)(a, &h, sentence, head, first, left < QUERIES ? left : QUERIES);
        }
    }
}

/* The gradient of the scores, scaled, in the place of that of the weights. */
INLINE void OF(of_scores)(const struct attention *a, const struct OF(head) *h,
                          const float *weights, float *of_weights)
{
    vector sums = {0};
    for (int64_t s = 0; s < h->keys; s += WIDTH)
        sums = MULTIPLY_ADD(NAME(load)(weights + s), NAME(load)(of_weights + s), sums);
    float mean = NAME(total)(sums);

    for (int64_t s = 0; s < h->keys; s += WIDTH) {
        vector apart = (NAME(load)(of_weights + s) - mean) * a->scale;
        NAME(store)(of_weights + s, apart * NAME(load)(weights + s));
    }
}

/* The gradient through `count` queries from `first` on. */
static TARGET void OF(gradient_of_block)(const struct attention *a, struct OF(head) *h,
                                         int64_t sentence, int64_t head, int64_t first,
                                         int64_t count)
{
    int64_t joined = a->heads * a->head;
    int64_t place = OF(place)(a, sentence, a->queries, first, a->query_stride, head);
    int64_t out = OF(place)(a, sentence, a->queries, first, joined, head);
    const float *log_totals = a->log_totals + (sentence * a->heads + head) * a->queries + first;

    OF(copy_in)((const number *)a->query + place, a->query_stride, count, a->head, h->queries,
                h->width);
    OF(copy_in)((const number *)a->of_read + out, joined, count, a->head, h->read, h->width);
    NAME(multiply_small)(count, a->head, h->keys, h->queries, h->width, 1, h->keys_across, h->keys,
                         h->weights, h->keys, 0);
    NAME(multiply_small)(count, a->head, h->keys, h->read, h->width, 1, h->values_across, h->keys,
                         h->of_weights, h->keys, 0);
    for (int64_t t = 0; t < count; t++) {
        float *row = h->weights + t * h->keys;
        OF(mask_row)(a, h, first + t, row);
        OF(weigh)(h, log_totals[t], row);
    }
    NAME(multiply_small)(a->keys, count, h->width, h->weights, 1, h->keys, h->read, h->width,
                         h->of_values, h->width, 1);

    for (int64_t t = 0; t < count; t++)
        OF(of_scores)(a, h, h->weights + t * h->keys, h->of_weights + t * h->keys);
    NAME(multiply_small)(count, a->keys, h->width, h->of_weights, h->keys, 1, h->key_rows,
                         h->width, h->of_queries, h->width, 0);
    NAME(multiply_small)(a->keys, count, h->width, h->of_weights, 1, h->keys, h->queries, h->width,
                         h->of_keys, h->width, 1);
    OF(copy_out)(h->of_queries, h->width, count, a->head, (number *)a->of_query + out, joined);
}

/* The gradient of `attend`, for the same heads. */
static TARGET void OF(attend_gradient)(const struct attention *a)
{
    struct OF(head) h = OF(head_in)(a, a->scratch);
    int64_t of_memory = 2 * a->heads * a->head; /* numbers in a row of its gradient */

    for (int64_t number_of_head = a->start; number_of_head < a->end; number_of_head++) {
        int64_t sentence = number_of_head / a->heads;
        int64_t head = number_of_head % a->heads;
        int64_t place = OF(place)(a, sentence, a->keys, 0, a->memory_stride, head);
        int64_t out = OF(place)(a, sentence, a->keys, 0, of_memory, head);
        const number *key = (const number *)a->key + place;
        const number *value = (const number *)a->value + place;

        OF(hide)(a, sentence, &h);
        OF(copy_both)(a, &h, key, h.key_rows, h.keys_across);
        OF(copy_both)(a, &h, value, h.values, h.values_across);
        memset(h.of_keys, 0, (size_t)(a->keys * h.width) * sizeof(float));
        memset(h.of_values, 0, (size_t)(a->keys * h.width) * sizeof(float));

        for (int64_t first = 0; first < a->queries; first += QUERIES) {
            int64_t left = a->queries - first;
            OF(gradient_of_block)(a, &h, sentence, head, first, left < QUERIES ? left : QUERIES);
        }
        OF(copy_out)(h.of_keys, h.width, a->keys, a->head, (number *)a->of_key + out, of_memory);
        OF(copy_out)(h.of_values, h.width, a->keys, a->head, (number *)a->of_value + out,
                     of_memory);
    }
}
