// task: sum
// expect: memory_limit
// tries: to take memory and use it until something gives
#include <vector>
int main() {
    std::vector<std::vector<char>> blocks;
    for (;;) blocks.emplace_back(1 << 20, 'x');
}
