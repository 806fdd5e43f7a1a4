# task: sum
# limits: cpu_seconds=2 wall_seconds=6
# expect: accepted
# tries: nothing: an event loop with threads
import asyncio


async def main():
    line = await asyncio.to_thread(input)
    results = await asyncio.gather(*(asyncio.sleep(0.01, int(word)) for word in line.split()))
    print(sum(results))


asyncio.run(main())
