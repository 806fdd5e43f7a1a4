# task: sum
# limits: cpu_seconds=2 wall_seconds=6
# expect: runtime_error
# expect(multiprocess): accepted
# tries: nothing: a process with a lock, a queue and a shared value
import multiprocessing


def work(numbers, value, queue):
    with value.get_lock():
        value.value += sum(numbers)
    queue.put("done")


if __name__ == "__main__":
    context = multiprocessing.get_context("fork")
    value, queue = context.Value("q", 0), context.Queue()
    process = context.Process(target=work, args=(list(map(int, input().split())), value, queue))
    process.start()
    assert queue.get() == "done"
    process.join()
    print(value.value)
