// task: sum
// expect: runtime_error
// tries: to recurse without an end
static int deeper(volatile int* last) { volatile int here = *last + 1; return deeper(&here) + here; }
int main() { volatile int zero = 0; return deeper(&zero); }
