// task: sum
// expect: compile_error
// tries: to have the compiler read a file that never ends
#include "/dev/random"
int main() {}
