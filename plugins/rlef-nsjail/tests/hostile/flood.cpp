// task: sum
// expect: output_limit
// tries: to write for ever
#include <unistd.h>
static char block[65536];
int main() { while (write(1, block, sizeof block) > 0) {} }
