/* Random bytes for dropout, for one set of instructions: word i of 64 bits is the i-th output of
   splitmix64 (Steele et al. 2014, "Fast splittable pseudorandom number generators", section 3), so
   that any part of them can be drawn alone. */

typedef uint64_t NAME(words) __attribute__((vector_size(4 * WIDTH)));
typedef uint8_t NAME(bytes) __attribute__((vector_size(WIDTH)));

/* What each of the numbers from i on is multiplied by: 0 if its byte is below `d->dropped`, else
   `d->scale`. -> how many numbers are left, DRAWN at most */
INLINE int64_t NAME(draw)(const struct dropout *d, int64_t i, float kept[DRAWN])
{
    uint8_t drawn[DRAWN];
    for (int64_t byte = 0; byte < DRAWN; byte += 4 * WIDTH) {
        const uint64_t golden = 0x9E3779B97F4A7C15u;
        uint64_t first = (uint64_t)(d->start + i + byte) / 8 + 1;
        NAME(words) z;
        UNROLLED
        for (unsigned k = 0; k < WIDTH / 2; k++)
            z[k] = k * golden;
        z += d->seed + first * golden;

        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
        z ^= z >> 31;
        memcpy(drawn + byte, &z, sizeof z);
    }

    for (int k = 0; k < DRAWN; k += WIDTH) {
        NAME(bytes) each;
        memcpy(&each, drawn + k, sizeof each);
        NAME(integers) is_kept = __builtin_convertvector(each, NAME(integers)) >= (int32_t)d->dropped;
        NAME(store)(kept + k, (vector)((NAME(integers))NAME(all)(d->scale) & is_kept));
    }
    return d->count - i < DRAWN ? d->count - i : DRAWN;
}
