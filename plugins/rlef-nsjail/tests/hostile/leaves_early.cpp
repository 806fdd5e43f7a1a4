// task: sum
// expect: wrong_answer
// tries: to end well before main
#include <unistd.h>
struct Early { Early() { _exit(0); } } early;
int main() {}
