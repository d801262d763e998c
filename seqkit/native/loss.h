/* Cross-entropy of rows of logits, for one type of numbers and one set of instructions. */

INLINE vector OF(with_bias)(vector x, const float *bias, int64_t from, int64_t count)
{
    if (!bias)
        return x;
    if (count == WIDTH)
        return x + NAME(load)(bias + from);
    for (int64_t i = 0; i < count; i++)
        x[i] += bias[from + i];
    return x;
}

/* The logits of one row, with their biases, as floats; lanes beyond the last count as -infinity.
   -> the greatest */
INLINE float OF(widen)(const struct loss *loss, const number *logits, float *wide)
{
    vector most = NAME(all)(-INFINITY);
    for (int64_t i = 0; i < loss->words; i += WIDTH) {
        int64_t count = loss->words - i < WIDTH ? loss->words - i : WIDTH;
        vector each = count == WIDTH ? OF(read)(logits + i)
                                     : OF(read_some)(logits + i, count, -INFINITY);
        each = OF(with_bias)(each, loss->bias, i, count);
        most = GREATER(most, each);
        NAME(store)(wide + i, each);
    }
    return NAME(greatest)(most);
}

/* Probabilities times the sum that is returned. */
INLINE float OF(exponentials)(int64_t words, float most, float *wide)
{
    vector sums[4] = {{0}, {0}, {0}, {0}};
    int64_t i = 0;
    for (; i + 4 * WIDTH <= words; i += 4 * WIDTH)
        for (int k = 0; k < 4; k++) {
            vector each = NAME(exponential)(NAME(load)(wide + i + k * WIDTH) - most);
            sums[k] += each;
            NAME(store)(wide + i + k * WIDTH, each);
        }
    float sum = NAME(total)(sums[0] + sums[1] + (sums[2] + sums[3]));
    for (; i < words; i += WIDTH) {
        vector each = NAME(exponential)(NAME(load)(wide + i) - most);
        NAME(store)(wide + i, each);
        for (int64_t k = 0; k < WIDTH && i + k < words; k++)
            sum += each[k];
    }
    return sum;
}

/* The gradient in the place of the logits: probabilities, less `loss->on_target` at the target. */
INLINE void OF(gradient)(const struct loss *loss, int64_t target, float rate, const float *wide,
                         number *logits)
{
    for (int64_t i = 0; i < loss->words; i += WIDTH) {
        vector each = NAME(load)(wide + i) * rate;
        int64_t count = loss->words - i;
        if (count < WIDTH)
            OF(write_some)(logits + i, each, count);
        else
            OF(write)(logits + i, each);
    }
    OF(write_one)(logits + target, wide[target] * rate - loss->on_target);

    if (!loss->of_bias)
        return;
    for (int64_t i = 0; i < loss->words; i++)
        loss->of_bias[i] += wide[i] * rate;
    loss->of_bias[target] -= loss->on_target;
}

static TARGET void OF(cross_entropy)(const struct loss *loss)
{
    for (int64_t row = 0; row < loss->rows; row++) {
        number *logits = (number *)loss->logits + row * loss->words;
        int64_t target = loss->targets[row];
        float most = OF(widen)(loss, logits, loss->wide);
        loss->of_target[row] = loss->wide[target];

        float sum = OF(exponentials)(loss->words, most, loss->wide);
        loss->log_totals[row] = most + logf(sum);
        OF(gradient)(loss, target, 1.0f / sum, loss->wide, logits);
    }
}
