/* Dropout (Srivastava et al. 2014) by a random byte for each number, for one type of numbers and one
   set of instructions. */

typedef uint8_t OF(bytes) __attribute__((vector_size(WIDTH)));

/* `scale` where a byte is `dropped` or more, 0 elsewhere. */
INLINE vector OF(kept)(const struct dropout *d, int64_t i)
{
    OF(bytes) noise;
    memcpy(&noise, d->noise + i, sizeof noise);
    NAME(integers) is_kept = __builtin_convertvector(noise, NAME(integers)) >= (int32_t)d->dropped;
    return (vector)((NAME(integers))NAME(all)(d->scale) & is_kept);
}

INLINE float OF(kept_one)(const struct dropout *d, int64_t i)
{
    return d->noise[i] >= d->dropped ? d->scale : 0.0f;
}

/* x with some dropped. */
static TARGET void OF(drop)(const struct dropout *d)
{
    const number *x = (const number *)d->x;
    number *to = (number *)d->to;
    int64_t i = 0;
    for (; i + WIDTH <= d->count; i += WIDTH)
        OF(write)(to + i, OF(read)(x + i) * OF(kept)(d, i));
    for (; i < d->count; i++)
        OF(write_one)(to + i, OF(read_one)(x + i) * OF(kept_one)(d, i));
}

/* What a sublayer was given, floats, and x with some dropped: their sum, floats. */
static TARGET void OF(drop_and_add)(const struct dropout *d)
{
    const number *x = (const number *)d->x;
    float *to = (float *)d->to;
    int64_t i = 0;
    for (; i + WIDTH <= d->count; i += WIDTH) {
        vector each = MULTIPLY_ADD(OF(read)(x + i), OF(kept)(d, i), NAME(load)(d->given + i));
        NAME(store)(to + i, each);
    }
    for (; i < d->count; i++)
        to[i] = d->given[i] + OF(read_one)(x + i) * OF(kept_one)(d, i);
}

/* The gradient of x of `drop_and_add`, from that of the sum in `given`. */
static TARGET void OF(drop_gradient)(const struct dropout *d)
{
    number *to = (number *)d->to;
    int64_t i = 0;
    for (; i + WIDTH <= d->count; i += WIDTH)
        OF(write)(to + i, NAME(load)(d->given + i) * OF(kept)(d, i));
    for (; i < d->count; i++)
        OF(write_one)(to + i, d->given[i] * OF(kept_one)(d, i));
}
