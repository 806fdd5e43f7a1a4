// task: sum
// expect: compile_error
// tries: to keep the compiler busy for ever
template <int N> struct Twice { static constexpr int value = Twice<N + 1>::value + Twice<N + 2>::value; };
int main() { return Twice<0>::value; }
