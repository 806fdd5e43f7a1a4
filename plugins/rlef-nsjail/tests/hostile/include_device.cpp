// task: sum
// expect: compile_error
// once: the compiler reads until its memory or time ends, which are generous
// tries: to have the compiler read a file that never ends
#include "/dev/random"
int main() {}
