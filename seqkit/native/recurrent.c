/* An LSTM or GRU layer over time in bf16, forward and backward, one call for all steps: the twin of
   what `lstm_step` and `gru_step` of seqkit/nn/recurrent.py say.

   It is for processors that multiply bf16 numbers themselves (AVX-512 BF16), by tiles where they
   have them (AMX). Products are of bf16 numbers and summed in float32, in which everything else is
   computed. What comes of the inputs is multiplied before, of all steps at once; a step adds the
   product with the state before it, whose weights lie in the order in which they are read, and
   goes on with its sums while they are in the cache.

   Letters: T steps, B sequences, H units, filled up to a multiple of 16, G = 4 H gates (LSTM) or 3 H
   (GRU): of each 16 units the input gates, forget gates, new cells and output gates, or the reset
   gates, update gates and new states. Units that fill up have weights, inputs and first states of
   zero, and stay zero. Arrays begin at multiples of 64 bytes. */

#define _GNU_SOURCE /* for syscall */
#include <stdint.h>

enum { UNITS = 16, SAVED = 4 };
enum { GRU = 3, LSTM = 4 }; /* by the number of gates */

struct layer {
    int64_t steps;
    int64_t batch;
    int64_t units;
    int64_t tiles;              /* whether to multiply by them: see seqkit_has_tiles */
    const uint16_t *weights;    /* of the state, packed: forward (G, H), backward (H, G) */
    const uint16_t *inputs;     /* (T, B, G) bf16: products with the inputs */
    const float *biases;        /* (4 H,) in the order of gates; GRU: the last is the state's part
                                   of new states, which the reset gate is for */
    uint16_t *states;           /* (T + 1, B, H) bf16, the first one given */
    float *cells;               /* (T + 1, B, H), the first one given; GRU: the states */
    uint16_t *saved;            /* (T, B, 4 H) sigmoids, in units of 1 / 65535; GRU: the last is the
                                   state's part of new states, in bf16 */
    const uint16_t *of_outputs; /* (T, B, H) bf16: gradients of the states after each step */
    float *of_cells;            /* (B, H) the gradient of the last cells, then of the first */
    uint16_t *of_gates;         /* (T, B, G) bf16: gradients of the products with states */
    uint16_t *of_inputs;        /* GRU: (T, B, G) bf16, gradients of the products with inputs */
    float *of_first;            /* (B, H) the gradient of the first states by their products */
};

/* A matrix (rows, columns) as `multiply` of bf16.h reads it: blocks of `block` rows, 64 at most,
   the last one narrower, in them pairs of columns, in them the rows. There are whole 16 rows and
   whole pairs. A row and a column are `down` and `along` numbers apart: a transposed matrix is
   packed as it lies. */
void seqkit_pack_bf16(const uint16_t *matrix, int64_t rows, int64_t columns, int64_t down,
                      int64_t along, int64_t block, uint16_t *packed)
{
    for (int64_t first = 0; first < rows; first += block) {
        int64_t rest = rows - first;
        int64_t count = rest < block ? rest : block;
        for (int64_t column = 0; column < columns; column += 2) {
            const uint16_t *from = matrix + first * down + column * along;
            for (int64_t row = 0; row < count; row++) {
                *packed++ = from[row * down];
                *packed++ = from[row * down + along];
            }
        }
    }
}

/* Whether the compiler has products of bf16 numbers; clang 16 crashes at them. */
#if !defined(__x86_64__)
#define HAS_BF16 0
#elif defined(__clang__)
#define HAS_BF16 (__clang_major__ >= 10 && __clang_major__ != 16)
#else
#define HAS_BF16 (__GNUC__ >= 10)
#endif

#if HAS_BF16

#define INSTRUCTIONS AVX512
#include "vectors.h"
#include "bf16.h"
#include "tiles.h"

enum { MOST_ROWS = 2 * TILE };

int seqkit_has_bf16(void)
{
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
}

