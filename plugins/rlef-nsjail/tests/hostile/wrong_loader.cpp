// task: sum
// expect: runtime_error|compile_error (what cannot be started fails in one of the two ways)
// tries: to be a program that the kernel refuses to start
asm(".section .interp, \"a\"\n.asciz \"/left-by-hostile/loader\"\n.space 8192\n.previous");
int main() {}
