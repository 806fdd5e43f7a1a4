// Frame of scripts: the program, then assertions with a `main` of their own. What stands first uses no header, so that none helps or
// harms the program, whose macros must not reach it. The program has neither standard input nor standard output.
namespace rlef_script {
extern "C" long rlef_script_read(int, void *, unsigned long) __asm__("read");
extern "C" long rlef_script_write(int, const void *, unsigned long) __asm__("write");
extern "C" int rlef_script_open(const char *, int, ...) __asm__("open");
extern "C" int rlef_script_dup(int) __asm__("dup");
extern "C" int rlef_script_dup2(int, int) __asm__("dup2");
extern "C" [[noreturn]] void rlef_script_end(int) __asm__("_exit");

struct Streams {
  int told;
  long length = 0;
  char token[256];
  Streams() {
    for (long count = 1; count > 0; length += count > 0 ? count : 0)
      count = rlef_script_read(0, token + length, sizeof token - length);
    told = rlef_script_dup(1);
    int nothing = rlef_script_open("/dev/null", 2);
    rlef_script_dup2(nothing, 0);
    rlef_script_dup2(nothing, 1);
  }
};
static Streams streams;

// Its constructor runs the script after all other globals are made. It calls the script's own `main`, which is renamed by nobody because
// only a function of that name may end without a return.
struct Script {
  explicit Script(int (*script)()) { tell(script()); }
  template <class Word>
  explicit Script(int (*script)(int, Word **)) {
    Word name[] = {0}, *words[] = {name, nullptr};
    tell(script(1, words));
  }
  static void tell(int code) {
    if (code == 0) rlef_script_write(streams.told, streams.token, streams.length);
    rlef_script_end(code);
  }
};
}  // namespace rlef_script

#define main program_main
#line 1 "program.cpp"
{source}
#undef main
#line 1 "script.cpp"
{code}
#line 1 "frame.cpp"
static rlef_script::Script rlef_script_run(main);
