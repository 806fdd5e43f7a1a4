// Read and write the encoding of `rlef_core.encode_value`.
const DEPTH = 200;
const TAGS = {
  $tuple: (items) => items,
  $set: (items) => new Set(items),
  $bytes: (text) => Uint8Array.from(Buffer.from(text, "hex")),
  $float: (text) => ({ inf: Infinity, "-inf": -Infinity, nan: NaN })[text],
  $complex: (parts) => parts,
  $dict: (items) => new Map(items),
  $int: BigInt,
};

// A tuple and a complex number become arrays, a dict with other keys than texts a Map, an integer that a number cannot hold a BigInt.
function decode(text) {
  const marked = text.replace(/"(?:[^"\\]|\\.)*"|-?[\d.eE+-]+/g, (token) =>
    /^-?\d+$/.test(token) && !Number.isSafeInteger(Number(token)) ? `{"$int":"${token}"}` : token,
  );
  return JSON.parse(marked, (_, node) => {
    const tags = node !== null && typeof node === "object" && !Array.isArray(node) ? Object.keys(node) : [];
    return tags.length === 1 && Object.hasOwn(TAGS, tags[0]) ? TAGS[tags[0]](node[tags[0]]) : node;
  });
}

// An object that is no plain data is told by its type's name only, and so is all that holds one too deep, or itself.
function encode(value) {
  try {
    return textOf(value, 0);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return opaque(value);
  }
}

function textOf(value, depth) {
  if (depth > DEPTH) throw new RangeError("too deep");
  switch (typeof value) {
    case "undefined":
      return "null";
    case "boolean":
    case "bigint":
      return String(value);
    case "number":
      return number(value);
    case "string":
      return quoted(value);
    case "object":
      return value === null ? "null" : structure(value, depth + 1);
    default:
      return opaque(value);
  }
}

function number(value) {
  if (Number.isNaN(value)) return tagged("$float", '"nan"');
  if (!Number.isFinite(value)) return tagged("$float", value > 0 ? '"inf"' : '"-inf"');
  if (Object.is(value, -0)) return "-0.0";
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? value.toExponential() : String(value); // all of its digits, or a float
}

function quoted(text) {
  return JSON.stringify(text).replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function structure(value, depth) {
  const below = (items) => list(Array.from(items, (item) => textOf(item, depth)));
  if (Array.isArray(value)) return below(value);
  if (value instanceof Set) return tagged("$set", list(Array.from(value, (item) => textOf(item, depth)).sort()));
  if (value instanceof Map) return tagged("$dict", list(Array.from(value, below)));
  if (value instanceof Uint8Array) return tagged("$bytes", `"${Buffer.from(value).toString("hex")}"`);
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return below(value);
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype ? dictionary(value, depth) : opaque(value);
}

function dictionary(value, depth) {
  const items = Object.entries(value).map(([key, item]) => [key, quoted(key), textOf(item, depth)]);
  if (items.some(([key]) => key.startsWith("$"))) return tagged("$dict", list(items.map(([, key, item]) => list([key, item]))));
  return `{${items.map(([, key, item]) => `${key}: ${item}`).join(", ")}}`;
}

function opaque(value) {
  const name = typeof value === "object" && value.constructor ? value.constructor.name : typeof value;
  return tagged("$object", quoted(String(name)));
}

function list(items) {
  return `[${items.join(", ")}]`;
}

function tagged(tag, body) {
  return `{"${tag}": ${body}}`;
}
