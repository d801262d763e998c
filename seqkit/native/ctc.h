/* What both calls for a frame of CTC prefix beam search work on; see ctc.c. */

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

/* Rows of the arrays of whole numbers and of scores, as in spellings.py, paths.py and beam.py. */
enum { HISTORY, WORD, HOT, LENGTH, KEY, AFTER, BEFORE, TOKEN };
enum { WHOLE, SCORE, CLOSED };
enum { PATH_BEFORE, PATH_TOKEN, PATH_BEGIN, PATH_END };
enum { SPELLING, LAST, ORIGIN, PATH, END };
enum { BLANK, SPOKEN };
enum { ROOT = 0, OFF = -1, NOWHERE = -1, PENDING = -2 };
enum { NEVER_POSSIBLE = -1 };

static const uint64_t ODD = 0x9E3779B97F4A7C15u;
static const double LOWEST = -1.7976931348623157e308; /* of all finite numbers */

struct trie {
    const int64_t *keys; /* (size + 1,) ascending, the last one larger than any asked for */
    int64_t size;        /* 0 where there is no trie */
    int64_t letters;
};

struct search {
    int64_t labels;
    const int64_t *ends_word;   /* (labels,) */
    const int64_t *spelled;     /* (labels, longest), then -1 */
    const int64_t *lengths;     /* (labels,) */
    int64_t longest;
    const int64_t *letter_keys;

    struct trie words;
    const uint8_t *is_word;     /* by state of `words` */
    double penalty, unknown, bonus;
    struct trie hotwords;
    const double *gains;        /* by state of `hotwords` */

    int64_t beam;
    double loss, gain;

    int64_t *numbers;           /* (8, capacity) */
    double *scores;             /* (3, capacity) */
    int64_t capacity, spellings;
    int64_t *slots;             /* (mask + 1,) by key: the number of a spelling from 1 on, or 0 */
    uint64_t mask;
    int64_t *group;             /* (capacity,) all NOWHERE between calls */
    int64_t *column;            /* (labels,) likewise */

    int64_t *paths;             /* (4, path_room) */
    int64_t path_room, path_count;

    int64_t room, count;        /* hypotheses */
    int64_t *now;               /* (5, room) */
    double *logs;               /* (2, room) */
    int64_t *next;              /* (5, room) */
    double *next_logs;          /* (2, room) */
    double *total;              /* (room,) */
    double *rank;               /* (room,) */
    double *sorted;             /* (room,) */
    int64_t *leader;            /* (room,) */
    double *grown;              /* (room,) */
    int64_t *grows;             /* (2, room): the hypothesis before a candidate, and its token */
    double *grows_log;          /* (room,) */
    int64_t candidates;
    int64_t *pending;           /* (room,) spellings whose last word is to be scored */
};

static inline double add(double a, double b)
{
    if (a == b)
        return a + 0.69314718055994530942; /* log 2; -inf stays */
    double difference = a - b;
    if (difference > 0)
        return a + log1p(exp(-difference));
    return b + log1p(exp(difference));
}

static inline uint64_t slot_of(const struct search *s, int64_t key)
{
    uint64_t slot = ((uint64_t)key * ODD >> 20) & s->mask;
    const int64_t *keys = s->numbers + KEY * s->capacity;
    while (s->slots[slot] && keys[s->slots[slot] - 1] != key)
        slot = (slot + 1) & s->mask;
    return slot;
}

static inline int64_t add_path(struct search *s, int64_t hypothesis, int64_t token, int64_t begin)
{
    int64_t row = s->path_count++;
    s->paths[PATH_BEFORE * s->path_room + row] = s->now[PATH * s->room + hypothesis];
    s->paths[PATH_TOKEN * s->path_room + row] = token;
    s->paths[PATH_BEGIN * s->path_room + row] = begin;
    s->paths[PATH_END * s->path_room + row] = s->now[END * s->room + hypothesis];
    return row;
}
