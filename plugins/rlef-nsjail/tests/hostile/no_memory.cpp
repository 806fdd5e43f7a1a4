// task: sum
// limits: memory_bytes=1000000
// expect: memory_limit|runtime_error|accepted (a program hardly starts in so little; whether it does, is the executor's measure)
// tries: nothing, with hardly any memory
#include <cstdio>
int main() {
    long long total = 0, number;
    while (std::scanf("%lld", &number) == 1) total += number;
    std::printf("%lld\n", total);
}
