// task: sum
// expect: runtime_error|memory_limit|compile_error (what cannot be loaded fails in one of the three ways)
// tries: to be a program that cannot be started
#include <cstdio>
volatile char block[1L << 40];
int main(int count, char**) {
    block[count * 1000] = 1;
    std::printf("%d\n", block[count * 1000]);
}
