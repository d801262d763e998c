/* Passes over activations that a training takes many of, each in one: the twins of what
   seqkit.nn.loss, attention and dropout do with torch. Everything is compiled for several sets of
   instructions (see vectors.h) and two types of numbers (see numbers.h); sums are floats. */

#include <math.h>
#include <stdint.h>
#include <string.h>

/* Rows of logits, which the gradient takes the place of. */
struct loss {
    void *logits;           /* (rows, words) of numbers */
    const float *bias;      /* (words,), NULL: there is none */
    const int64_t *targets; /* (rows,) */
    int64_t rows;
    int64_t words;
    float on_target;        /* what the gradient of a target is less than its probability */
    float *of_bias;         /* (words,) that the gradient of the bias is added to, or NULL */
    float *wide;            /* (words, and to the end of the vector): for one row */
    float *log_totals;      /* (rows,) the logarithm of what exponentials are divided by */
    float *of_target;       /* (rows,) the logit of the target */
};

/* Heads that attend: B sentences, T queries, S keys, H heads, E numbers of a head. */
struct attention {
    const void *query;      /* (B, T, query_stride): H E numbers of a row count */
    const void *key;        /* (B, S, memory_stride), the same */
    const void *value;      /* (B, S, memory_stride), the same */
    int64_t query_stride;
    int64_t memory_stride;
    const uint8_t *real;    /* (B, S) whether a key may be attended to; NULL: all may be */
    int64_t causal;         /* whether query t attends to keys 0 to t only */
    int64_t heads;          /* H */
    int64_t head;           /* E */
    int64_t queries;        /* T */
    int64_t keys;           /* S */
    int64_t start;          /* the first of the B H heads that are done */
    int64_t end;            /* and what is after the last one */
    float scale;            /* of scores */
    float *log_totals;      /* (B, H, T) the logarithm of what weights are divided by */
    void *read;             /* (B, T, H E) */
    const void *of_read;    /* (B, T, H E) the gradient of it */
    void *of_query;         /* (B, T, H E) */
    void *of_key;           /* (B, S, 2 H E), those of a row that are for keys come first */
    void *of_value;         /* in the same rows */
    float *scratch;         /* seqkit_attention_scratch floats */
};

struct dropout {
    const void *x;          /* (count,) numbers, see the functions for these three */
    const void *output;     /* (count,) numbers */
    const float *given;     /* (count,) */
    uint64_t seed;          /* of the random bytes */
    int64_t start;          /* how many bytes belong to others before them, a multiple of 8 */
    int64_t dropped;        /* bytes below it drop their number */
    float scale;            /* of numbers that stay */
    int64_t is_relu;
    int64_t count;
    void *to;               /* (count,) */
};

enum {
    QUERIES = 64,     /* of a block */
    MOST_FLOATS = 16, /* in the longest vector */
    DRAWN = 64        /* random bytes that are drawn at once */
};
#define LOWEST (-1e30f)

/* So many floats that they are whole vectors. */
static int64_t whole_vectors(int64_t count)
{
    return (count + MOST_FLOATS - 1) / MOST_FLOATS * MOST_FLOATS;
}

#define INSTRUCTIONS PLAIN
#include "training.h"

#if defined(__x86_64__)
#undef INSTRUCTIONS
#define INSTRUCTIONS AVX2
#include "training.h"

#undef INSTRUCTIONS
#define INSTRUCTIONS AVX512
#include "training.h"
#endif

/* Call the one of a function that is for these instructions and numbers. */
#define CALL(function, ...)                                      \
    (numbers == BFLOAT16 ? CHOSEN(function##_bf16, instructions) \
                         : CHOSEN(function##_float, instructions))(__VA_ARGS__)

void seqkit_cross_entropy(const struct loss *loss, int64_t instructions, int64_t numbers)
{
    CALL(cross_entropy, loss);
}

/* How many floats attention is worked on in. */
int64_t seqkit_attention_scratch(int64_t keys, int64_t head)
{
    int64_t width = whole_vectors(head);
    int64_t row = whole_vectors(keys);
    return 6 * row * width + row + QUERIES * (3 * width + 2 * row);
}

void seqkit_attend(const struct attention *a, int64_t instructions, int64_t numbers)
{
    CALL(attend, a);
}

/* Fills of_query, of_key and of_value; `log_totals` are those of seqkit_attend. */
void seqkit_attend_gradient(const struct attention *a, int64_t instructions, int64_t numbers)
{
    CALL(attend_gradient, a);
}

void seqkit_drop(const struct dropout *d, int64_t instructions, int64_t numbers)
{
    CALL(drop, d);
}

void seqkit_drop_and_add(const struct dropout *d, int64_t instructions, int64_t numbers)
{
    CALL(drop_and_add, d);
}

void seqkit_drop_gradient(const struct dropout *d, int64_t instructions, int64_t numbers)
{
    CALL(drop_gradient, d);
}

void seqkit_drop_relu_gradient(const struct dropout *d, int64_t instructions, int64_t numbers)
{
    CALL(drop_relu_gradient, d);
}
