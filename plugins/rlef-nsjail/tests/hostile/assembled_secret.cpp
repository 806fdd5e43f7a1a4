// task: sum
// expect: compile_error
// tries: to have the assembler put a file of the host into the program
asm(".section .rodata\nsecret: .incbin \"/etc/shadow\"\n.byte 0\n.text");
int main() {}
