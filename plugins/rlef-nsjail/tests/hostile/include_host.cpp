// task: sum
// expect: accepted (it answers only where the compiler sees nothing of the host)
// tries: to have the compiler read files of the host
#include <cstdio>
#if __has_include("/etc/gshadow") || __has_include("/etc/shadow") || __has_include("/proc/self/environ") || __has_include("/etc/hostname")
#define REACHED 1
#elif __has_include("/var/lib/dpkg/status") || __has_include("/proc/1/cmdline") || __has_include("/sys/kernel/version") || __has_include("/etc/hosts")
#define REACHED 1
#else
#define REACHED 0
#endif
int main() {
    long long total = REACHED, number;
    while (std::scanf("%lld", &number) == 1) total += number;
    std::printf("%lld\n", total);
}
