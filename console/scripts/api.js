// Makes of the snapshot that the control plane's tests compare its description with: `src/api/openapi.d.ts`, the types of the
// REST API, and `src/api/settings.json`, what each setting takes, from which the form of the settings is made.
import { readFile, writeFile } from 'node:fs/promises';
import { load } from 'js-yaml';
import openapi, { astToString } from 'openapi-typescript';
import { fields } from './settings.js';

const snapshot = new URL('../../control-plane/tests/it/snapshots/it__openapi__openapi.snap', import.meta.url);

// A snapshot begins with where it comes from, between two lines of dashes; the description follows.
const text = await readFile(snapshot, 'utf8');
const description = text.slice(text.indexOf('\n---\n') + '\n---\n'.length);
await write('openapi.d.ts', astToString(await openapi(description, { alphabetize: true, defaultNonNullable: false })));
await write('settings.json', `${JSON.stringify(fields(load(description)), null, 1)}\n`);

/** Writes what has changed: a file that is newer than it is new makes others build again. */
async function write(name, made) {
  const path = new URL(`../src/api/${name}`, import.meta.url);
  const known = await readFile(path, 'utf8').catch(() => '');
  if (made !== known) await writeFile(path, made);
}
