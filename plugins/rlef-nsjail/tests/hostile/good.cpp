// task: sum
// expect: accepted
// tries: nothing
#include <bits/stdc++.h>
int main() {
    std::ios::sync_with_stdio(false);
    std::vector<long long> numbers{std::istream_iterator<long long>(std::cin), {}};
    std::cout << std::accumulate(numbers.begin(), numbers.end(), 0LL) << '\n';
}
