// task: sum
// limits: cpu_seconds=0.3 wall_seconds=2
// expect: wrong_answer|runtime_error|time_limit (whether a compiled program may run itself again is the filter's choice)
// tries: to run itself for ever, which starts every clock anew
#include <unistd.h>
int main(int, char** words) { return execv(words[0], words) == 0; }
