// Makes `src/api/openapi.d.ts`, the types of the REST API, of the snapshot that the control plane's tests compare its description with.
import { readFile, writeFile } from 'node:fs/promises';
import openapi, { astToString } from 'openapi-typescript';

const snapshot = new URL('../../control-plane/tests/it/snapshots/it__openapi__openapi.snap', import.meta.url);
const types = new URL('../src/api/openapi.d.ts', import.meta.url);

// A snapshot begins with where it comes from, between two lines of dashes; the description follows.
const text = await readFile(snapshot, 'utf8');
const description = text.slice(text.indexOf('\n---\n') + '\n---\n'.length);
const made = astToString(await openapi(description, { alphabetize: true, defaultNonNullable: false }));
const known = await readFile(types, 'utf8').catch(() => '');
if (made !== known) await writeFile(types, made);
