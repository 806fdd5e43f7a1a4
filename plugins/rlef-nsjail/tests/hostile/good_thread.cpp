// task: sum
// expect: accepted
// tries: nothing: a thread and deep recursion
#include <iostream>
#include <thread>
static long long depth(long long n) { volatile char block[64] = {}; return n == 0 ? block[0] : 1 + depth(n - 1); }
int main() {
    long long total = 0, number;
    std::thread reader([&] { while (std::cin >> number) total += number; });
    reader.join();
    std::cout << total + depth(20000) - 20000 << '\n';
}