/* Whether this processor has tiles, and this process may use them. */
int seqkit_has_tiles(void)
{
    return has_tiles();
}

/* Rows that are multiplied at once. */
INLINE int64_t rows_of_block(const struct layer *layer)
{
    return layer->tiles ? MOST_ROWS : BLOCK;
}

INLINE void multiply_rows(const struct layer *layer, int64_t rows, int64_t count,
                          const uint16_t *x, const struct weights *weights,
                          vector sums[MOST_ROWS][VECTORS])
{
    if (layer->tiles)
        multiply_by_tiles(rows, count, x, weights, sums);
    else
        multiply(rows, count, x, weights, sums);
}

/* A sigmoid in 16 bits: bf16 is coarse near 1, where the gradient goes by 1 less the sigmoid. */
INLINE void save(uint16_t *to, vector x)
{
    __m512i words = _mm512_cvtps_epi32((__m512)(x * 65535.0f));
    _mm256_storeu_si256((__m256i *)to, _mm512_cvtepi32_epi16(words));
}

INLINE vector saved(const uint16_t *from)
{
    __m512i words = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)from));
    return (vector)_mm512_cvtepi32_ps(words) * (1.0f / 65535.0f);
}

/* Products with inputs, and biases. */
INLINE vector with_bias(const uint16_t *inputs, const float *biases)
{
    return from_bf16(inputs) + NAME(load)(biases);
}

/* Forward */

/* What a step makes of the sums of one sequence and 16 units; `at` is their place among states. */
INLINE void lstm_forward(const struct layer *layer, int64_t at, int64_t unit, const vector *sums)
{
    const uint16_t *inputs = layer->inputs + LSTM * at;
    const float *biases = layer->biases + LSTM * unit;
    uint16_t *gates = layer->saved + SAVED * at;
    int64_t next = at + layer->batch * layer->units;

    vector let_in = NAME(sigmoid)(sums[0] + with_bias(inputs, biases));
    vector forget = NAME(sigmoid)(sums[1] + with_bias(inputs + UNITS, biases + UNITS));
    vector sum = sums[2] + with_bias(inputs + 2 * UNITS, biases + 2 * UNITS);
    vector half = NAME(sigmoid)(2.0f * sum);
    vector let_out = NAME(sigmoid)(sums[3] + with_bias(inputs + 3 * UNITS, biases + 3 * UNITS));
    save(gates, let_in);
    save(gates + UNITS, forget);
    save(gates + 2 * UNITS, half);
    save(gates + 3 * UNITS, let_out);

    vector new = 2.0f * half - 1.0f; /* its hyperbolic tangent */
    vector cell = MULTIPLY_ADD(forget, NAME(load)(layer->cells + at), let_in * new);
    NAME(store)(layer->cells + next, cell);
    vector shown = 2.0f * NAME(sigmoid)(2.0f * cell) - 1.0f;
    to_bf16(layer->states + next, let_out * shown);
}

INLINE void gru_forward(const struct layer *layer, int64_t at, int64_t unit, const vector *sums)
{
    const uint16_t *inputs = layer->inputs + GRU * at;
    const float *biases = layer->biases + SAVED * unit;
    uint16_t *gates = layer->saved + SAVED * at;
    int64_t next = at + layer->batch * layer->units;

    vector reset = NAME(sigmoid)(sums[0] + with_bias(inputs, biases));
    vector update = NAME(sigmoid)(sums[1] + with_bias(inputs + UNITS, biases + UNITS));
    vector remembered = sums[2] + NAME(load)(biases + 3 * UNITS);
    vector sum = with_bias(inputs + 2 * UNITS, biases + 2 * UNITS);
    vector half = NAME(sigmoid)(2.0f * MULTIPLY_ADD(reset, remembered, sum));
    save(gates, reset);
    save(gates + UNITS, update);
    save(gates + 2 * UNITS, half);
    to_bf16(gates + 3 * UNITS, remembered);

    vector new = 2.0f * half - 1.0f;
    vector state = MULTIPLY_ADD(update, NAME(load)(layer->cells + at) - new, new);
    NAME(store)(layer->cells + next, state);
    to_bf16(layer->states + next, state);
}

