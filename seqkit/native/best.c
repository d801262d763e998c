/* The best ways to continue the beams of a search by one token: the twin of
   seqkit.search.continuations._top_of_beams after log_softmax.

   Of each row of logits a pass finds the largest of every block of tokens, and the sum that makes
   log probabilities of them. A beam's `most` best lie in the `most` blocks with the largest maxima,
   so that only those are looked through. Nothing of the size of the logits is written.

   Letters: b a block, t a token. */

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

enum { BLOCK = 64 };   /* tokens */
enum { STRETCH = 16 }; /* blocks that are summed in float32 */
enum { FAILED = -1, DONE = 0, NOT_FINITE = 1 };

/* What is searched; see `seqkit_best`. */
struct beams {
    const float *logits;   /* (beams * width, vocab) */
    const float *before;   /* (beams, width): log probabilities so far */
    int64_t width;
    int64_t vocab;
    const int64_t *never;  /* (nevers,) ascending: tokens that are not produced */
    int64_t nevers;
    const uint8_t *ends;   /* (beams,) whether only `end` may follow; NULL: in none */
    int64_t end;
    int64_t most;
    int64_t instructions;  /* of vectors.h */
    float *logp;           /* (beams, most) the best, -inf where there are no more */
    int64_t *token;        /* the same */
    int64_t *row;          /* the same */
};

/* What makes log probabilities of hypotheses of a row's logits: in this order, as torch does. */
struct scale {
    float highest, log_sum, before;
};

static inline float scaled(struct scale by, float logit)
{
    return logit - by.highest - by.log_sum + by.before;
}

static int64_t blocks_of(int64_t vocab)
{
    return (vocab + BLOCK - 1) / BLOCK;
}

#define INSTRUCTIONS PLAIN
#include "vectors.h"
#include "best.h"

#if defined(__x86_64__)
#undef INSTRUCTIONS
#define INSTRUCTIONS AVX2
#include "vectors.h"
#include "best.h"

#undef INSTRUCTIONS
#define INSTRUCTIONS AVX512
#include "vectors.h"
#include "best.h"
#endif

/* The best so far of a beam: a heap, the worst of them at its root. */
struct choice {
    float value;
    int64_t place; /* of two that are equal the first is better */
};

struct heap {
    struct choice *choices; /* (most,) */
    int64_t count, most;
};

static inline int is_worse(struct choice a, struct choice b)
{
    return a.value < b.value || (a.value == b.value && a.place > b.place);
}

/* Put a choice where the root was, and what is worse above it. */
static void sink(struct heap *h, struct choice new)
{
    int64_t at = 0;
    for (int64_t next = 1; next < h->count; next = 2 * at + 1) {
        if (next + 1 < h->count && is_worse(h->choices[next + 1], h->choices[next]))
            next++;
        if (!is_worse(h->choices[next], new))
            break;
        h->choices[at] = h->choices[next];
        at = next;
    }
    h->choices[at] = new;
}

