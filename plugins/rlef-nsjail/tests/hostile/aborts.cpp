// task: sum
// expect: runtime_error
// tries: to end by an exception, with the right answer given
#include <iostream>
int main() {
    long long total = 0, number;
    while (std::cin >> number) total += number;
    std::cout << total << std::endl;
    throw "away";
}
