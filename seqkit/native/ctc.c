/* A frame of CTC prefix beam search: the twin of seqkit.search.ctc.beam.Beam.advance, on the same
   tables; see there, and spellings.py, for what they hold.

   A frame is two calls: `look` finds what may grow, and names the words whose score the language
   model has to give first; `settle` (ctc_settle.c) grows it, and keeps the best. */

#include "ctc.h"

/* Put all spellings into the table of keys, whose slots are 0. */
void seqkit_ctc_index(struct search *s)
{
    for (int64_t row = 0; row < s->spellings; row++)
        s->slots[slot_of(s, s->numbers[KEY * s->capacity + row])] = row + 1;
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