/* Sequences from one to another; others can be computed at the same time. */
INLINE void forward(const int gates, const struct layer *layer, int64_t from, int64_t to)
{
    int64_t units = layer->units;
    int64_t block = rows_of_block(layer);
    vector sums[MOST_ROWS][VECTORS];

    for (int64_t step = 0; step < layer->steps; step++) {
        struct weights weights = {layer->weights, units};
        for (int64_t unit = 0; unit < units; unit += UNITS) {
            for (int64_t row = from; row < to; row += block) {
                int64_t rows = to - row < block ? to - row : block;
                int64_t states = (step * layer->batch + row) * units;
                int64_t at = states + unit;
                fetch(layer->inputs + gates * at, rows, 2 * gates * units, 2 * gates * UNITS);
                fetch(layer->saved + SAVED * at, rows, 2 * SAVED * units, 2 * SAVED * UNITS);
                fetch(layer->cells + at, rows, 4 * units, 4 * UNITS);

                multiply_rows(layer, rows, gates, layer->states + states, &weights, sums);
                for (int64_t r = 0; r < rows; r++)
                    if (gates == LSTM)
                        lstm_forward(layer, at + r * units, unit, sums[r]);
                    else
                        gru_forward(layer, at + r * units, unit, sums[r]);
            }
            weights.packed += gates * UNITS * units;
        }
    }
    if (layer->tiles)
        leave_tiles();
}

TARGET void seqkit_lstm_forward(const struct layer *layer, int64_t from, int64_t to)
{
    forward(LSTM, layer, from, to);
}

TARGET void seqkit_gru_forward(const struct layer *layer, int64_t from, int64_t to)
{
    forward(GRU, layer, from, to);
}

/* Backward */

/* The gradients that a step passes on, of one sequence and 16 units; `of_state` comes from the steps
   after it. `at` is their place among states, `cell` among the cells of a step. */
INLINE void lstm_backward(const struct layer *layer, int64_t at, int64_t cell, vector of_state)
{
    const uint16_t *gates = layer->saved + SAVED * at;
    uint16_t *of_gates = layer->of_gates + LSTM * at;
    int64_t next = at + layer->batch * layer->units;

    vector let_in = saved(gates);
    vector forget = saved(gates + UNITS);
    vector new = 2.0f * saved(gates + 2 * UNITS) - 1.0f;
    vector let_out = saved(gates + 3 * UNITS);
    vector before = NAME(load)(layer->cells + at);
    vector shown = 2.0f * NAME(sigmoid)(2.0f * NAME(load)(layer->cells + next)) - 1.0f;

    of_state += from_bf16(layer->of_outputs + at);
    vector of_cell = of_state * let_out * (1.0f - shown * shown);
    of_cell += NAME(load)(layer->of_cells + cell);
    NAME(store)(layer->of_cells + cell, of_cell * forget);

    to_bf16(of_gates, of_cell * new * let_in * (1.0f - let_in));
    to_bf16(of_gates + UNITS, of_cell * before * forget * (1.0f - forget));
    to_bf16(of_gates + 2 * UNITS, of_cell * let_in * (1.0f - new * new));
    to_bf16(of_gates + 3 * UNITS, of_state * shown * let_out * (1.0f - let_out));
}

