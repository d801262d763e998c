/* Products of bf16 numbers by tiles (AMX: 16 rows of 64 bytes), several times as fast as those of
   bf16.h, of the same packed weights; included after it. */

/* Whether the compiler has them, and the system is one that this file knows how to ask for them. */
#if !defined(__linux__)
#define HAS_TILES 0
#elif defined(__clang__)
#define HAS_TILES (__clang_major__ >= 12)
#else
#define HAS_TILES (__GNUC__ >= 11)
#endif

enum { TILE = 16 }; /* rows, and floats of a row */

#if HAS_TILES

#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    REQUEST_PERMISSION = 0x1023, /* ARCH_REQ_XCOMP_PERM of Linux' asm/prctl.h */
    TILE_DATA = 18,              /* the state that it is asked for */
    TILE_BF16 = 1 << 22,         /* in CPUID 7, EDX */
    TILES = 1 << 24
};

/* Whether processor and system have tiles. The permission is one of the whole process. */
static int has_tiles(void)
{
    unsigned a, b, c, d;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(d & TILE_BF16) || !(d & TILES))
        return 0;
    return syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA) == 0;
}

#define TILE_TARGET __attribute__((target("amx-tile,amx-bf16,avx512f")))

/* As the processor reads it. */
struct shapes {
    uint8_t palette, start, reserved[14];
    uint16_t bytes[16]; /* of a row */
    uint8_t rows[16];
};

/* Tiles 0 and 1 are sums of the first rows, 2 and 3 of the last ones. Of 32 columns, rows are in
   tile 4 and weights in 5; of 16 that are left at the end, in 6 and 7. */
static TILE_TARGET void set_shapes(uint8_t rows)
{
    struct shapes shapes = {
        .palette = 1,
        .bytes = {64, 64, 64, 64, 64, 64, 32, 64},
        .rows = {rows, rows, rows, rows, rows, TILE, rows, TILE / 2},
    };
    /* The compiler does not know what instructions for tiles read of memory. */
    __asm__ volatile("" : : "r"(&shapes) : "memory");
    _tile_loadconfig(&shapes);
}

/* Add the products of some columns of rows with one or two vectors of weights. */
#define ADD(of_rows, of_weights)                                    \
    do {                                                            \
        _tile_loadd(of_rows, first, row_bytes);                     \
        _tile_loadd(of_weights, packed, pair_bytes);                \
        _tile_dpbf16ps(0, of_rows, of_weights);                     \
        if (is_two) {                                               \
            _tile_loadd(of_weights, packed + 2 * TILE, pair_bytes); \
            _tile_dpbf16ps(1, of_rows, of_weights);                 \
        }                                                           \
        if (last == first)                                          \
            break;                                                  \
                                                                    \
        _tile_loadd(of_rows, last, row_bytes);                      \
        if (is_two) {                                               \
            _tile_dpbf16ps(3, of_rows, of_weights);                 \
            _tile_loadd(of_weights, packed, pair_bytes);            \
        }                                                           \
        _tile_dpbf16ps(2, of_rows, of_weights);                     \
    } while (0)

/* The same as `multiply`, of up to 32 rows: two tiles, which overlap if the number is odd. */
static TILE_TARGET void multiply_by_tiles(int64_t rows, int64_t count, const uint16_t *x,
                                          const struct weights *weights, vector sums[][VECTORS])
{
    int64_t columns = weights->columns;
    int64_t of_tile = rows > TILE ? (rows + 1) / 2 : rows;
    int64_t row_bytes = 2 * columns, pair_bytes = 64 * count, sum_bytes = sizeof sums[0];
    set_shapes((uint8_t)of_tile);

    for (int64_t v = 0; v < count; v += 2) {
        int is_two = v + 1 < count;
        const uint16_t *first = x, *last = x + (rows - of_tile) * columns;
        const uint16_t *packed = weights->packed + 2 * TILE * v;
        int64_t i = 0;
        _tile_zero(0);
        _tile_zero(1);
        _tile_zero(2);
        _tile_zero(3);

        for (; i + 2 * TILE <= columns; i += 2 * TILE) {
            ADD(4, 5);
            first += 2 * TILE;
            last += 2 * TILE;
            packed += TILE * TILE * 2 * count;
        }
        if (i < columns)
            ADD(6, 7);

        _tile_stored(0, &sums[0][v], sum_bytes);
        if (is_two)
            _tile_stored(1, &sums[0][v + 1], sum_bytes);
        if (rows > TILE)
            _tile_stored(2, &sums[rows - of_tile][v], sum_bytes);
        if (rows > TILE && is_two)
            _tile_stored(3, &sums[rows - of_tile][v + 1], sum_bytes);
    }
}

/* Let the processor do without their contents. */
static TILE_TARGET void leave_tiles(void)
{
    _tile_release();
}

#undef ADD

#else

static int has_tiles(void)
{
    return 0;
}

static void multiply_by_tiles(int64_t rows, int64_t count, const uint16_t *x,
                              const struct weights *weights, vector sums[][VECTORS])
{
    (void)rows, (void)count, (void)x, (void)weights, (void)sums;
}

static void leave_tiles(void)
{
}

#endif
