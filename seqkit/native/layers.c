/* The layers of a Transformer in a search, float32 but for products in 8 bits where they are asked
   for: the twin of seqkit.nn.stepping and seqkit.nn.encoding. Padding is not computed, rows see
   lists of slots.

   Everything is compiled for several sets of instructions (see vectors.h); weights are packed for
   one of them by seqkit.nn.packed. Vectors are whole: outputs of products, the widths of heads and
   norms are filled up with zeros.

   Letters: r a row, h a head, i a number of a row, p a place that a row sees. */

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { NO_SUCH_PLACE = -2, FAILED = -1, DONE = 0 };
enum { LINE = 16 };     /* floats in a line of the cache */
enum { NOTHING = -1 }; /* beside the instructions of vectors.h */
enum { RELU, SWISH, GELU, GELU_BY_TANH };

/* A weight and a bias as `multiply` in products.h or eight_bits.h reads them. */
struct product {
    const float *packed; /* (panels, inputs + 1 or 3 + inputs / 4, PANEL); NULL: there is none */
    int64_t inputs;
    int64_t outputs;
};

struct norm {
    const float *weight; /* (width,) and zeros to the end of the panel; NULL: there is no norm */
    const float *bias;   /* the same */
    float eps;
};

struct layer {
    struct product own;         /* queries, keys and values: 3 heads * head outputs */
    struct product own_out;
    struct product source;      /* queries to the source; NULL in an encoder */
    struct product source_out;
    struct product up;
    struct product down;
    struct norm own_norm;
    struct norm source_norm;
    struct norm last_norm;      /* around `up` and `down` */
};

struct network {
    const struct layer *layers; /* (count,) */
    int64_t count;
    int64_t width;
    int64_t heads;
    int64_t head;               /* the width of one, filled up to whole vectors */
    int64_t hidden;
    int64_t prenorm;            /* whether norms are before sublayers, not after them */
    int64_t activation;
    float scale;                /* of what attention goes by: 1 / sqrt(the width of a head) */
    struct norm norm;           /* after all layers */
    struct product output;      /* NULL: what comes out is the last hidden states */
    int64_t instructions;       /* that everything is packed for */
};

/* Keys and values that rows attend to: in each slot the keys of all heads, then their values. */
struct memory {
    float *pool;                /* (layers, slots, 2 heads * head) */
    int64_t layer_stride;       /* floats from a layer to the next; 0: they share one */
    const int32_t *slots;       /* see `seen_by` */
    const int64_t *group;       /* (rows,) whose slots a row sees; NULL: each row has its own */
    const int64_t *first;       /* (groups + 1,) where those of a group begin */
    int64_t length;             /* without groups: how many slots a row sees */
};

/* Tokens that all stand at one position, to be embedded: vectors times `scale`, plus the position. */
struct tokens {
    const int64_t *ids;         /* (rows,); NULL: x is given */
    const float *vectors;       /* (vocab, width); NULL: they are those of `packed` */
    struct product packed;      /* with such weights, in 8 bits */
    const float *position;      /* (width,) */
    int64_t vocab;
    int64_t zero;               /* the token whose vector counts as zeros; -1: none */
    float scale;
};

struct step {
    const float *x;             /* (rows, width) */
    struct tokens tokens;
    const int32_t *slots;       /* of `own` that keys and values of the rows go to */
    int64_t slot_stride;        /* from the slot of a row to that of the next */
    struct memory own;
    struct memory source;
    float *y;                   /* (rows, outputs or width) */
};

/* The slots that a row sees, and how many. */
static int64_t seen_by(const struct memory *m, int64_t row, const int32_t **slots)
{
    if (!m->group) {
        *slots = m->slots + row * m->length;
        return m->length;
    }
    int64_t group = m->group[row];
    *slots = m->slots + m->first[group];
    return m->first[group + 1] - m->first[group];
}

/* The most slots that a row from `from` to `to` sees. */
static int64_t longest_seen(const struct step *step, int64_t from, int64_t to)
{
    const int32_t *slots;
    int64_t most = 0;
    for (int64_t r = from; r < to; r++) {
        int64_t own = seen_by(&step->own, r, &slots);
        int64_t source = step->source.pool ? seen_by(&step->source, r, &slots) : 0;
        most = own > most ? own : most;
        most = source > most ? source : most;
    }
    return most;
}