INLINE void gru_backward(const struct layer *layer, int64_t at, int64_t cell, vector of_state)
{
    const uint16_t *gates = layer->saved + SAVED * at;
    uint16_t *of_gates = layer->of_gates + GRU * at;
    uint16_t *of_inputs = layer->of_inputs + GRU * at;

    vector reset = saved(gates);
    vector update = saved(gates + UNITS);
    vector new = 2.0f * saved(gates + 2 * UNITS) - 1.0f;
    vector remembered = from_bf16(gates + 3 * UNITS);
    vector before = NAME(load)(layer->cells + at);

    of_state += from_bf16(layer->of_outputs + at) + NAME(load)(layer->of_cells + cell);
    NAME(store)(layer->of_cells + cell, of_state * update);

    vector of_update = of_state * (before - new) * update * (1.0f - update);
    vector of_new = of_state * (1.0f - update) * (1.0f - new * new);
    vector of_reset = of_new * remembered * reset * (1.0f - reset);
    to_bf16(of_gates, of_reset);
    to_bf16(of_gates + UNITS, of_update);
    to_bf16(of_gates + 2 * UNITS, of_new * reset);
    to_bf16(of_inputs, of_reset);
    to_bf16(of_inputs + UNITS, of_update);
    to_bf16(of_inputs + 2 * UNITS, of_new);
}

/* Some rows and `count` vectors of units of a step. Before the first one there are no gates: the
   sums are the gradient of the first states. */
INLINE void back_to(const int gates, const struct layer *layer, int64_t step, int64_t row,
                    int64_t rows, int64_t unit, int64_t count, vector sums[MOST_ROWS][VECTORS])
{
    for (int64_t r = 0; r < rows; r++)
        for (int64_t v = 0; v < count; v++) {
            int64_t cell = (row + r) * layer->units + unit + v * UNITS;
            int64_t at = step * layer->batch * layer->units + cell;
            if (step < 0)
                NAME(store)(layer->of_first + cell, sums[r][v]);
            else if (gates == LSTM)
                lstm_backward(layer, at, cell, sums[r][v]);
            else
                gru_backward(layer, at, cell, sums[r][v]);
        }
}

/* Sequences from one to another; others can be computed at the same time. */
INLINE void backward(const int gates, const struct layer *layer, int64_t from, int64_t to)
{
    int64_t units = layer->units;
    int64_t block = rows_of_block(layer);
    vector sums[MOST_ROWS][VECTORS];
    memset(sums, 0, sizeof sums);

    for (int64_t step = layer->steps - 1; step >= -1; step--) {
        struct weights weights = {layer->weights, gates * units};
        for (int64_t unit = 0; unit < units; unit += VECTORS * UNITS) {
            int64_t rest = (units - unit) / UNITS;
            int64_t count = rest < VECTORS ? rest : VECTORS;
            for (int64_t row = from; row < to; row += block) {
                int64_t rows = to - row < block ? to - row : block;
                int64_t states = (step * layer->batch + row) * units;
                int64_t at = states + unit;
                if (step >= 0) {
                    fetch(layer->saved + SAVED * at, rows, 2 * SAVED * units,
                          2 * SAVED * UNITS * count);
                    fetch(layer->cells + at, rows, 4 * units, 4 * UNITS * count);
                }
                if (step < layer->steps - 1) {
                    int64_t after = gates * (states + layer->batch * units);
                    multiply_rows(layer, rows, count, layer->of_gates + after, &weights, sums);
                }
                back_to(gates, layer, step, row, rows, unit, count, sums);
            }
            weights.packed += count * UNITS * gates * units;
        }
    }
    if (layer->tiles)
        leave_tiles();
}

TARGET void seqkit_lstm_backward(const struct layer *layer, int64_t from, int64_t to)
{
    backward(LSTM, layer, from, to);
}

TARGET void seqkit_gru_backward(const struct layer *layer, int64_t from, int64_t to)
{
    backward(GRU, layer, from, to);
}

#else

int seqkit_has_bf16(void)
{
    return 0;
}

int seqkit_has_tiles(void)
{
    return 0;
}

#define ABSENT(name)                                              \
    void name(const struct layer *layer, int64_t from, int64_t to) \
    {                                                             \
        (void)layer, (void)from, (void)to;                        \
    }

ABSENT(seqkit_lstm_forward)
ABSENT(seqkit_lstm_backward)
ABSENT(seqkit_gru_forward)
ABSENT(seqkit_gru_backward)

#endif
