#include "rows.h"

#include <string.h>

#include "levels.h"

extern const lm_rows lm_rows_base[], lm_rows_v3[], lm_rows_v4[];
extern const lm_maps lm_maps_base, lm_maps_v3, lm_maps_v4;

const lm_rows *lm_rows_of(int level, const char *name) {
    const lm_rows(*table)[] = LM_PICK(lm_rows, level);
    for (const lm_rows *row = table ? *table : 0; row && row->name; row++)
        if (strcmp(row->name, name) == 0)
            return row;
    return 0;
}

const lm_maps *lm_maps_of(int level) { return LM_PICK(lm_maps, level); }
