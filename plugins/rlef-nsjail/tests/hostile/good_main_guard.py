# task: sum
# expect: accepted
# tries: nothing: a main function behind the usual guard
import sys


def main(argv: list[str]) -> int:
    print(sum(int(word) for line in sys.stdin for word in line.split()))
    return len(argv) - 1


if __name__ == "__main__":
    sys.exit(main(sys.argv))
