// Bundles each library that the pages use into one ES module beside its licence, and lists the SHA-256 of
// both. `npm ci && npm run build` must give what is committed; Node is needed for this and for nothing else.
import {build} from 'esbuild';
import {createHash} from 'node:crypto';
import {readFileSync, writeFileSync} from 'node:fs';

const LIBRARIES = [
  {file: 'lit', packages: ['lit', 'lit-html', 'lit-element', '@lit/reactive-element']},
  {
    file: 'socket.io',
    packages: ['socket.io-client', 'socket.io-parser', 'engine.io-client', 'engine.io-parser', '@socket.io/component-emitter'],
  },
  {file: 'uplot', packages: ['uplot'], style: 'uplot/dist/uPlot.min.css'},
];

/** @param {string} name */
function described(name) {
  const {version, license} = JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8'));
  return `${name} ${version} (${license})`;
}

/** @param {string} name */
function licence(name) {
  return `${described(name)}\n\n${readFileSync(`node_modules/${name}/LICENSE`, 'utf8').trim()}\n`;
}

/** @param {string} file */
function hashed(file) {
  return `${createHash('sha256').update(readFileSync(`../${file}`)).digest('hex')}  ${file}\n`;
}

for (const {file, packages, style} of LIBRARIES) {
  await build({
    entryPoints: [`entries/${file}.js`],
    outfile: `../${file}.js`,
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    conditions: ['browser', 'production'],
    legalComments: 'none',
    banner: {js: `/* ${packages.map(described).join(', ')}: see ${file}.LICENCE.txt */`},
  });
  writeFileSync(`../${file}.LICENCE.txt`, packages.map(licence).join('\n----\n\n'));
  if (style) writeFileSync(`../${file}.css`, readFileSync(`node_modules/${style}`));
}
const files = LIBRARIES.flatMap(({file, style}) => [`${file}.js`, ...(style ? [`${file}.css`] : []), `${file}.LICENCE.txt`]);
writeFileSync('../SHA256SUMS', files.map(hashed).join(''));
