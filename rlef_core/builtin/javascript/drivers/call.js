// Driver of calls: calls the program's function and writes the value as data; who asked compares it.
answer(async (request) => {
  if (request.setup) evaluate(request.setup, "setup.js");
  return encode(await evaluate(request.function, "call.js")(...request.arguments));
});
