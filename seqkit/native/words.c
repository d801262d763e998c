/* The ids of the words of a text: the twin of seqkit.ngram.text.Vocabulary.encode.

   A table of hashes (linear probing, a power of two of slots): a slot holds the upper half of a
   word's hash and its number from 1 on, or 0 if it is free. Words are compared byte by byte. */

#include <stdint.h>
#include <string.h>

enum { UNKNOWN = -1, END_OF_LINE = 2 };

struct words {
    const uint8_t *text;    /* all words, one after the other */
    const int64_t *offsets; /* (W + 1,) where each begins in it */
    const int32_t *ids;     /* (W,) */
    int64_t count;          /* W */
    uint64_t *slots;        /* (mask + 1,) */
    uint64_t mask;
};

static const uint8_t is_space[256] = {
    ['\0'] = 1, [' '] = 1, ['\t'] = 1, ['\n'] = 1, ['\v'] = 1, ['\f'] = 1, ['\r'] = 1,
};

static uint64_t hash_of(const uint8_t *word, int64_t length)
{
    const uint64_t odd = 0x9E3779B97F4A7C15u; /* 2^64 / golden ratio */
    uint64_t hash = (uint64_t)length * odd;
    uint64_t part;

    for (; length >= 8; word += 8, length -= 8) {
        memcpy(&part, word, 8);
        hash = (hash ^ part) * odd;
        hash ^= hash >> 32;
    }

    part = 0;
    for (int64_t i = 0; i < length; i++)
        part |= (uint64_t)word[i] << (8 * i);
    hash = (hash ^ part) * odd;
    return hash ^ (hash >> 32);
}

/* The slot of a word, or the free one where it belongs. */
static uint64_t slot_of(const struct words *words, const uint8_t *word, int64_t length)
{
    uint64_t hash = hash_of(word, length);
    uint64_t slot = hash & words->mask;

    for (; words->slots[slot]; slot = (slot + 1) & words->mask) {
        uint64_t held = words->slots[slot];
        if (held >> 32 != hash >> 32)
            continue;
        int64_t number = (int64_t)(uint32_t)held - 1;
        int64_t begin = words->offsets[number];
        if (words->offsets[number + 1] - begin != length)
            continue;
        if (memcmp(words->text + begin, word, (size_t)length) == 0)
            break;
    }
    return slot;
}

/* Put all words into the table, whose slots are 0; of a word that is there twice, the last. */
void seqkit_index_words(const struct words *words)
{
    for (int64_t number = 0; number < words->count; number++) {
        const uint8_t *word = words->text + words->offsets[number];
        int64_t length = words->offsets[number + 1] - words->offsets[number];
        uint64_t upper = hash_of(word, length) >> 32;
        words->slots[slot_of(words, word, length)] = upper << 32 | (uint64_t)(number + 1);
    }
}

/* The ids of the words of a block and 2 for each line end, and where lines end.
   -> how many; `ids` and `ends` have room for `size` of them */
int64_t seqkit_encode(const struct words *words, const uint8_t *block, int64_t size, int32_t *ids,
                      uint8_t *ends)
{
    int64_t count = 0;
    int64_t place = 0;

    while (place < size) {
        if (is_space[block[place]]) {
            if (block[place] == '\n') {
                ids[count] = END_OF_LINE;
                ends[count++] = 1;
            }
            place++;
            continue;
        }

        int64_t begin = place;
        while (place < size && !is_space[block[place]])
            place++;
        uint64_t held = words->slots[slot_of(words, block + begin, place - begin)];
        ids[count] = held ? words->ids[(uint32_t)held - 1] : UNKNOWN;
        ends[count++] = 0;
    }
    return count;
}
