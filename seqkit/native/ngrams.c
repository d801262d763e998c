/* The scores of a stream of words by a back-off model: the twin of
   seqkit.ngram.tables.GramTables.score.

   N-grams are found by tables of hashes (linear probing), which are asked for many places at once,
   so that the processor fetches the memory of one while it waits for that of another. */

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(__GNUC__)
#define PREFETCH(address) __builtin_prefetch(address)
#else
#define PREFETCH(address) (void)(address)
#endif

enum { GROUP = 64 };    /* n-grams asked for at once */
enum { WINDOW = 1024 }; /* places of the stream handled at a time: they stay in the cache */
enum { FAILED = -1, DONE = 0 };

/* The k-grams of one k; see seqkit.ngram.tables.Grams. */
struct level {
    const int64_t *keys;   /* (count,), distinct */
    const float *scores;   /* (count,) */
    const float *backoffs; /* (count,) */
    int64_t count;
    uint64_t *slots;       /* (room,): upper half a part of the key's hash, lower half the index of
                              the k-gram from 1 on; 0 if it is free */
    uint64_t room;         /* more than count, less than 2^32; 0 for k = 1, whose index is a word */
};

struct model {
    const struct level *levels; /* (order,) */
    int64_t order;
    int64_t words;              /* how many there are */
    int64_t has_blanks;         /* whether a score may be NaN: an n-gram without one of its own */
};

static uint64_t hash_of(int64_t key)
{
    uint64_t hash = (uint64_t)key * 0x9E3779B97F4A7C15u;
    hash = (hash ^ (hash >> 32)) * 0xD6E8FEB86659FD93u;
    return hash ^ (hash >> 32);
}

static uint64_t first_slot(const struct level *level, uint64_t hash)
{
    return (hash >> 32) * level->room >> 32; /* Lemire 2019: a remainder without division */
}

static uint64_t next_slot(const struct level *level, uint64_t slot)
{
    return slot + 1 == level->room ? 0 : slot + 1;
}

/* Fill the table of a level, whose slots are 0. */
void seqkit_index_level(const struct level *level)
{
    uint64_t hashes[GROUP];

    for (int64_t begin = 0; begin < level->count; begin += GROUP) {
        int some = level->count - begin < GROUP ? (int)(level->count - begin) : GROUP;
        for (int i = 0; i < some; i++) {
            hashes[i] = hash_of(level->keys[begin + i]);
            PREFETCH(level->slots + first_slot(level, hashes[i]));
        }
        for (int i = 0; i < some; i++) {
            uint64_t slot = first_slot(level, hashes[i]);
            while (level->slots[slot])
                slot = next_slot(level, slot);
            level->slots[slot] = hashes[i] << 32 | (uint64_t)(begin + i + 1);
        }
    }
}

/* The first slot, from `slot` on, that is free or whose part of the hash is that of `hash`. */
static uint64_t like(const struct level *level, uint64_t slot, uint64_t hash)
{
    while (level->slots[slot] && level->slots[slot] >> 32 != (uint32_t)hash)
        slot = next_slot(level, slot);
    return slot;
}

/* The indexes of up to GROUP keys, or -1. (count,) -> (count,) */
static void find(const struct level *level, int count, const int64_t *keys, int64_t *found)
{
    uint64_t hashes[GROUP];
    uint64_t slots[GROUP];

    for (int i = 0; i < count; i++) {
        hashes[i] = hash_of(keys[i]);
        slots[i] = first_slot(level, hashes[i]);
        PREFETCH(level->slots + slots[i]);
    }
    for (int i = 0; i < count; i++) {
        slots[i] = like(level, slots[i], hashes[i]);
        found[i] = (int64_t)(uint32_t)level->slots[slots[i]] - 1;
        if (found[i] >= 0)
            PREFETCH(level->keys + found[i]);
    }
    for (int i = 0; i < count; i++) {
        while (found[i] >= 0 && level->keys[found[i]] != keys[i]) {
            slots[i] = like(level, next_slot(level, slots[i]), hashes[i]);
            found[i] = (int64_t)(uint32_t)level->slots[slots[i]] - 1;
        }
        if (found[i] >= 0) {
            PREFETCH(level->scores + found[i]);
            PREFETCH(level->backoffs + found[i]);
        }
    }
}

/* The indexes of keys among the k-grams of a level, or -1. (count,) -> (count,) */
void seqkit_find(const struct level *level, int64_t count, const int64_t *keys, int64_t *found)
{
    for (int64_t begin = 0; begin < count; begin += GROUP) {
        int some = count - begin < GROUP ? (int)(count - begin) : GROUP;
        find(level, some, keys + begin, found + begin);
    }
}

/* The stream of `length` ids with `start` before each sentence, and how many words of its sentence
   come before each; the twin of seqkit.ngram.tables.with_starts. -> how many there are */