static inline void offer(struct heap *h, float value, int64_t place)
{
    struct choice new = {value, place};
    if (h->count == h->most) {
        if (is_worse(h->choices[0], new))
            sink(h, new);
        return;
    }
    if (value == -INFINITY)
        return;

    int64_t at = h->count++;
    while (at && is_worse(new, h->choices[(at - 1) / 2])) {
        h->choices[at] = h->choices[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    h->choices[at] = new;
}

static struct choice take_worst(struct heap *h)
{
    struct choice worst = h->choices[0];
    h->count--;
    sink(h, h->choices[h->count]);
    return worst;
}

/* The place in `never` of the first token that is not before this one. */
static int64_t place_in_never(const struct beams *s, int64_t token)
{
    int64_t from = 0, to = s->nevers;
    while (from < to) {
        int64_t middle = (from + to) / 2;
        if (s->never[middle] < token)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

static int is_never(const struct beams *s, int64_t token)
{
    int64_t n = place_in_never(s, token);
    return n < s->nevers && s->never[n] == token;
}

/* Take what is never produced off the maxima of its blocks. */
static void without_never(const struct beams *s, const float *logits, float *maxima)
{
    for (int64_t n = 0; n < s->nevers;) {
        int64_t b = s->never[n] / BLOCK;
        int64_t end = (b + 1) * BLOCK < s->vocab ? (b + 1) * BLOCK : s->vocab;
        float most = -INFINITY;
        for (int64_t t = b * BLOCK; t < end; t++) {
            if (n < s->nevers && s->never[n] == t)
                n++;
            else if (logits[t] > most)
                most = logits[t];
        }
        maxima[b] = most;
    }
}

/* Room for one beam: of its rows the scale and the maxima (width, blocks), and two heaps. */
struct room {
    const float *logits; /* those of its rows */
    struct scale *scales;
    float *maxima;
    struct choice *blocks, *tokens;
};

/* Those of a block that are not less than `least`. */
static void offer_tokens(const struct beams *s, struct heap *best, int64_t row, int64_t block,
                         float least, const struct room *room)
{
    const float *logits = room->logits + row * s->vocab;
    struct scale by = room->scales[row];
    int64_t begin = block * BLOCK;
    int64_t end = begin + BLOCK < s->vocab ? begin + BLOCK : s->vocab;
    int64_t n = place_in_never(s, begin);
    for (int64_t t = begin; t < end; t++) {
        float value = scaled(by, logits[t]);
        if (n < s->nevers && s->never[n] == t)
            n++;
        else if (value >= least)
            offer(best, value, row * s->vocab + t);
    }
}

static void write_best(const struct beams *s, int64_t beam, struct heap *best)
{
    for (int64_t i = s->most - 1; i >= 0; i--) {
        int64_t to = beam * s->most + i;
        struct choice found = {-INFINITY, s->end};
        if (i < best->count)
            found = take_worst(best);
        s->logp[to] = found.value;
        s->token[to] = found.place % s->vocab;
        s->row[to] = beam * s->width + found.place / s->vocab;
    }
}

static int best_of_beam(const struct beams *s, int64_t beam, struct room *room)
{
    int64_t blocks = blocks_of(s->vocab);
    int ends = s->ends && s->ends[beam];
    struct heap best_blocks = {room->blocks, 0, s->most};
    struct heap best = {room->tokens, 0, s->most};

    room->logits = s->logits + beam * s->width * s->vocab;
    for (int64_t r = 0; r < s->width; r++) {
        const float *logits = room->logits + r * s->vocab;
        float *maxima = room->maxima + r * blocks;
        struct scale *by = room->scales + r;
        double sum = CHOSEN(pass, s->instructions)(logits, s->vocab, maxima, &by->highest);
        by->log_sum = (float)log(sum);
        by->before = s->before[beam * s->width + r];
        if (!isfinite(by->log_sum) || isnan(by->before))
            return NOT_FINITE;

        if (ends) {
            if (!is_never(s, s->end))
                offer(&best, scaled(*by, logits[s->end]), r * s->vocab + s->end);
            continue;
        }
        without_never(s, logits, maxima);
        for (int64_t b = 0; b < blocks; b++)
            offer(&best_blocks, scaled(*by, maxima[b]), r * blocks + b);
    }

    int is_full = best_blocks.count == s->most;
    float least = is_full ? best_blocks.choices[0].value : -INFINITY;
    for (int64_t i = 0; i < best_blocks.count; i++) {
        int64_t place = best_blocks.choices[i].place;
        offer_tokens(s, &best, place / blocks, place % blocks, least, room);
    }
    write_best(s, beam, &best);
    return DONE;
}

/* The `most` best continuations of the beams from `from` to `to`. Of equals, the one of the first
   row, then of the smallest token, is better.
   -> DONE; NOT_FINITE if the log probabilities of a row are not; FAILED without enough memory */
int seqkit_best(const struct beams *s, int64_t from, int64_t to)
{
    int64_t blocks = blocks_of(s->vocab);
    size_t choices = (size_t)s->most * sizeof(struct choice);
    struct room room = {
        NULL,
        malloc((size_t)s->width * sizeof(struct scale)),
        malloc((size_t)(s->width * blocks) * sizeof(float)),
        malloc(choices),
        malloc(choices),
    };

    int result = FAILED;
    if (room.scales && room.maxima && room.blocks && room.tokens) {
        result = DONE;
        for (int64_t beam = from; beam < to && result == DONE; beam++)
            result = best_of_beam(s, beam, &room);
    }

    free(room.scales);
    free(room.maxima);
    free(room.blocks);
    free(room.tokens);
    return result;
}
