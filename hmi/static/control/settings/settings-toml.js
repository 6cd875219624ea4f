/** The lines of a TOML text as fields of a form: values that stand on one line; all else stays text. Pure. */

/** @typedef {{key: string, line: number, value: string | number | boolean}} Field */
/** @typedef {{title: string, fields: Field[]}} Block */

const HEADER = /^\s*(\[{1,2}[^\]]+\]{1,2})/;
const LINE = /^(\s*([A-Za-z0-9_-]+)\s*=\s*)("(?:[^"\\]|\\.)*"|-?\d+|true|false)(\s*(?:#.*)?)$/;

/**
 * @param {string} text
 * @returns {Block[]}
 */
export function blocks(text) {
  /** @type {Block[]} */
  const found = [{title: '', fields: []}];
  text.split('\n').forEach((written, line) => {
    const header = HEADER.exec(written);
    const field = LINE.exec(written);
    if (header) found.push({title: header[1], fields: []});
    else if (field) found[found.length - 1].fields.push({key: field[2], line, value: JSON.parse(field[3])});
  });
  return found;
}

/**
 * Put another value into its line; what stands around it stays.
 * @param {string} text
 * @param {Field} field
 * @param {string | boolean} value
 */
export function replaced(text, field, value) {
  const lines = text.split('\n');
  const parts = LINE.exec(lines[field.line] ?? '');
  if (!parts || parts[2] !== field.key) return text;
  const plain = typeof field.value === 'number' ? String(Math.trunc(Number(value))) : JSON.stringify(value);
  lines[field.line] = `${parts[1]}${plain}${parts[4]}`;
  return lines.join('\n');
}
