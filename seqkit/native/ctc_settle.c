/* The second call for a frame of CTC prefix beam search (see ctc.c): what was found to grow grows,
   and the best hypotheses are kept. */

#include "ctc.h"

static const double USUAL_LENGTH = 6.0; /* letters; see lexicon.py */

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
