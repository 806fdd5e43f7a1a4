// task: sum
// expect: compile_error
// tries: not to compile
int main() { return "text" }
