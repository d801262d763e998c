/* A frame of CTC prefix beam search: the twin of seqkit.search.ctc.beam.Beam.advance, on the same
   tables; see there, and spellings.py, for what they hold.

   A frame is two calls: `look` finds what may grow, and names the words whose score the language
   model has to give first; `settle` grows it, and keeps the best. */

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
static const double USUAL_LENGTH = 6.0;               /* letters; see lexicon.py */

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

static double add(double a, double b)
{
    if (a == b)
        return a + 0.69314718055994530942; /* log 2; -inf stays */
    double difference = a - b;
    if (difference > 0)
        return a + log1p(exp(-difference));
    return b + log1p(exp(difference));
}

static int64_t walk(const struct trie *trie, int64_t state, int64_t letter)
{
    if (state == OFF)
        return OFF;
    int64_t wanted = state * trie->letters + letter;
    int64_t low = 0;
    int64_t high = trie->size;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (trie->keys[middle] < wanted)
            low = middle + 1;
        else
            high = middle;
    }
    return trie->keys[low] == wanted ? low + 1 : OFF;
}

static uint64_t slot_of(const struct search *s, int64_t key)
{
    uint64_t slot = ((uint64_t)key * ODD >> 20) & s->mask;
    const int64_t *keys = s->numbers + KEY * s->capacity;
    while (s->slots[slot] && keys[s->slots[slot] - 1] != key)
        slot = (slot + 1) & s->mask;
    return slot;
}

/* Put all spellings into the table of keys, whose slots are 0. */
void seqkit_ctc_index(struct search *s)
{
    for (int64_t row = 0; row < s->spellings; row++)
        s->slots[slot_of(s, s->numbers[KEY * s->capacity + row])] = row + 1;
}

static int64_t add_path(struct search *s, int64_t hypothesis, int64_t token, int64_t begin)
{
    int64_t row = s->path_count++;
    s->paths[PATH_BEFORE * s->path_room + row] = s->now[PATH * s->room + hypothesis];
    s->paths[PATH_TOKEN * s->path_room + row] = token;
    s->paths[PATH_BEGIN * s->path_room + row] = begin;
    s->paths[PATH_END * s->path_room + row] = s->now[END * s->room + hypothesis];
    return row;
}

/* Every spelling with every likely token more: `grown` (G, K), `leader` (G,), `group`. -> G */
static int64_t grow(struct search *s, int64_t likely, const double *logs)
{
    const int64_t *spelling = s->now + SPELLING * s->room;
    const int64_t *last = s->now + LAST * s->room;
    int64_t groups = 0;

    for (int64_t b = 0; b < s->count; b++) {
        int64_t g = s->group[spelling[b]];
        int is_first = g == NOWHERE;
        if (is_first) {
            g = s->group[spelling[b]] = groups++;
            s->leader[g] = b;
        } else if (s->total[b] >= s->total[s->leader[g]]) {
            s->leader[g] = b;
        }

        int64_t own = s->column[last[b]];
        for (int64_t j = 0; j < likely; j++) {
            double log = (j == own ? s->logs[BLANK * s->room + b] : s->total[b]) + logs[j];
            double *held = s->grown + g * likely + j;
            *held = is_first ? log : add(*held, log);
        }
    }
    return groups;
}

/* The hypotheses after the blank, or their last token again, into `next`; what has grown into one
   of them is taken from `grown`. -> the best score of them */
static double stay(struct search *s, double blank, int64_t begin, int64_t end, int64_t likely,
                   const double *logs)
{
    double best = -INFINITY;

    for (int64_t b = 0; b < s->count; b++) {
        int64_t token = s->now[LAST * s->room + b];
        int64_t own = s->column[token];
        double quiet = s->total[b] + blank;
        double spoken = own == NOWHERE ? -INFINITY : s->logs[SPOKEN * s->room + b] + logs[own];
        for (int row = SPELLING; row <= END; row++)
            s->next[row * s->room + b] = s->now[row * s->room + b];
        if (spoken > quiet)
            s->next[END * s->room + b] = end;

        int64_t origin = s->now[ORIGIN * s->room + b];
        int64_t g = own == NOWHERE || origin == NOWHERE ? NOWHERE : s->group[origin];
        if (g != NOWHERE) {
            double added = s->grown[g * likely + own];
            s->grown[g * likely + own] = -INFINITY;
            if (added > (quiet > spoken ? quiet : spoken)) {
                s->next[PATH * s->room + b] = add_path(s, s->leader[g], token, begin);
                s->next[END * s->room + b] = end;
            }
            spoken = add(spoken, added);
        }

        s->next_logs[BLANK * s->room + b] = quiet;
        s->next_logs[SPOKEN * s->room + b] = spoken;
        int64_t spelling = s->now[SPELLING * s->room + b];
        s->rank[b] = add(quiet, spoken) + s->scores[SCORE * s->capacity + spelling];
        if (s->rank[b] > best)
            best = s->rank[b];
    }
    return best;
}

