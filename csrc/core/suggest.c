#include "core/suggest.h"

#include <stdbool.h>
#include <string.h>

enum { LONGEST = 64, PREFIX_THAT_COUNTS = 3, FAR = LONGEST + 1 };

static unsigned char folded(char c)
{
  return (unsigned char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

static size_t smaller(size_t a, size_t b)
{
  return a < b ? a : b;
}

static bool swapped(const char *a, const char *b, size_t i, size_t j)
{
  return i > 1 && j > 1 && folded(a[i - 1]) == folded(b[j - 2]) &&
         folded(a[i - 2]) == folded(b[j - 1]);
}

/* Insertions, deletions, replacements and swaps of neighbours that lead from
 * `a` to `b`; upper and lower case are one. */
static size_t distance(const char *a, const char *b)
{
  size_t rows[3][LONGEST + 1];
  size_t a_len = strlen(a);
  size_t b_len = strlen(b);

  if (a_len > LONGEST || b_len > LONGEST)
    return FAR;
  for (size_t j = 0; j <= b_len; j++)
    rows[0][j] = j;
  for (size_t i = 1; i <= a_len; i++) {
    size_t *row = rows[i % 3];
    const size_t *above = rows[(i - 1) % 3];

    row[0] = i;
    for (size_t j = 1; j <= b_len; j++) {
      size_t same = folded(a[i - 1]) == folded(b[j - 1]) ? 0 : 1;

      row[j] =
          smaller(above[j - 1] + same, smaller(above[j] + 1, row[j - 1] + 1));
      if (swapped(a, b, i, j))
        row[j] = smaller(row[j], rows[(i + 1) % 3][j - 2] + 1);
    }
  }
  return rows[a_len % 3][b_len];
}

static bool shares_prefix(const char *a, const char *b)
{
  for (size_t i = 0; i < PREFIX_THAT_COUNTS; i++) {
    if (a[i] == '\0' || folded(a[i]) != folded(b[i]))
      return false;
  }
  return true;
}

const char *zpm_suggest(const char *word, const char *const *candidates,
                        size_t count)
{
  size_t len = strlen(word);
  size_t limit = len / 3 > 1 ? len / 3 : 1;
  size_t best_distance = FAR;
  const char *best = NULL;

  if (len == 0)
    return NULL;
  if (len == 1)
    limit = 0; /* every letter is one change away from every other */
  for (size_t i = 0; i < count; i++) {
    size_t d = distance(word, candidates[i]);

    if (d < best_distance &&
        (d <= limit || shares_prefix(word, candidates[i]))) {
      best_distance = d;
      best = candidates[i];
    }
  }
  return best;
}
