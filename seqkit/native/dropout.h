/* Dropout (Srivastava et al. 2014) by a random byte for each number, for one type of numbers and one
   set of instructions. Bytes are drawn where they are used, the same ones forward and back. */

/* x, or with `is_relu` what is greater than 0 of it, with some dropped. */
static TARGET void OF(drop)(const struct dropout *d)
{
    const number *x = (const number *)d->x;
    number *to = (number *)d->to;
    vector least = NAME(all)(d->is_relu ? 0.0f : -INFINITY);

    for (int64_t i = 0; i < d->count; i += DRAWN) {
        float kept[DRAWN];
        int64_t end = NAME(draw)(d, i, kept);
        int64_t k = 0;
        for (; k + WIDTH <= end; k += WIDTH) {
            vector each = GREATER(least, OF(read)(x + i + k));
            OF(write)(to + i + k, each * NAME(load)(kept + k));
        }
        for (; k < end; k++) {
            float each = OF(read_one)(x + i + k);
            OF(write_one)(to + i + k, (each < least[0] ? least[0] : each) * kept[k]);
        }
    }
}

/* The gradient of `drop` with `is_relu`, from that of its output, which is 0 where nothing passes. */
static TARGET void OF(drop_relu_gradient)(const struct dropout *d)
{
    const number *x = (const number *)d->x;
    const number *output = (const number *)d->output;
    number *to = (number *)d->to;
    int64_t i = 0;
    for (; i + WIDTH <= d->count; i += WIDTH) {
        NAME(integers) passes = OF(read)(output + i) > 0.0f;
        vector each = OF(read)(x + i) * d->scale;
        OF(write)(to + i, (vector)((NAME(integers))each & passes));
    }
    for (; i < d->count; i++)
        OF(write_one)(to + i, OF(read_one)(output + i) > 0.0f ? OF(read_one)(x + i) * d->scale : 0);
}

/* What a sublayer was given, floats, and x with some dropped: their sum, floats. */
static TARGET void OF(drop_and_add)(const struct dropout *d)
{
    const number *x = (const number *)d->x;
    float *to = (float *)d->to;

    for (int64_t i = 0; i < d->count; i += DRAWN) {
        float kept[DRAWN];
        int64_t end = NAME(draw)(d, i, kept);
        int64_t k = 0;
        for (; k + WIDTH <= end; k += WIDTH) {
            vector given = NAME(load)(d->given + i + k);
            vector sum = MULTIPLY_ADD(OF(read)(x + i + k), NAME(load)(kept + k), given);
            NAME(store)(to + i + k, sum);
        }
        for (; k < end; k++)
            to[i + k] = d->given[i + k] + OF(read_one)(x + i + k) * kept[k];
    }
}

/* The gradient of x of `drop_and_add`, from that of the sum in `given`. */
static TARGET void OF(drop_gradient)(const struct dropout *d)
{
    number *to = (number *)d->to;

    for (int64_t i = 0; i < d->count; i += DRAWN) {
        float kept[DRAWN];
        int64_t end = NAME(draw)(d, i, kept);
        int64_t k = 0;
        for (; k + WIDTH <= end; k += WIDTH)
            OF(write)(to + i + k, NAME(load)(d->given + i + k) * NAME(load)(kept + k));
        for (; k < end; k++)
            OF(write_one)(to + i + k, d->given[i + k] * kept[k]);
    }
}
