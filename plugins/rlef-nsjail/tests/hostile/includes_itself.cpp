// task: sum
// expect: compile_error
// tries: to keep the preprocessor busy for ever
#include __FILE__
int main() {}