static int64_t whole(int64_t count, int64_t unit)
{
    return (count + unit - 1) / unit * unit;
}

/* Memory for so many floats that begins where a line of the cache does; to be freed by `room`. */
static float *aligned(int64_t floats, void **room)
{
    const size_t line = LINE * sizeof(float);
    *room = malloc((size_t)floats * sizeof(float) + line);
    return *room ? (float *)(((uintptr_t)*room + line - 1) / line * line) : NULL;
}

#define INSTRUCTIONS PLAIN
#include "vectors.h"
#include "products.h"
#include "layers.h"

#undef INSTRUCTIONS
#define INSTRUCTIONS PLAIN8
#include "vectors.h"
#include "eight_bits.h"
#include "layers.h"

#if defined(__x86_64__)
#undef INSTRUCTIONS
#define INSTRUCTIONS AVX2
#include "vectors.h"
#include "products.h"
#include "layers.h"

#undef INSTRUCTIONS
#define INSTRUCTIONS AVX512
#include "vectors.h"
#include "products.h"
#include "layers.h"

#undef INSTRUCTIONS
#define INSTRUCTIONS VNNI
#include "vectors.h"
#include "eight_bits.h"
#include "layers.h"
#endif

/* The most that this processor has, or NOTHING where torch's products have more than ours. */
int64_t seqkit_instructions(void)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw"))
        return AVX512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return AVX2;
    return NOTHING;
#else
    return PLAIN;
#endif
}

/* The same for products in 8 bits; NOTHING where they are no faster than those of floats. */
int64_t seqkit_instructions_of_eight_bits(void)
{
#if defined(__x86_64__)
    if (seqkit_instructions() == AVX512 && __builtin_cpu_supports("avx512vnni"))
        return VNNI;
#endif
    return NOTHING;
}

/* CHOSEN, of functions that stand for products in 8 bits, too. */
#if defined(__x86_64__)
#define CHOSEN_HERE(function, instructions)         \
    ((instructions) == VNNI ? function##_vnni       \
     : (instructions) == PLAIN8 ? function##_plain8 \
                                : CHOSEN(function, instructions))
#else
#define CHOSEN_HERE(function, instructions) \
    ((instructions) == PLAIN8 ? function##_plain8 : CHOSEN(function, instructions))
#endif

/* y = x W' + b for x (rows, inputs), y (rows, outputs). */
void seqkit_multiply(const struct product *p, int64_t instructions, int64_t rows, const float *x,
                     float *y)
{
    CHOSEN_HERE(multiply, instructions)(p, rows, x, p->inputs, y, p->outputs, 0);
}

/* The `paths` of hypotheses, a slot longer each, and their `groups`. They go on from `rows` (count,)
   of the `before` paths of `length` slots, or from the same rows; their new slots are `slot`,
   `slot` + 1, … -> DONE, or NO_SUCH_PLACE for a row that there is not */
int seqkit_extend_paths(int64_t before, int64_t length, const int32_t *old_paths,
                        const int64_t *old_groups, int64_t count, const int64_t *rows,
                        int64_t slot, int32_t *paths, int64_t *groups)
{
    for (int64_t r = 0; r < count; r++) {
        int64_t from = rows ? rows[r] : r;
        if (from < 0 || from >= before)
            return NO_SUCH_PLACE;
        int32_t *path = paths + r * (length + 1);
        for (int64_t i = 0; i < length; i++)
            path[i] = old_paths[from * length + i];
        path[length] = (int32_t)(slot + r);
        groups[r] = old_groups[from];
    }
    return DONE;
}

/* What the layers make of the rows from `from` to `to`. Rows may be worked on at the same time that
   do not see each other's slots. -> DONE, FAILED if there is not enough memory, or NO_SUCH_PLACE for
   a token that there is not */
int seqkit_run_layers(const struct network *n, const struct step *step, int64_t from, int64_t to)
{
    return CHOSEN_HERE(run, n->instructions)(n, step, from, to);
}
