// From argv to the command that runs. Everything of the program but main itself, so that tests can
// link it.
#ifndef CLI_DISPATCH_H
#define CLI_DISPATCH_H

// Returns the exit code; may end the program for --help, --version and mistakes, as argp does.
int dispatch(int argc, char **argv);

#endif
