# task: sum
# limits: cpu_seconds=2 wall_seconds=6
# expect: runtime_error
# expect(multiprocess): accepted
# tries: nothing: a pool of processes, which one profile has and the other has not
from concurrent.futures import ProcessPoolExecutor

if __name__ == "__main__":
    with ProcessPoolExecutor(2) as pool:
        print(sum(pool.map(int, input().split())))
