// task: sum
// expect: accepted (it answers only where the calls are refused)
// tries: to make forbidden calls by machine code of its own
#include <cstdlib>
#include <cstdio>
static long call(long number, long a, long b, long c) {
    long result;
    asm volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
    return result;
}
int main() {
    long reached = 0, total = 0, number;
    long forked = call(57, 0, 0, 0);
    if (forked == 0) _Exit(1);
    reached += forked > 0;
    reached += call(41, 2, 1, 0) >= 0;        // socket
    reached += call(101, 16, 1, 0) >= 0;      // ptrace
    reached += call(62, 1, 0, 0) >= 0;        // kill
    reached += call(161, (long)"/", 0, 0) >= 0;  // chroot
    reached += call(272, 1 << 28, 0, 0) >= 0;    // unshare
    reached += call(302, 1, 7, 0) >= 0;          // prlimit64 of the harness
    while (std::scanf("%lld", &number) == 1) total += number;
    if (reached) std::printf("reached %ld\n", reached);
    else std::printf("%lld\n", total);
}
