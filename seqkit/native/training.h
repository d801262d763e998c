/* All passes of training.c for one set of instructions, and for both types of numbers. */

#include "vectors.h"
#include "small.h"
#include "random.h"

#define NUMBERS FLOAT32
#include "numbers.h"
#include "loss.h"
#include "attention.h"
#include "dropout.h"
#undef NUMBERS

#define NUMBERS BFLOAT16
#include "numbers.h"
#include "loss.h"
#include "attention.h"
#include "dropout.h"
#undef NUMBERS