/* The candidates of a frame, from K likely labels. -> how many entries of `pending` to close */
int64_t seqkit_ctc_look(struct search *s, double blank, int64_t begin, int64_t end, int64_t likely,
                        const int64_t *tokens, const double *logs)
{
    s->candidates = 0;
    for (int64_t b = 0; b < s->count; b++)
        s->total[b] = add(s->logs[BLANK * s->room + b], s->logs[SPOKEN * s->room + b]);
    for (int64_t j = 0; j < likely; j++)
        s->column[tokens[j]] = j;

    int64_t groups = grow(s, likely, logs);
    double best = stay(s, blank, begin, end, likely, logs);
    double least = best + s->loss - s->gain;
    if (!(least > LOWEST))
        least = LOWEST;

    int64_t waiting = 0;
    for (int64_t g = 0; g < groups; g++) {
        int64_t spelling = s->now[SPELLING * s->room + s->leader[g]];
        int is_listed = 0;
        for (int64_t j = 0; j < likely; j++) {
            int64_t worth = s->ends_word[tokens[j]] ? CLOSED : WHOLE;
            double log = s->grown[g * likely + j];
            if (!(log + s->scores[worth * s->capacity + spelling] >= least))
                continue;
            int64_t n = s->candidates++;
            s->grows[n] = s->leader[g];
            s->grows[s->room + n] = tokens[j];
            s->grows_log[n] = log;
            if (worth == CLOSED && !is_listed &&
                s->numbers[AFTER * s->capacity + spelling] == PENDING) {
                s->pending[waiting++] = spelling;
                is_listed = 1;
            }
        }
    }

    for (int64_t b = 0; b < s->count; b++)
        s->group[s->now[SPELLING * s->room + b]] = NOWHERE;
    for (int64_t j = 0; j < likely; j++)
        s->column[tokens[j]] = NOWHERE;
    return waiting;
}

/* A spelling with a token more, as a row of the table that it may become. */
struct growth {
    int64_t history, word, hot, length, key;
    double whole, score;
};

static struct growth grown_by(const struct search *s, int64_t spelling, int64_t token)
{
    const int64_t *numbers = s->numbers + spelling;
    const double *scores = s->scores + spelling;
    struct growth made = {
        numbers[HISTORY * s->capacity], numbers[WORD * s->capacity], numbers[HOT * s->capacity],
        numbers[LENGTH * s->capacity],  numbers[KEY * s->capacity],  scores[WHOLE * s->capacity],
        0.0,
    };

    if (s->ends_word[token]) {
        made.history = numbers[AFTER * s->capacity];
        made.key = (int64_t)((uint64_t)made.history * ODD);
        made.word = ROOT;
        made.hot = ROOT;
        made.length = 0;
        made.whole = scores[CLOSED * s->capacity];
    }
    made.length += s->lengths[token];
    for (int64_t i = 0; i < s->longest && s->spelled[token * s->longest + i] >= 0; i++) {
        int64_t letter = s->spelled[token * s->longest + i];
        made.key = (int64_t)((uint64_t)made.key * ODD) ^ s->letter_keys[letter];
        if (s->words.size)
            made.word = walk(&s->words, made.word, letter);
        if (s->hotwords.size)
            made.hot = walk(&s->hotwords, made.hot, letter);
    }

    double begun = 0.0;
    if (s->words.size && made.word == OFF) {
        double share = (double)made.length / USUAL_LENGTH;
        begun = s->penalty * (share > 1.0 ? share : 1.0);
    }
    if (s->hotwords.size && made.hot != OFF && made.length > 0)
        begun = s->gains[made.hot];
    made.score = made.whole + begun;
    return made;
}

/* The number of a spelling, a new one if it is not in the table. */
static int64_t number_of(struct search *s, const struct growth *made, int64_t before, int64_t token)
{
    uint64_t slot = slot_of(s, made->key);
    if (s->slots[slot])
        return s->slots[slot] - 1;

    int64_t row = s->spellings++;
    s->slots[slot] = row + 1;
    double most = made->whole + s->bonus;
    if (s->words.size && (made->word == OFF || !s->is_word[made->word]))
        most += s->unknown;
    int is_empty = made->length == 0;

    int64_t *numbers = s->numbers + row;
    numbers[HISTORY * s->capacity] = made->history;
    numbers[WORD * s->capacity] = made->word;
    numbers[HOT * s->capacity] = made->hot;
    numbers[LENGTH * s->capacity] = made->length;
    numbers[KEY * s->capacity] = made->key;
    numbers[AFTER * s->capacity] = is_empty ? made->history : isinf(most) ? NOWHERE : PENDING;
    numbers[BEFORE * s->capacity] = before;
    numbers[TOKEN * s->capacity] = token;
    s->scores[WHOLE * s->capacity + row] = made->whole;
    s->scores[SCORE * s->capacity + row] = made->score;
    s->scores[CLOSED * s->capacity + row] = is_empty ? made->whole : most;
    return row;
}

