/* All passes of training.c, for one type of numbers and one set of instructions. */

#include "numbers.h"
#include "loss.h"
#include "attention.h"
#include "dropout.h"
