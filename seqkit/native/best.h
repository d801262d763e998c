/* A pass over a row of logits, for one set of instructions: see vectors.h and best.c. */

/* The largest of each block of a row, `maxima` (blocks,), and of the whole row.
   -> the sum of e^(logit - highest): not finite if a logit is NaN or infinite, or all are -inf */
static TARGET double NAME(pass)(const float *logits, int64_t vocab, float *maxima, float *highest)
{
    enum { PARTS = BLOCK / WIDTH };
    const int64_t whole = vocab / BLOCK;
    const int64_t blocks = blocks_of(vocab);

    float last[BLOCK];
    for (int64_t i = 0; i < BLOCK; i++)
        last[i] = whole * BLOCK + i < vocab ? logits[whole * BLOCK + i] : -INFINITY;

    float most = -INFINITY;
    for (int64_t b = 0; b < blocks; b++) {
        const float *x = b < whole ? logits + b * BLOCK : last;
        vector largest = NAME(load)(x);
        UNROLLED
        for (int i = 1; i < PARTS; i++)
            largest = GREATER(largest, NAME(load)(x + i * WIDTH));
        maxima[b] = NAME(greatest)(largest);
        most = maxima[b] > most ? maxima[b] : most;
    }
    *highest = most;

    double sum = 0.0;
    for (int64_t begin = 0; begin < blocks; begin += STRETCH) {
        int64_t end = begin + STRETCH < blocks ? begin + STRETCH : blocks;
        vector total = {0};
        for (int64_t b = begin; b < end; b++) {
            const float *x = b < whole ? logits + b * BLOCK : last;
            UNROLLED
            for (int i = 0; i < PARTS; i++)
                total += NAME(exponential)(NAME(load)(x + i * WIDTH) - most);
        }
        sum += NAME(total)(total);
    }
    return sum;
}
