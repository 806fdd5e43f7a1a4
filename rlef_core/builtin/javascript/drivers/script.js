// Driver of scripts: runs assertions in the program's scope and writes the token if all held, also those of callbacks and promises.
let failure = null;
console.assert = (held, ...words) => {
  if (held) return;
  failure = new Error(["assertion failed", ...words.map(String)].join(": "));
  Error.captureStackTrace(failure, console.assert);
  throw failure; // and is remembered, for the program or the script may catch it
};
answer(async (request) => {
  evaluate(request.code, "script.js");
  await new Promise((resolve) => process.once("beforeExit", resolve));
  if (failure !== null) throw failure;
  return String(request.token);
});
