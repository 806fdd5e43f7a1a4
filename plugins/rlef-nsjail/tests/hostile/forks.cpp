// task: sum
// expect: runtime_error
// expect(multiprocess): accepted (the child is killed)
// tries: to leave a child behind
#include <iostream>
#include <unistd.h>
int main() {
    long long total = 0, number;
    while (std::cin >> number) total += number;
    std::cout << total << std::endl;
    int child = fork();
    if (child == 0) { setsid(); sleep(1000); _exit(0); }
    return child < 0;
}