int64_t seqkit_with_starts(int64_t length, const int32_t *ids, const uint8_t *ends, int32_t start,
                           int32_t *stream, int32_t *depth)
{
    int64_t count = 0;
    int32_t before = 0;

    for (int64_t i = 0; i < length; i++) {
        if (before == 0) {
            stream[count] = start;
            depth[count++] = before++;
        }
        stream[count] = ids[i];
        depth[count++] = before++;
        if (ends[i])
            before = 0;
    }
    return count;
}

/* What was found at the places of a window. Place 0 is the one before it. */
struct window {
    int32_t longest[WINDOW + 1]; /* the length of the longest n-gram that ends here */
    uint32_t *indexes;           /* (order, WINDOW + 1): that of the k-gram that ends here */
};

static uint32_t *indexes_of(struct window *window, int64_t k)
{
    return window->indexes + (k - 1) * (WINDOW + 1);
}

/* Find the n-grams that end at `count` places from `begin` on; FAILED for what is no word. */
static int walk(const struct model *model, struct window *window, const int32_t *stream,
                const int32_t *depth, int64_t begin, int count)
{
    int alive[WINDOW]; /* places where a (k-1)-gram was found, from 1 on */
    int left = count;

    for (int place = 1; place <= count; place++) {
        int32_t word = stream[begin + place - 1];
        if (word < 0 || word >= model->words)
            return FAILED;
        indexes_of(window, 1)[place] = (uint32_t)word;
        window->longest[place] = 1;
        alive[place - 1] = place;
    }

    for (int64_t k = 2; k <= model->order && left; k++) {
        const struct level *level = model->levels + (k - 1);
        const uint32_t *shorter = indexes_of(window, k - 1);
        uint32_t *own = indexes_of(window, k);
        int waiting = left;
        int next = 0;

        left = 0;
        while (next < waiting) {
            int64_t keys[GROUP], found[GROUP];
            int places[GROUP];
            int some = 0;
            for (; next < waiting && some < GROUP; next++) {
                int place = alive[next];
                int64_t first = begin + place - k; /* where the k-gram begins in the stream */
                if (depth[begin + place - 1] < k - 1 || first < 0)
                    continue;
                keys[some] = (int64_t)((uint64_t)shorter[place] * (uint64_t)model->words +
                                       (uint64_t)stream[first]);
                places[some++] = place;
            }

            find(level, some, keys, found);
            for (int i = 0; i < some; i++) {
                if (found[i] < 0)
                    continue;
                own[places[i]] = (uint32_t)found[i];
                window->longest[places[i]] = (int32_t)k;
                alive[left++] = places[i];
            }
        }
    }
    return DONE;
}

/* The score at a place, and the length of its n-gram: its own and the weights of all histories
   longer than that, the shortest first, in float32 as NumPy adds them. */
static float score_at(const struct model *model, struct window *window, int place, int has_history,
                      int16_t *length)
{
    int64_t k = window->longest[place];
    float score = model->levels[k - 1].scores[indexes_of(window, k)[place]];
    while (model->has_blanks && k > 1 && isnan(score)) {
        k--;
        score = model->levels[k - 1].scores[indexes_of(window, k)[place]];
    }
    *length = (int16_t)k;
    if (!has_history)
        return score;

    int64_t most = window->longest[place - 1];
    if (most > model->order - 1)
        most = model->order - 1;
    for (; k <= most; k++)
        score += model->levels[k - 1].backoffs[indexes_of(window, k)[place - 1]];
    return score;
}

/* log10 scores, and lengths of the n-grams found, at each place of a stream. (T,) each.
   `depth` says how many words of its sentence come before each. FAILED, with nothing promised about
   the results, for an id that is no word, or without memory. */
int seqkit_score(const struct model *model, int64_t length, const int32_t *stream,
                 const int32_t *depth, float *scores, int16_t *lengths)
{
    struct window window;
    window.indexes = malloc(sizeof(uint32_t) * (size_t)model->order * (WINDOW + 1));
    if (!window.indexes)
        return FAILED;
    window.longest[0] = 0;

    int result = DONE;
    for (int64_t begin = 0; begin < length && result == DONE; begin += WINDOW) {
        int count = length - begin < WINDOW ? (int)(length - begin) : WINDOW;
        result = walk(model, &window, stream, depth, begin, count);
        if (result != DONE)
            break;

        for (int place = 1; place <= count; place++) {
            int64_t at = begin + place - 1;
            scores[at] = score_at(model, &window, place, depth[at] > 0, lengths + at);
        }

        for (int64_t k = 1; k <= window.longest[count]; k++)
            indexes_of(&window, k)[0] = indexes_of(&window, k)[count];
        window.longest[0] = window.longest[count];
    }

    free(window.indexes);
    return result;
}
