// task: sum
// expect: compile_error
// tries: to fill the disk by its binary
char block[1 << 30] = {1};
int main() { return block[5]; }
