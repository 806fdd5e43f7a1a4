// task: sum
// expect: runtime_error
// expect(multiprocess): accepted (the child is killed)
// tries: to leave a child behind
#include <cstdio>
#include <unistd.h>
int main() {
    long long total = 0, number;
    while (std::scanf("%lld", &number) == 1) total += number;
    std::printf("%lld\n", total);
    std::fflush(stdout);
    int child = fork();
    if (child == 0) { setsid(); sleep(1000); _exit(0); }
    return child < 0;
}
