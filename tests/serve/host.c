/* A program with Python inside, as a DAW has it: runs a script several times.

   host same|sub|again SCRIPT TIMES

   same: in one interpreter; sub: each time in a new sub-interpreter; again: each time in an
   interpreter that is started anew. The status is the number of runs that failed. */
#include <Python.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int run(const char *script)
{
    FILE *file = fopen(script, "rb");
    if (file == NULL)
        return 1;
    PyObject *scope = PyDict_New();
    PyDict_SetItemString(scope, "__builtins__", PyEval_GetBuiltins());
    PyObject *done = PyRun_FileEx(file, script, Py_file_input, scope, scope, 1);
    if (done == NULL)
        PyErr_Print();
    int failed = done == NULL;
    Py_XDECREF(done);
    Py_DECREF(scope);
    return failed;
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 99;
    int failed = 0, times = atoi(argv[3]);
    const char *mode = argv[1];
    Py_InitializeEx(0);
    for (int i = 0; i < times; i++) {
        if (strcmp(mode, "sub") == 0) {
            PyThreadState *main_state = PyThreadState_Get();
            PyThreadState *own = Py_NewInterpreter();
            failed += run(argv[2]);
            Py_EndInterpreter(own);
            PyThreadState_Swap(main_state);
        } else {
            failed += run(argv[2]);
            if (strcmp(mode, "again") == 0 && i + 1 < times) {
                failed += Py_FinalizeEx() != 0;
                Py_InitializeEx(0);
            }
        }
    }
    failed += Py_FinalizeEx() != 0;
    return failed;
}