static int descending(const void *a, const void *b)
{
    double first = *(const double *)a;
    double second = *(const double *)b;
    return (first < second) - (first > second);
}

/* The least of the ranks (n,) that stay, and how many of those that are equal to it do. */
static double least_kept(struct search *s, int64_t n, double least, int64_t *equals)
{
    int64_t kept = 0;
    for (int64_t i = 0; i < n; i++)
        if (s->rank[i] >= least)
            s->sorted[kept++] = s->rank[i];
    *equals = kept;
    if (kept <= s->beam)
        return least;

    qsort(s->sorted, (size_t)kept, sizeof(double), descending);
    double limit = s->sorted[s->beam - 1];
    *equals = 0;
    for (int64_t i = s->beam - 1; i >= 0 && s->sorted[i] == limit; i--)
        ++*equals;
    return limit;
}

static void copy_hypothesis(struct search *s, int64_t from, int64_t to)
{
    for (int row = SPELLING; row <= END; row++)
        s->next[row * s->room + to] = s->next[row * s->room + from];
    s->next_logs[BLANK * s->room + to] = s->next_logs[BLANK * s->room + from];
    s->next_logs[SPOKEN * s->room + to] = s->next_logs[SPOKEN * s->room + from];
}

/* Make one of hypotheses of `next` that are the same: several delimiters in a row are as one. */
static int64_t merged(struct search *s, int64_t count)
{
    int64_t *spelling = s->next + SPELLING * s->room;
    int64_t *last = s->next + LAST * s->room;
    int64_t *same = s->grows; /* the one before of the same spelling: candidates are used up */
    int64_t kept = 0;

    for (int64_t i = 0; i < count; i++) {
        double *blank = s->next_logs + BLANK * s->room;
        double *spoken = s->next_logs + SPOKEN * s->room;
        double total = add(blank[i], spoken[i]);
        int64_t first = s->group[spelling[i]];
        while (first != NOWHERE && last[first] != last[i])
            first = same[first];
        if (first == NOWHERE) {
            copy_hypothesis(s, i, kept);
            s->total[kept] = total;
            same[kept] = s->group[spelling[kept]];
            s->group[spelling[kept]] = kept;
            kept++;
            continue;
        }

        if (total >= s->total[first]) {
            s->total[first] = total;
            for (int row = ORIGIN; row <= END; row++)
                s->next[row * s->room + first] = s->next[row * s->room + i];
        }
        blank[first] = add(blank[first], blank[i]);
        spoken[first] = add(spoken[first], spoken[i]);
    }

    for (int64_t i = 0; i < kept; i++)
        s->group[spelling[i]] = NOWHERE;
    return kept;
}

/* Keep the best of what stayed and what has grown: they are `now` afterwards.
   -> how many, or NEVER_POSSIBLE if all have the probability 0 */
int64_t seqkit_ctc_settle(struct search *s, int64_t begin, int64_t end)
{
    int64_t all = s->count + s->candidates;
    int ends_words = 0;
    double best = -INFINITY;
    for (int64_t n = 0; n < s->candidates; n++) {
        int64_t spelling = s->now[SPELLING * s->room + s->grows[n]];
        int64_t token = s->grows[s->room + n];
        s->rank[s->count + n] = s->grows_log[n] + grown_by(s, spelling, token).score;
        ends_words |= s->ends_word[token] != 0;
    }
    for (int64_t i = 0; i < all; i++)
        if (s->rank[i] > best)
            best = s->rank[i];
    if (best == -INFINITY)
        return NEVER_POSSIBLE;

    double least = best + s->loss;
    int64_t equals;
    least = least_kept(s, all, least > LOWEST ? least : LOWEST, &equals);

    int64_t kept = 0;
    for (int64_t i = 0; i < all; i++) {
        if (!(s->rank[i] >= least) || (s->rank[i] == least && equals-- <= 0))
            continue;
        int64_t to = kept++;
        if (i < s->count) {
            copy_hypothesis(s, i, to);
            continue;
        }

        int64_t row = s->grows[i - s->count];
        int64_t token = s->grows[s->room + i - s->count];
        int64_t spelling = s->now[SPELLING * s->room + row];
        struct growth made = grown_by(s, spelling, token);
        s->next[SPELLING * s->room + to] = number_of(s, &made, spelling, token);
        s->next[LAST * s->room + to] = token;
        s->next[ORIGIN * s->room + to] = spelling;
        s->next[PATH * s->room + to] = add_path(s, row, token, begin);
        s->next[END * s->room + to] = end;
        s->next_logs[BLANK * s->room + to] = -INFINITY;
        s->next_logs[SPOKEN * s->room + to] = s->grows_log[i - s->count];
    }
    if (ends_words)
        kept = merged(s, kept);

    int64_t *now = s->now;
    double *logs = s->logs;
    s->now = s->next;
    s->logs = s->next_logs;
    s->next = now;
    s->next_logs = logs;
    s->count = kept;
    return kept;
}
