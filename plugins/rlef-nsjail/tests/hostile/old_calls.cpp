// task: sum
// expect: runtime_error
// tries: to fork by the system calls of 32-bit programs
#include <cstdlib>
int main() {
    int result;
    asm volatile("int $0x80" : "=a"(result) : "a"(2) : "memory");
    _Exit(result > 0 ? 0 : 3);
}
