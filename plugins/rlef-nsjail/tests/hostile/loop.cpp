// task: sum
// limits: cpu_seconds=0.3 wall_seconds=2
// expect: time_limit
// tries: to compute for ever
int main() { for (volatile int x = 0;; x = x + 1) {} }
