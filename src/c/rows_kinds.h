/* What each member of the gated family leaves out: mirrors lstm_music/cells/gated.py. */
#ifndef LM_ROWS_KINDS_H
#define LM_ROWS_KINDS_H

enum {
    LM_I_IS_ONE = 1,
    LM_F_IS_ONE = 2,
    LM_O_IS_ONE = 4,
    LM_I_IS_REST = 8,  /* i = 1 - f */
    LM_F_IS_REST = 16, /* f = 1 - i */
    LM_O_IS_REST = 0,  /* no cell has that */
    LM_G_IS_LINEAR = 32,
    LM_H_IS_LINEAR = 64,
    LM_PEEPHOLES = 128
};

/* (C name, kind); rows_impl.inc gives each its name in the cell registry. Each is also built with
 * LM_H_IS_LINEAR, as name_linear. */
#define LM_GATED_CELLS(CELL)                                                                   \
    CELL(lstm, 0)                                                                              \
    CELL(lstm_1997, LM_F_IS_ONE)                                                               \
    CELL(coupled, LM_I_IS_REST)                                                                \
    CELL(peephole, LM_PEEPHOLES)                                                               \
    CELL(nig, LM_PEEPHOLES | LM_I_IS_ONE)                                                      \
    CELL(nog, LM_PEEPHOLES | LM_O_IS_ONE)                                                      \
    CELL(nfg, LM_PEEPHOLES | LM_F_IS_ONE)                                                      \
    CELL(niaf, LM_PEEPHOLES | LM_G_IS_LINEAR)                                                  \
    CELL(cifg, LM_PEEPHOLES | LM_F_IS_REST)

#endif
